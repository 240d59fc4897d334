//! Every interleaving of two and three threads over the hop.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use loom::future::block_on;
use loom::thread;

use super::Outlet;
use super::hop::{Hop, Room};
use super::ledger::{Look, Todo, lent};
use super::pair::hop;
use super::port::Port;
use crate::loom::{model, next, scope};
use crate::scope::{ChangeReason, Resize, Scope, TaskName, polling};

fn permits<T>(producers: usize, permits: usize, scope: &Scope) -> (Vec<Port<T>>, Outlet<T>) {
    let (_, ports, outlet) = resized(producers, permits, scope);
    (ports, outlet)
}

/// With the hop, whose size is changed.
fn resized<T>(producers: usize, permits: usize, scope: &Scope) -> (Arc<Hop<T>>, Vec<Port<T>>, Outlet<T>) {
    let (hop, outlet) = begun(producers, permits, scope);
    let ports = ports(&hop, producers, permits);
    (hop, ports, outlet)
}

/// Without its producers' ends.
fn begun<T>(producers: usize, permits: usize, scope: &Scope) -> (Arc<Hop<T>>, Outlet<T>) {
    with(producers, Room { one_task: false, steered: false, permits, weight: None }, scope)
}

fn with<T>(producers: usize, room: Room<T>, scope: &Scope) -> (Arc<Hop<T>>, Outlet<T>) {
    let name = TaskName::from("hop");
    hop(producers, room, name.clone(), scope.tally(name, crate::scope::About::default()), scope)
}

fn ports<T>(hop: &Arc<Hop<T>>, producers: usize, permits: usize) -> Vec<Port<T>> {
    let lent = lent(producers, permits, false);
    (0..producers).map(|index| Port::new(Arc::clone(hop), index, lent)).collect()
}

/// Claims permits as a worker does, unless it has some.
fn claim(port: &mut Port<u32>, cx: &mut Context<'_>, want: usize) -> Poll<()> {
    if port.permits() > 0 || port.claim_alone() { Poll::Ready(()) } else { port.poll_claim(cx, want) }
}

/// Waits as a task does whose input or future is pending, until there is something to do.
async fn hear(port: &mut Port<u32>, amid: bool) -> Todo {
    poll_fn(|cx| {
        port.rest(cx.waker());
        if !port.has_news() {
            return Poll::Pending;
        }
        match port.look(Look { amid, holds_back: false }) {
            Todo::GoOn => Poll::Pending,
            todo => Poll::Ready(todo),
        }
    })
    .await
}

#[test]
fn loom_hop_delivers_all_items_in_order_through_one_permit() {
    model(3, || {
        let scope = scope();
        let (mut ports, mut outlet) = permits::<u32>(1, 1, &scope);
        let mut port = ports.remove(0);
        let producer = thread::spawn(move || {
            block_on(async move {
                for item in 0..2 {
                    poll_fn(|cx| claim(&mut port, cx, 2)).await;
                    port.take_in();
                    port.push(item);
                }
                port.finish();
            });
        });
        let got = block_on(async {
            let mut got = Vec::new();
            while let Some(item) = next(&mut outlet).await {
                got.push(item);
            }
            got
        });
        assert_eq!(got, [0, 1]);
        producer.join().unwrap();
    });
}

#[test]
fn loom_hop_with_two_producers_loses_no_wake() {
    model(3, || {
        let scope = scope();
        let (ports, mut outlet) = permits::<u32>(2, 1, &scope);
        let producers: Vec<_> = ports
            .into_iter()
            .map(|mut port| {
                thread::spawn(move || {
                    block_on(async move {
                        poll_fn(|cx| claim(&mut port, cx, 1)).await;
                        port.take_in();
                        port.push(1);
                        port.finish();
                    });
                })
            })
            .collect();
        let sum = block_on(async {
            let mut sum = 0;
            while let Some(item) = next(&mut outlet).await {
                sum += item;
            }
            sum
        });
        assert_eq!(sum, 2);
        for producer in producers {
            producer.join().unwrap();
        }
    });
}

#[test]
fn loom_hop_tells_a_waiting_producer_that_the_consumer_went() {
    model(3, || {
        let scope = scope();
        let (mut ports, outlet) = permits::<u32>(1, 1, &scope);
        let mut port = ports.remove(0);
        let producer = thread::spawn(move || {
            // As a task does whose user future is pending.
            block_on(poll_fn(|cx| {
                port.rest(cx.waker());
                if port.is_closed() { Poll::Ready(()) } else { Poll::Pending }
            }));
        });
        drop(outlet);
        producer.join().unwrap();
    });
}

#[test]
fn loom_hop_puts_tickets_in_their_turn() {
    model(3, || {
        let scope = scope();
        let (ports, mut outlet) = permits::<u32>(2, 2, &scope);
        let producers: Vec<_> = ports
            .into_iter()
            .enumerate()
            .map(|(index, mut port)| {
                thread::spawn(move || {
                    block_on(async move {
                        poll_fn(|cx| claim(&mut port, cx, 1)).await;
                        port.take_in();
                        port.push_ticketed(index as u64, Some(index as u32));
                        port.finish();
                    });
                })
            })
            .collect();
        let got = block_on(async {
            let mut got = Vec::new();
            while let Some(item) = next(&mut outlet).await {
                got.push(item);
            }
            got
        });
        assert_eq!(got, [0, 1]);
        for producer in producers {
            producer.join().unwrap();
        }
    });
}

#[test]
fn loom_hop_gives_permits_back_when_the_consumer_gives_way() {
    model(3, || {
        let scope = scope();
        let (mut ports, mut outlet) = permits::<u32>(1, 1, &scope);
        let mut port = ports.remove(0);
        let producer = thread::spawn(move || {
            block_on(async move {
                for item in 0..3 {
                    poll_fn(|cx| claim(&mut port, cx, 1)).await;
                    port.take_in();
                    port.push(item);
                }
                port.finish();
            });
        });
        // As a task does: what it owes is given back at the end of each poll.
        let poll = |outlet: &mut Outlet<u32>, cx: &mut Context<'_>| {
            let frame = polling(&scope);
            let polled = Pin::new(outlet).poll_next(cx);
            drop(frame);
            polled
        };
        let got = block_on(async {
            let mut got = Vec::new();
            while let Some(item) = poll_fn(|cx| poll(&mut outlet, cx)).await {
                got.push(item);
            }
            got
        });
        assert_eq!(got, [0, 1, 2]);
        producer.join().unwrap();
    });
}

#[test]
fn loom_hop_pays_at_once_for_what_a_stream_takes_where_a_producer_waits() {
    model(3, || {
        let scope = scope();
        let (mut ports, mut outlet) = permits::<u32>(1, 2, &scope);
        let mut port = ports.remove(0);
        outlet.count_each();
        let producer = thread::spawn(move || {
            block_on(async move {
                for item in 0..4 {
                    poll_fn(|cx| claim(&mut port, cx, 1)).await;
                    port.take_in();
                    port.push(item);
                    port.put();
                }
                port.finish();
            });
        });
        block_on(async {
            for item in 0..2 {
                let taken = match outlet.take_at_hand() {
                    Some(item) => Some(item),
                    None => next(&mut outlet).await,
                };
                assert_eq!(taken, Some(item));
            }
        });
        // Who holds the stream does something else for as long as it likes: there is room for all four.
        producer.join().unwrap();
        drop(outlet);
    });
}

#[test]
fn loom_hop_tells_a_waiting_producer_that_there_are_to_be_more() {
    for amid in [false, true] {
        model(3, move || {
            let scope = scope();
            let (hop, mut ports, outlet) = resized::<u32>(1, 2, &scope);
            let mut port = ports.remove(0);
            let producer = thread::spawn(move || {
                block_on(async move {
                    let Todo::Spawn(places) = hear(&mut port, amid).await else {
                        panic!("there are to be more")
                    };
                    assert_eq!(places, [1]);
                    port.other(places[0]).finish();
                    port.finish();
                });
            });
            hop.resize(Some(2), None).unwrap();
            producer.join().unwrap();
            drop(outlet);
        });
    }
}

#[test]
fn loom_hop_lets_one_of_two_waiting_producers_go() {
    model(2, || {
        let scope = scope();
        let (hop, ports, outlet) = resized::<u32>(2, 4, &scope);
        let producers: Vec<_> = ports
            .into_iter()
            .map(|mut port| {
                thread::spawn(move || {
                    block_on(async move {
                        let todo = hear(&mut port, false).await;
                        port.finish();
                        matches!(todo, Todo::Leave)
                    })
                })
            })
            .collect();
        hop.resize(Some(1), None).unwrap();
        drop(outlet);
        let left =
            producers.into_iter().map(|producer| producer.join().unwrap()).filter(|left| *left).count();
        assert!(left <= 1, "{left} left");
        assert_eq!(hop.size().workers, 0);
    });
}

#[test]
fn loom_hop_lets_nobody_go_in_the_middle_of_an_item() {
    model(2, || {
        let scope = scope();
        let (hop, mut ports, outlet) = resized::<u32>(2, 4, &scope);
        let mut port = ports.remove(0);
        let producer = thread::spawn(move || {
            let amid = port.look(Look { amid: true, holds_back: false });
            assert!(matches!(amid, Todo::GoOn), "it was let go");
            port.finish();
        });
        hop.resize(Some(1), None).unwrap();
        producer.join().unwrap();
        // Between two items the other may go, unless the first has gone already.
        ports[0].look(Look { amid: false, holds_back: false });
        ports[0].finish();
        drop((ports, outlet));
        assert_eq!(hop.size().workers, 0);
    });
}

#[test]
fn loom_hop_calls_a_producer_that_waits_for_room_where_there_is_to_be_more() {
    for producers in [1, 2] {
        model(2, move || {
            let scope = scope();
            let (hop, mut ports, mut outlet) = resized::<u32>(producers, producers, &scope);
            for mut port in ports.drain(1..) {
                // One of two has all there is.
                block_on(poll_fn(|cx| claim(&mut port, cx, 1)));
                port.take_in();
                port.push(7);
                port.finish();
            }
            let mut port = ports.remove(0);
            let producer = thread::spawn(move || {
                block_on(async move {
                    for item in 0..2 {
                        poll_fn(|cx| {
                            if port.has_news() {
                                assert!(matches!(
                                    port.look(Look { amid: false, holds_back: false }),
                                    Todo::GoOn
                                ));
                            }
                            claim(&mut port, cx, 1).map(drop)
                        })
                        .await;
                        if port.permits() == 0 {
                            // There was something to hear.
                            port.look(Look { amid: false, holds_back: false });
                            poll_fn(|cx| claim(&mut port, cx, 1)).await;
                        }
                        port.take_in();
                        port.push(item);
                        port.put();
                    }
                    port.finish();
                });
            });
            hop.resize(None, Some(1)).unwrap();
            // Nobody takes anything: there is room for both.
            producer.join().unwrap();
            let got = block_on(async {
                let mut got = Vec::new();
                while let Some(item) = next(&mut outlet).await {
                    got.push(item);
                }
                got
            });
            assert_eq!(got.iter().filter(|item| **item < 7).collect::<Vec<_>>(), [&0, &1]);
        });
    }
}

#[test]
fn loom_hop_that_is_changed_before_its_producers_are_there_keeps_its_permits() {
    for (producers, workers) in [(1, 2), (2, 1)] {
        model(2, move || {
            let scope = scope();
            let (hop, outlet) = begun::<u32>(producers, producers + 3, &scope);
            let changed = Arc::clone(&hop);
            let change = thread::spawn(move || changed.resize(Some(workers), None).unwrap());
            let mut ports = ports(&hop, producers, producers + 3);
            change.join().unwrap();
            while ports.len() != workers {
                let mut port = ports.remove(0);
                match port.look(Look { amid: false, holds_back: false }) {
                    Todo::Leave => port.finish(),
                    Todo::Spawn(places) => {
                        ports.extend(places.into_iter().map(|place| port.other(place)));
                        ports.push(port);
                    }
                    Todo::GoOn | Todo::Unwanted => panic!("nothing was heard"),
                }
            }
            let port = &mut ports[0];
            block_on(poll_fn(|cx| Poll::Ready(claim(port, cx, 100).is_ready())));
            assert_eq!(port.permits(), workers + 3);
            drop((ports, outlet));
        });
    }
}

#[test]
fn loom_hop_has_as_many_workers_as_somebody_asked_for_whoever_steers_it() {
    model(2, || {
        let scope = scope();
        let room = Room { one_task: false, steered: true, permits: 4, weight: None };
        let (hop, outlet) = with::<u32>(1, room, &scope);
        let steered = Arc::clone(&hop);
        let steer = thread::spawn(move || _ = steered.steer(5, ChangeReason::Doubling));
        hop.resize(Some(2), None).unwrap();
        assert_eq!(hop.steer(7, ChangeReason::Doubling), None, "nobody steers any more");
        steer.join().unwrap();
        assert_eq!(hop.changes().last().map(|last| (last.to, last.why)), Some((2, ChangeReason::Asked)));
        drop(outlet);
    });
}

#[test]
fn loom_hop_passes_on_a_call_for_room_that_is_not_taken_up() {
    for lets_go in [false, true] {
        model(2, move || {
            let scope = scope();
            let (hop, mut ports, mut outlet) = resized::<u32>(2, 2, &scope);
            let (mut other, mut first) = (ports.remove(1), ports.remove(0));
            block_on(poll_fn(|cx| claim(&mut first, cx, 2)));
            for item in 0..2 {
                first.take_in();
                first.push(item);
            }
            first.put();
            // It is the first that is called.
            assert!(block_on(poll_fn(|cx| Poll::Ready(claim(&mut first, cx, 1).is_pending()))));
            let look = Look { amid: false, holds_back: false };
            let others = thread::spawn(move || {
                block_on(poll_fn(|cx| {
                    if other.has_news() && matches!(other.look(look), Todo::Leave) {
                        return Poll::Ready(());
                    }
                    claim(&mut other, cx, 1)
                }));
                other.finish();
            });
            if lets_go {
                hop.resize(Some(1), None).unwrap();
                first.look(look);
            }
            // There is room for one more.
            for _ in 0..1 + usize::from(lets_go) {
                assert!(block_on(next(&mut outlet)).is_some());
            }
            if !lets_go {
                first.unpark();
            }
            first.finish();
            drop(first);
            others.join().unwrap();
            drop(outlet);
        });
    }
}
