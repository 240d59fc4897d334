//! Crowds: very many who wait for one thing, of each kind, are served, leave in any order, and go with their run.
//!
//! Were anybody to look at all who wait, this would take hours: the watchdog is the limit.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anypipe_core::channel::{bounded, broadcast, oneshot, rendezvous, watch};
use anypipe_core::run::{Running, inherit, move_on, task_group};
use anypipe_core::scope::{CancelToken, Deadline};
use anypipe_sync::{Barrier, Condition, Event, Lock, OnceCell};

use crate::tools::{Dropped, Wakes, crowd, give_way, runtime, together, until};

crate::suite::cases! { ($) crowds as __crowds {
    many_receivers_wait_for_items(),
    many_senders_wait_for_room(),
    many_wait_for_a_cancel(),
    many_wait_under_one_deadline(),
    many_children_are_joined_and_cancelled(),
    all_goes_while_many_wait(),
} }

/// Polls it in a poll of nobody's.
fn poll<F: Future + Unpin>(future: &mut F, wakes: &Wakes) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(&wakes.waker()))
}

/// How many tasks make a crowd: few where each has a thread of its own, as on the guide's backend.
fn tasks() -> usize {
    if runtime().name() == "threads" { 100 } else { crowd() }
}

/// Half of them go: from the front, the back, and the middle.
fn half_go<T>(waits: &mut VecDeque<T>) {
    let quarter = waits.len() / 4;
    drop(waits.drain(quarter..quarter * 2));
    for _ in 0..quarter / 2 {
        waits.pop_front();
        waits.pop_back();
    }
}

async fn many_receivers_wait_for_items() {
    for (tx, rx) in [rendezvous(), bounded(3)] {
        let wakes = Wakes::new();
        let mut waits: VecDeque<_> = (0..crowd()).map(|_| Box::pin(rx.recv())).collect();
        assert!(waits.iter_mut().all(|wait| poll(wait, &wakes).is_pending()));
        half_go(&mut waits);
        assert_eq!(tx.statistics().waiting_receivers, waits.len());
        for item in 0..waits.len() {
            tx.try_send(item).unwrap();
        }
        assert_eq!((wakes.count(), tx.statistics().waiting_receivers), (waits.len(), 0));
        for (item, wait) in waits.iter_mut().enumerate() {
            assert_eq!(poll(wait, &wakes), Poll::Ready(Ok(item)));
        }
    }
}

async fn many_senders_wait_for_room() {
    for (tx, rx) in [rendezvous(), bounded(3)] {
        let wakes = Wakes::new();
        let held = tx.statistics().capacity;
        (0..held).for_each(|_| tx.try_send(usize::MAX).unwrap());
        let mut waits: VecDeque<_> = (0..crowd()).map(|item| (item, Box::pin(tx.send(item)))).collect();
        assert!(waits.iter_mut().all(|(_, wait)| poll(wait, &wakes).is_pending()));
        half_go(&mut waits);
        assert_eq!(tx.statistics().waiting_senders, waits.len());
        (0..held).for_each(|_| assert_eq!(rx.try_recv(), Ok(usize::MAX)));
        for (item, _) in &waits {
            assert_eq!(rx.try_recv(), Ok(*item), "in the order in which they came");
        }
        assert_eq!((wakes.count(), tx.statistics().waiting_senders), (waits.len(), 0));
        assert!(waits.iter_mut().all(|(_, wait)| poll(wait, &wakes) == Poll::Ready(Ok(()))));
    }
}

async fn many_wait_for_a_cancel() {
    let (token, wakes) = (CancelToken::new(), Wakes::new());
    let before = wakes.held();
    let children: Vec<_> = (0..crowd()).map(|_| token.child()).collect();
    let mut waits: VecDeque<_> =
        children.iter().chain([&token]).map(|token| Box::pin(token.cancelled())).collect();
    assert!(waits.iter_mut().all(|wait| poll(wait, &wakes).is_pending()));
    half_go(&mut waits);
    assert_eq!(wakes.held() - before, waits.len());
    token.cancel();
    assert_eq!(wakes.count(), waits.len());
    assert!(waits.iter_mut().all(|wait| poll(wait, &wakes).is_ready()));
    assert!(children.iter().all(CancelToken::is_cancelled));
}

async fn many_wait_under_one_deadline() {
    let (deadline, wakes) = (Deadline::new(), Wakes::new());
    let mut waits: VecDeque<_> =
        (0..crowd()).map(|_| Box::pin(move_on(inherit, deadline.clone(), pending::<()>()))).collect();
    assert!(waits.iter_mut().all(|wait| poll(wait, &wakes).is_pending()));
    half_go(&mut waits);
    deadline.set(runtime().now()).unwrap();
    assert_eq!(wakes.count(), waits.len());
    assert!(waits.iter_mut().all(|wait| poll(wait, &wakes) == Poll::Ready(None)));
}

async fn many_children_are_joined_and_cancelled() {
    let dropped = Dropped::new();
    for cancels in [false, true] {
        let tells = dropped.clone();
        together(move |group| async move {
            let go = Arc::new(Event::new());
            for _ in 0..tasks() {
                let (tells, waits) = (tells.tells(), Arc::clone(&go));
                group.spawn(async move {
                    waits.wait().await;
                    drop(tells);
                });
            }
            give_way().await;
            if cancels {
                group.cancel();
            } else {
                go.set();
            }
        })
        .await;
        assert_eq!(dropped.live(), 0);
    }
    assert_eq!(dropped.count(), 2 * tasks());
}

/// Everything that one can wait for.
struct Everything {
    event: Event,
    barrier: Barrier,
    cell: OnceCell<u8>,
    lock: Lock<()>,
    condition: Condition,
    token: CancelToken,
    /// Full, and never taken from.
    full: (anypipe_core::channel::Sender<u8>, anypipe_core::channel::Receiver<u8>),
    /// Empty, and never sent into.
    empty: (anypipe_core::channel::Sender<u8>, anypipe_core::channel::Receiver<u8>),
    bus: anypipe_core::channel::broadcast::Sender<u8>,
    latest: anypipe_core::channel::watch::Sender<u8>,
}

/// How many kinds of waits there are.
const KINDS: usize = 11;

/// Waits for one of all these, for ever.
async fn wait_for(kind: usize, all: &Everything) {
    match kind {
        0 => all.event.wait().await,
        1 => drop(all.barrier.wait().await),
        2 => drop(all.cell.get_or_init(pending).await),
        3 => {
            let held = all.lock.lock().await;
            pending::<()>().await;
            drop(held);
        }
        4 => {
            let own = Lock::new(());
            drop(all.condition.wait(own.lock().await).await);
        }
        5 => all.token.cancelled().await,
        6 => drop(all.full.0.send(1).await),
        7 => drop(all.empty.1.recv().await),
        8 => drop(all.bus.subscribe().recv().await),
        9 => drop(all.latest.subscribe().recv().await),
        _ => {
            let (_tx, rx) = oneshot::<u8>();
            let _ = rx.await;
        }
    }
}

async fn all_goes_while_many_wait() {
    let each = (tasks() / 100).max(4);
    for cancels in [false, true] {
        let all = Arc::new(Everything {
            event: Event::new(),
            barrier: Barrier::new(usize::MAX),
            cell: OnceCell::new(),
            lock: Lock::new(()),
            condition: Condition::new(),
            token: CancelToken::new(),
            full: bounded(1),
            empty: bounded(1),
            bus: broadcast(1),
            latest: watch(0).0,
        });
        all.full.0.try_send(0).unwrap();
        let (dropped, begun) = (Dropped::new(), Dropped::new());
        let (shared, tells, begins) = (Arc::clone(&all), dropped.clone(), begun.clone());
        let run = task_group(inherit, move |group| async move {
            for kind in (0..each).flat_map(|_| 0..KINDS) {
                let (all, tells, begins) = (Arc::clone(&shared), tells.tells(), begins.tells());
                group.spawn(async move {
                    let _tells = tells;
                    drop(begins);
                    wait_for(kind, &all).await;
                    panic!("wait {kind} is over");
                });
            }
            drop(shared);
            pending::<()>().await;
        });
        let running: Running<()> = run.start();
        until(|| begun.count() == each * KINDS).await;
        let waiting = || {
            let (full, empty) = (all.full.0.statistics(), all.empty.0.statistics());
            let sync = all.event.statistics().waiting + all.barrier.statistics().waiting;
            let asked = all.cell.statistics().waiting + all.lock.statistics().waiting;
            let channels = full.waiting_senders + empty.waiting_receivers;
            let heard = all.bus.statistics().waiting_receivers + all.latest.statistics().waiting_receivers;
            sync + asked + all.condition.statistics().waiting + channels + heard
        };
        // One makes the cell's value, and one has the lock.
        until(|| waiting() == each * (KINDS - 2) - 2).await;
        if cancels {
            running.control().cancel();
            assert!(running.await.unwrap_err().is_cancelled());
        } else {
            drop(running);
            // A thread may still be leaving the poll in which it began to wait.
            until(|| dropped.live() == 0 && Arc::strong_count(&all) == 1).await;
        }
        assert_eq!((dropped.live(), waiting(), Arc::strong_count(&all)), (0, 0, 1));
        // And everything is as it was.
        assert!(!all.lock.is_locked() && all.lock.try_lock().is_some());
        assert_eq!(*all.cell.get_or_init(async || 5).await, 5);
        assert_eq!((all.full.1.try_recv(), all.full.1.try_recv().is_err()), (Ok(0), true));
        all.event.set();
        all.event.wait().await;
    }
}
