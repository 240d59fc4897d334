//! Barriers: nobody goes on before all have come.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use anypipe_sync::Barrier;

use crate::registry::Draw;
use crate::tools::{Waiter, crowd, fresh, give_way, kept, panic_of, steps, together};

crate::suite::cases! { ($) barriers as __barriers {
    a_barrier_follows_the_model(seed),
    nobody_is_ahead_of_a_barrier(seed),
    a_barrier_for_nobody_is_refused(),
    a_barrier_that_never_fills_can_be_left(),
    a_hundred_thousand_meet(),
    a_barrier_for_one_gives_way(),
} }

async fn a_barrier_follows_the_model(seed: u64) {
    let mut draw = Draw::new(seed);
    let parties = draw.within(1..=4);
    let barrier = kept(Barrier::new(parties));
    let (mut came, mut through) = (BTreeSet::new(), BTreeSet::new());
    let mut waiters = Vec::new();
    for id in 0..steps() {
        match draw.below(4) {
            0 | 1 => {
                let mut waiter = Waiter::new(id, barrier.wait());
                match waiter.poll().await {
                    Poll::Ready(result) => {
                        assert!(result.is_leader(), "who comes last leads");
                        assert_eq!(came.len() + 1, parties);
                        through.append(&mut came);
                    }
                    Poll::Pending => {
                        came.insert(id);
                        assert!(came.len() < parties);
                        waiters.push(waiter);
                    }
                }
            }
            2 if !waiters.is_empty() => {
                let waiter = waiters.swap_remove(draw.below(waiters.len()));
                came.remove(&waiter.id);
                through.remove(&waiter.id);
            }
            3 if !waiters.is_empty() => {
                let index = draw.below(waiters.len());
                let polled = waiters[index].poll().await;
                assert_eq!(polled.is_ready(), through.remove(&waiters[index].id));
                if let Poll::Ready(result) = polled {
                    assert!(!result.is_leader());
                    waiters.swap_remove(index);
                }
            }
            _ => {}
        }
        assert_eq!(barrier.statistics().waiting, came.len());
        for waiter in &waiters {
            assert_eq!(waiter.wakes.count(), usize::from(through.contains(&waiter.id)));
        }
    }
}

async fn nobody_is_ahead_of_a_barrier(seed: u64) {
    const PARTIES: usize = 4;
    const ROUNDS: usize = 10;
    let mut draw = Draw::new(seed);
    let seeds: Vec<_> = (0..PARTIES).map(|_| draw.any()).collect();
    let shared = Arc::new((Barrier::new(PARTIES), AtomicUsize::new(0), AtomicUsize::new(0)));
    let used = Arc::clone(&shared);
    together(move |group| async move {
        for seed in seeds {
            let shared = Arc::clone(&shared);
            group.spawn(async move {
                let (mut draw, (barrier, arrived, leaders)) = (Draw::new(seed), &*shared);
                for round in 1..=ROUNDS {
                    for _ in 0..draw.below(4) {
                        give_way().await;
                    }
                    arrived.fetch_add(1, Ordering::SeqCst);
                    let result = barrier.wait().await;
                    assert!(arrived.load(Ordering::SeqCst) >= round * PARTIES, "somebody is ahead");
                    leaders.fetch_add(usize::from(result.is_leader()), Ordering::SeqCst);
                }
            });
        }
    })
    .await;
    assert_eq!((used.0.statistics().waiting, used.2.load(Ordering::SeqCst)), (0, ROUNDS));
}

async fn a_barrier_for_nobody_is_refused() {
    let text = panic_of(|| Barrier::new(0)).expect("it would let nobody through");
    assert_eq!(text, "a barrier for 0 lets nobody through: say how many wait for each other");
}

async fn a_barrier_that_never_fills_can_be_left() {
    let barrier = Barrier::new(usize::MAX);
    let mut waits: Vec<_> = (0..3).map(|_| Box::pin(barrier.wait())).collect();
    for wait in &mut waits {
        assert!(fresh(wait).await.is_pending());
    }
    assert_eq!(barrier.statistics().waiting, 3);
    drop(waits);
    assert_eq!(barrier.statistics().waiting, 0);
    // Who leaves has not come: one more is needed.
    let barrier = Barrier::new(2);
    let mut left = Box::pin(barrier.wait());
    assert!(fresh(&mut left).await.is_pending());
    drop(left);
    let mut first = Box::pin(barrier.wait());
    assert!(fresh(&mut first).await.is_pending());
    assert!(barrier.wait().await.is_leader());
    // And whom all have met goes its way, also if nobody polls it again.
    drop(first);
    assert_eq!(barrier.statistics().waiting, 0);
}

async fn a_hundred_thousand_meet() {
    let (crowd, mut cx) = (crowd(), Context::from_waker(Waker::noop()));
    let barrier = Barrier::new(crowd + 1);
    let mut waits: VecDeque<_> = (0..crowd).map(|_| Box::pin(barrier.wait())).collect();
    for wait in &mut waits {
        assert!(wait.as_mut().poll(&mut cx).is_pending());
    }
    // Half of them leave, from both ends, and others come.
    for _ in 0..crowd / 4 {
        waits.pop_front();
        waits.pop_back();
    }
    assert_eq!(barrier.statistics().waiting, waits.len());
    while waits.len() < crowd {
        let mut wait = Box::pin(barrier.wait());
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        waits.push_back(wait);
    }
    let mut last = Box::pin(barrier.wait());
    assert!(last.as_mut().poll(&mut cx).is_ready());
    assert_eq!(barrier.statistics().waiting, 0);
}

async fn a_barrier_for_one_gives_way() {
    let (barrier, over) = (Barrier::new(1), Arc::new(AtomicBool::new(false)));
    together(|group| async move {
        let ends = Arc::clone(&over);
        group.spawn(async move {
            while !over.load(Ordering::SeqCst) {
                barrier.wait().await;
            }
        });
        // Where there is one thread this needs the loop to give way.
        group.spawn(async move { ends.store(true, Ordering::SeqCst) });
    })
    .await;
}
