//! The gate, and the list of those who wait at it, under every order of events that loom can make of two or three
//! threads. Run by `ci/loom.sh`.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::gate::Gate;

/// Bounds the search to so many preemptions, which finds what people know how to get wrong.
fn model(preemptions: usize, f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(f);
}

/// Takes the only permit, is alone with it, and gives it back.
fn pass(gate: &Gate, inside: &AtomicUsize) {
    block_on(gate.take(1));
    assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0, "two are inside");
    inside.fetch_sub(1, Ordering::Relaxed);
    gate.give(1);
}

#[test]
fn loom_one_at_a_time_passes_and_nobody_is_forgotten() {
    model(3, || {
        let shared = Arc::new((Gate::new(1), AtomicUsize::new(0)));
        // Its lock and its word are made where they are first used: here, before the threads.
        assert_eq!(shared.0.counts(), (1, 0));
        let others: Vec<_> = (0..2)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || pass(&shared.0, &shared.1))
            })
            .collect();
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(shared.0.counts(), (1, 0));
    });
}

#[test]
fn loom_who_goes_hands_on_what_it_was_granted() {
    model(3, || {
        let gate = Arc::new(Gate::new(1));
        assert!(gate.try_take(1));
        let (gives, waits) = (Arc::clone(&gate), Arc::clone(&gate));
        let giver = thread::spawn(move || gives.give(1));
        let waiter = thread::spawn(move || {
            block_on(waits.take(1));
            waits.give(1);
        });
        {
            // It looks once, and goes; it may have been granted the permit in between, or have it.
            let mut take = pin!(gate.take(1));
            let polled = take.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if polled.is_ready() {
                gate.give(1);
            }
        }
        giver.join().unwrap();
        waiter.join().unwrap();
        assert_eq!(gate.counts(), (1, 0));
    });
}

#[test]
fn loom_what_is_given_to_who_waits_is_nobody_elses() {
    model(3, || {
        let gate = Arc::new(Gate::new(0));
        let mut take = Box::pin(gate.take(1));
        assert!(take.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let gives = Arc::clone(&gate);
        let giver = thread::spawn(move || {
            gives.give(1);
            assert!(!gives.try_take(1), "it gets ahead of who waited");
        });
        block_on(async { assert_eq!(take.await, ()) });
        giver.join().unwrap();
        assert_eq!(gate.counts(), (0, 0));
    });
}
