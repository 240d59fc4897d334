//! The channel of the latest value: what is seen and missed, and what a change is made of.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use anypipe_core::channel::watch::{Receiver, Sender};
use anypipe_core::channel::{RecvError, TryRecvError, watch};
use anypipe_core::run::inherit;
use anypipe_core::{ErrorKind, Run};
use anypipe_stages::{sink, source, stage};

use crate::registry::Draw;
use crate::tools::{
    Dropped, Wakes, beside, crowd, drop_after, flow, give_way, next, once, panic_of, together, until,
};

crate::suite::cases! { ($) watches as __watches {
    the_latest_value_is_never_missed(),
    who_comes_later_has_seen_what_is_there(),
    it_waits_for_the_value_it_asked_for(),
    the_last_value_comes_before_the_end(),
    a_vanished_sender_is_no_end_of_a_watch(),
    a_value_is_kept_where_nobody_receives(),
    no_change_is_lost(),
    a_change_that_panics_changes_nothing(),
    values_are_looked_at_and_dropped_without_a_lock(),
    a_wait_for_a_value_leaves_nothing(),
    a_cut_off_watcher_is_told_nothing(),
    statistics_of_a_watch_are_exact(),
    a_watch_is_a_source_and_a_sink(),
    threads_watch_a_value(),
    many_watch_one_value(),
    watches_in_any_order_end_with_the_latest(seed),
} }

/// What was received, as a value of its own.
fn value<T: Copy, E>(received: Result<Arc<T>, E>) -> Result<T, E> {
    received.map(|value| *value)
}

async fn the_latest_value_is_never_missed() {
    let (tx, mut rx) = watch(0);
    assert_eq!((*rx.latest(), rx.has_changed()), (0, false));
    assert_eq!(value(rx.try_recv()), Err(TryRecvError::Empty));
    (1..=5).for_each(|number| tx.send(number));
    assert_eq!((*rx.latest(), *tx.latest(), rx.has_changed()), (5, 5, true));
    assert_eq!(value(rx.recv().await), Ok(5));
    assert_eq!(value(rx.try_recv()), Err(TryRecvError::Empty));
    assert_eq!(*tx.replace(5), 5);
    assert_eq!(rx.changed().await, Ok(()), "the same value again is a new one");

    // Between tasks: each sees values that only grow, and the last.
    let (tx, rx) = beside(|| watch(0)).join().unwrap();
    together(|group| async move {
        let watchers: Vec<_> = (0..10)
            .map(|_| {
                let mut rx = rx.clone();
                group.spawn(async move {
                    let mut seen = vec![0];
                    while let Ok(number) = rx.recv().await {
                        seen.push(*number);
                    }
                    seen
                })
            })
            .collect();
        for number in 1..=100 {
            tx.send(number);
            if number % 10 == 0 {
                give_way().await;
            }
        }
        drop(tx);
        for watcher in watchers {
            let seen = watcher.await.unwrap();
            assert!(seen.is_sorted_by(|a, b| a < b) && seen.last() == Some(&100), "{seen:?}");
        }
    })
    .await;
}

async fn who_comes_later_has_seen_what_is_there() {
    let (tx, rx) = watch(0);
    tx.send(1);
    let (mut late, mut clone) = (tx.subscribe(), rx.clone());
    assert_eq!(value(late.try_recv()), Err(TryRecvError::Empty));
    assert_eq!(value(clone.try_recv()), Ok(1), "a clone has seen as much");
    let mut unseen = tx.subscribe().unseen();
    assert_eq!((value(unseen.try_recv()), value(unseen.try_recv())), (Ok(1), Err(TryRecvError::Empty)));
}

async fn it_waits_for_the_value_it_asked_for() {
    let (tx, mut rx) = watch(1);
    assert_eq!(value(rx.wait_for(|number| *number == 1).await), Ok(1), "at once, though it was seen");
    let other = tx.subscribe();
    together(|group| async move {
        let waits = group.spawn(async move {
            let found = value(rx.wait_for(|number| *number > 5).await);
            (found, value(rx.try_recv()), value(rx.wait_for(|number| *number > 50).await))
        });
        for number in [3, 5, 7] {
            until(|| other.statistics().waiting_receivers == 1).await;
            tx.send(number);
        }
        until(|| other.statistics().waiting_receivers == 1).await;
        drop(tx);
        // It has seen what it was given.
        assert_eq!(waits.await.unwrap(), (Ok(7), Err(TryRecvError::Empty), Err(RecvError::Closed)));
    })
    .await;

    // The last value counts, also where the sender has gone; a predicate that panics leaves nothing behind.
    let (tx, mut rx) = watch(1);
    tx.send(9);
    drop(tx);
    assert!(
        catch_unwind(AssertUnwindSafe(|| {
            let mut wait = pin!(rx.wait_for(|_| panic!("asked")));
            let _ = wait.as_mut().poll(&mut Context::from_waker(&Wakes::new().waker()));
        }))
        .is_err()
    );
    assert_eq!(value(rx.wait_for(|number| *number == 9).await), Ok(9));
    assert_eq!(value(rx.try_recv()), Err(TryRecvError::Closed), "what it was given is seen");
}

async fn the_last_value_comes_before_the_end() {
    let (tx, mut rx) = watch(0);
    let other = tx.clone();
    tx.send(1);
    drop(tx);
    assert_eq!((value(rx.try_recv()), value(rx.try_recv())), (Ok(1), Err(TryRecvError::Empty)));
    other.send(2);
    drop(other);
    assert_eq!(value(rx.recv().await), Ok(2));
    assert_eq!(value(rx.recv().await), Err(RecvError::Closed));
    assert_eq!(
        (rx.changed().await, value(rx.try_recv())),
        (Err(RecvError::Closed), Err(TryRecvError::Closed))
    );
    assert_eq!((*rx.latest(), next(&mut rx).await.is_none()), (2, true));

    let (tx, mut rx) = watch(0);
    together(|group| async move {
        let watch = rx.clone();
        let waits = group.spawn(async move { value(rx.recv().await) });
        until(|| watch.statistics().waiting_receivers == 1).await;
        drop(tx);
        assert_eq!(waits.await.unwrap(), Err(RecvError::Closed));
    })
    .await;
}

async fn a_vanished_sender_is_no_end_of_a_watch() {
    let (tx, mut rx) = watch(0);
    let other = tx.clone();
    let vanished = beside(move || {
        other.send(1);
        resume_unwind(Box::new("vanished"));
    });
    assert!(vanished.join().is_err());
    assert_eq!((value(rx.try_recv()), value(rx.try_recv())), (Ok(1), Err(TryRecvError::Empty)));
    drop(tx);
    assert_eq!(value(rx.try_recv()), Err(TryRecvError::Broken));
    assert_eq!(value(rx.recv().await), Err(RecvError::Broken));
    assert_eq!(
        (next(&mut rx).await.map(value), next(&mut rx).await.map(value)),
        (Some(Err(RecvError::Broken)), None)
    );

    // A child that is cancelled, while a receiver waits.
    let (tx, mut rx) = watch(0);
    together(|group| async move {
        let watch = rx.clone();
        let child = group.spawn(async move { tx.closed().await });
        let waits = group.spawn(async move { value(rx.recv().await) });
        until(|| watch.statistics().waiting_receivers == 1).await;
        child.cancel();
        assert!(child.await.unwrap_err().is_cancelled());
        assert_eq!(waits.await.unwrap(), Err(RecvError::Broken));
    })
    .await;
}

async fn a_value_is_kept_where_nobody_receives() {
    let (dropped, (tx, rx)) = (Dropped::new(), watch(None));
    assert!(!tx.is_closed());
    drop(rx);
    assert!(tx.is_closed());
    tx.closed().await;
    tx.send(Some(dropped.tells()));
    assert_eq!(dropped.live(), 1);
    tx.send(Some(dropped.tells()));
    assert_eq!(dropped.live(), 1, "one value is kept");
    let rx = tx.subscribe();
    assert!(!tx.is_closed() && rx.latest().is_some());
    drop(tx);
    assert_eq!(dropped.live(), 1);
    drop(rx);
    assert_eq!(dropped.live(), 0);
}

async fn no_change_is_lost() {
    const EACH: u64 = 500;
    let (tx, rx) = watch(0);
    let threads = [tx.clone(), tx.clone(), tx].map(|tx| {
        beside(move || {
            for number in 0..EACH {
                tx.send_modify(|sum| {
                    let now = *sum;
                    thread::yield_now();
                    *sum = now + number;
                });
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*rx.latest(), 3 * EACH * (EACH - 1) / 2);

    let (tx, mut rx) = watch(1);
    assert!(!tx.send_if_modified(|number| {
        *number = 7;
        false
    }));
    assert_eq!((*rx.latest(), value(rx.try_recv())), (1, Err(TryRecvError::Empty)));
    // Another that sends meanwhile is not overwritten.
    let mut tries = 0;
    assert!(tx.send_if_modified(|number| {
        tries += 1;
        if tries == 1 {
            tx.send(100);
        }
        *number += 1;
        true
    }));
    assert_eq!((*rx.latest(), tries), (101, 2));
}

async fn a_change_that_panics_changes_nothing() {
    let (tx, mut rx) = watch(1);
    let text = panic_of(|| {
        tx.send_modify(|number| {
            *number = 2;
            panic!("a change that panics");
        });
    });
    assert_eq!(text.as_deref(), Some("a change that panics"));
    assert_eq!((*rx.latest(), value(rx.try_recv())), (1, Err(TryRecvError::Empty)));
    tx.send(3);
    assert_eq!(value(rx.try_recv()), Ok(3));
}

/// Asks its channel while it is cloned and while it is dropped.
struct Asks(Option<Sender<Asks>>);

impl Asks {
    fn ask(&self) {
        if let Some(channel) = &self.0 {
            channel.statistics();
        }
    }
}

impl Clone for Asks {
    fn clone(&self) -> Self {
        self.ask();
        Self(self.0.clone())
    }
}

impl Drop for Asks {
    fn drop(&mut self) {
        self.ask();
    }
}

async fn values_are_looked_at_and_dropped_without_a_lock() {
    let (tx, mut rx) = watch(Asks(None));
    tx.send(Asks(Some(tx.clone())));
    tx.send_modify(|value| value.ask());
    assert!(
        rx.wait_for(|value| value.0.as_ref().is_some_and(|tx| tx.statistics().senders > 1)).await.is_ok()
    );
    // A value that somebody looks at for long holds up nobody.
    let seen = rx.latest();
    tx.send(Asks(Some(tx.clone())));
    tx.send(Asks(None));
    seen.ask();
    drop(seen);
    assert_eq!(tx.statistics().senders, 1);
}

async fn a_wait_for_a_value_leaves_nothing() {
    let (tx, mut rx) = watch(0);
    let wakes = Wakes::new();
    {
        let mut recv = pin!(rx.recv());
        assert!(recv.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
        assert_eq!((tx.statistics().waiting_receivers, wakes.held()), (1, 1));
        // Woken, and dropped before it looks: the value stays unseen.
        tx.send(1);
        assert_eq!(wakes.count(), 1);
    }
    assert_eq!(value(rx.try_recv()), Ok(1));
    {
        let (mut wait, mut closed) = (pin!(rx.wait_for(|number| *number == 9)), pin!(tx.closed()));
        assert!(wait.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
        assert!(closed.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
    }
    assert_eq!((tx.statistics().waiting_receivers, wakes.held()), (0, 0));
}

async fn a_cut_off_watcher_is_told_nothing() {
    let run = Run::new("cut off", inherit, |scope| {
        let scope = scope.clone();
        async move {
            let (tx, mut rx) = watch(0);
            drop(tx);
            scope.cancel();
            let told = rx.recv().await;
            panic!("a task that was cut off was told {told:?}");
        }
    });
    assert_eq!(run.checked().await.unwrap_err().kind(), ErrorKind::Cancelled);
}

async fn statistics_of_a_watch_are_exact() {
    let (tx, mut rx) = watch(0);
    let (tx2, rx2) = (tx.clone(), rx.clone());
    assert_eq!(tx.statistics(), rx.statistics());
    let now = || {
        let now = tx.statistics();
        assert_eq!((now.used, now.capacity, now.high_water, now.waiting_senders), (1, 1, 1, 0));
        (now.senders, now.receivers, now.waiting_receivers)
    };
    assert_eq!(now(), (2, 2, 0));
    let mut recv = Box::pin(rx.recv());
    assert!(once(&mut recv).await.is_pending());
    assert_eq!(now(), (2, 2, 1));
    tx2.send(1);
    assert_eq!(now(), (2, 2, 0));
    assert_eq!(value(recv.await), Ok(1));
    drop((tx2, rx2));
    assert_eq!(now(), (1, 1, 0));
}

async fn a_watch_is_a_source_and_a_sink() {
    let (tx, rx) = watch(0);
    let latest =
        flow(source::from_channel(rx.unseen())).pipe(stage::map(|number: Arc<u32>| *number)).collect();
    let seen = together(|group| async move {
        let latest = group.spawn(latest);
        let sent = flow(source::from_iter(1..=20)).into(sink::send_to(tx)).await;
        assert_eq!(sent, Ok(()));
        latest.await.unwrap()
    })
    .await;
    assert!(seen.is_sorted_by(|a, b| a < b) && seen.last() == Some(&20), "{seen:?}");

    // A sink ends where nobody receives.
    let (tx, rx) = watch(0);
    drop(rx);
    let sent = flow(source::from_iter(0..)).into(sink::send_to(tx)).await;
    assert!(sent.unwrap_err().is_closed());

    // A sender that vanished fails the run that it was the source of.
    let (tx, rx) = watch(0);
    let run = flow(source::from_channel(rx)).into(sink::drain());
    let vanished = beside(move || {
        let _tx = tx;
        resume_unwind(Box::new("vanished"));
    });
    assert!(vanished.join().is_err());
    assert_eq!(run.checked().await.unwrap_err().kind(), ErrorKind::Broken);
}

async fn threads_watch_a_value() {
    let (tx, rx) = watch(0);
    let (mut counts, mut waits, watch_rx) = (rx.clone(), rx.clone(), rx);
    let counter = beside(move || {
        let mut last = 0;
        while let Ok(number) = counts.recv_blocking() {
            assert!(*number > last);
            last = *number;
        }
        last
    });
    let waiter = beside(move || value(waits.wait_for_blocking(|number| *number >= 500)));
    let sender = beside(move || (1..=1000).for_each(|number| tx.send(number)));
    sender.join().unwrap();
    assert_eq!(counter.join().unwrap(), 1000);
    assert!(waiter.join().unwrap().is_ok_and(|number| number >= 500));
    assert_eq!(*watch_rx.latest(), 1000);

    for breaks in [false, true] {
        let (tx, mut rx) = watch(0);
        let watch_rx = rx.clone();
        let waits = beside(move || value(rx.recv_blocking()));
        while watch_rx.statistics().waiting_receivers == 0 {
            thread::yield_now();
        }
        let goes = beside(move || {
            let _tx = tx;
            if breaks {
                resume_unwind(Box::new("vanished"));
            }
        });
        assert_eq!(goes.join().is_err(), breaks);
        assert_eq!(waits.join().unwrap(), Err(if breaks { RecvError::Broken } else { RecvError::Closed }));
    }

    let checks = beside(|| {
        let (tx, mut rx) = watch(0);
        assert_eq!(value(rx.recv_blocking_within(Duration::from_millis(1))), Err(TryRecvError::Empty));
        tx.send(1);
        assert_eq!(value(rx.recv_blocking_within(Duration::ZERO)), Ok(1));
        tx.send(2);
        assert_eq!(value(rx.recv_blocking_within(Duration::MAX)), Ok(2));
    });
    checks.join().unwrap();
    let (_tx, mut rx) = watch(0);
    assert!(panic_of(|| rx.recv_blocking()).is_some_and(|text| text.contains("await `recv`")));
    assert!(
        panic_of(|| rx.wait_for_blocking(|_| true)).is_some_and(|text| text.contains("await `wait_for`"))
    );
}

async fn many_watch_one_value() {
    let watching = crowd();
    let (tx, rx) = watch(0);
    let mut receivers: Vec<Receiver<i32>> = (0..watching).map(|_| rx.clone()).collect();
    drop(rx);
    let wakes = Wakes::new();
    let waker = wakes.waker();
    {
        let mut waits: Vec<Pin<Box<dyn Future<Output = _> + Send + '_>>> = Vec::new();
        for receiver in &mut receivers {
            waits.push(Box::pin(receiver.recv()));
        }
        for wait in &mut waits {
            assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        // From the middle; the rest is woken, each once.
        drop(waits.drain(watching / 4..watching * 3 / 4));
        tx.send(1);
        assert_eq!(wakes.count(), watching / 2);
        for wait in &mut waits {
            assert_eq!(wait.as_mut().poll(&mut Context::from_waker(&waker)).map(value), Poll::Ready(Ok(1)));
        }
    }
    let mut closed = pin!(tx.closed());
    assert!(closed.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let before = wakes.count();
    drop(receivers);
    assert_eq!(wakes.count(), before + 1);
    assert!(closed.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    assert_eq!(tx.statistics().receivers, 0);
}

/// Receives and sends that are dropped at any poll: what is seen only grows, and ends with the latest.
async fn watches_in_any_order_end_with_the_latest(seed: u64) {
    let mut draw = Draw::new(seed);
    for _ in 0..20 {
        let (tx, rx) = watch(0);
        let (receivers, sends, polls, pauses) =
            (draw.within(1..=4), draw.below(30), draw.below(4), draw.within(1..=4));
        together(move |group| async move {
            let tasks: Vec<_> = (0..receivers)
                .map(|number| {
                    let mut rx = if number % 2 == 0 { rx.clone() } else { rx.clone().unseen() };
                    group.spawn(async move {
                        let mut seen = Vec::new();
                        loop {
                            let received = match drop_after(polls, rx.recv()).await {
                                None => rx.recv().await,
                                Some(received) => received,
                            };
                            match received {
                                Ok(number) => seen.push(*number),
                                Err(end) => {
                                    assert_eq!((end, rx.has_changed()), (RecvError::Closed, false));
                                    return seen;
                                }
                            }
                        }
                    })
                })
                .collect();
            for number in 1..=sends {
                tx.send_modify(|value| *value += 1);
                assert_eq!(*tx.latest(), number);
                if number % pauses == 0 {
                    give_way().await;
                }
            }
            drop(tx);
            for (number, task) in tasks.into_iter().enumerate() {
                let seen = task.await.unwrap();
                assert!(seen.is_sorted_by(|a, b| a < b), "{seen:?}");
                let first_is_new = number % 2 == 1;
                let last = (sends > 0 || first_is_new).then_some(sends);
                assert_eq!(seen.last().copied(), last);
            }
        })
        .await;
    }
}
