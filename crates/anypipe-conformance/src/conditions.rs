//! Conditions: who waits has given the lock away, and no notification is lost.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use anypipe_sync::{Condition, Lock, LockGuard};

use crate::registry::Draw;
use crate::tools::{Waiter, crowd, drop_after, fresh, kept, once, panic_in, steps, together};

crate::suite::cases! { ($) conditions as __conditions {
    a_condition_follows_the_model(seed),
    no_notification_is_lost_among_tasks(seed),
    who_waits_has_given_the_lock_away_and_is_found(),
    a_notification_goes_on_with_who_is_dropped_at_the_lock(),
    a_notification_for_nobody_is_for_nobody(),
    a_holder_that_panics_while_others_wait_for_it(),
    a_hundred_thousand_wait_for_a_notification(),
} }

/// What a condition on one lock means.
#[derive(Default)]
struct Model {
    /// Who waits for a notification.
    waiting: VecDeque<usize>,
    /// Who was notified and has not looked.
    notified: BTreeSet<usize>,
    /// Who was notified, and waits for the lock.
    locking: VecDeque<usize>,
    holder: Holder,
}

/// Who has the lock.
#[derive(Clone, Copy, Default, PartialEq)]
enum Holder {
    #[default]
    Nobody,
    /// The case itself.
    Case,
    /// One that was given it, and has not looked.
    Waiter(usize),
}

impl Model {
    fn notify(&mut self, many: usize) {
        let many = many.min(self.waiting.len());
        self.notified.extend(self.waiting.drain(..many));
    }

    fn unlock(&mut self) {
        self.holder = self.locking.pop_front().map_or(Holder::Nobody, Holder::Waiter);
    }

    fn leave(&mut self, id: usize) {
        if let Some(index) = self.waiting.iter().position(|other| *other == id) {
            self.waiting.remove(index);
            return;
        }
        if self.holder == Holder::Waiter(id) {
            self.unlock();
        }
        self.locking.retain(|other| *other != id);
        self.notified.remove(&id);
        self.notify(1);
    }
}

async fn a_condition_follows_the_model(seed: u64) {
    let (mut draw, lock, condition) = (Draw::new(seed), kept(Lock::new(())), kept(Condition::new()));
    let mut model = Model::default();
    let mut held: Option<LockGuard<'static, ()>> = None;
    let mut waiters: Vec<Waiter<LockGuard<'static, ()>>> = Vec::new();
    for id in 0..steps() {
        match draw.below(10) {
            0 | 1 => {
                let guard = held.take().or_else(|| lock.try_lock());
                assert_eq!(guard.is_some(), !matches!(model.holder, Holder::Waiter(_)), "step {id}");
                if let Some(guard) = guard {
                    let mut waiter = Waiter::new(id, condition.wait(guard));
                    assert!(waiter.poll().await.is_pending());
                    waiters.push(waiter);
                    model.waiting.push_back(id);
                    model.unlock();
                }
            }
            2 => {
                let many = draw.below(3);
                condition.notify(many);
                model.notify(many);
            }
            3 if draw.below(4) == 0 => {
                condition.notify_all();
                model.notify(usize::MAX);
            }
            4 => {
                if held.take().is_some() {
                    model.unlock();
                } else {
                    held = lock.try_lock();
                    assert_eq!(held.is_some(), model.holder == Holder::Nobody, "step {id}");
                    if held.is_some() {
                        model.holder = Holder::Case;
                    }
                }
            }
            5 if !waiters.is_empty() => {
                let waiter = waiters.swap_remove(draw.below(waiters.len()));
                model.leave(waiter.id);
                let wakes = waiter.wakes.clone();
                drop(waiter);
                assert_eq!(wakes.held(), 0, "a waker is kept of one who went");
            }
            6.. if !waiters.is_empty() => {
                let index = draw.below(waiters.len());
                let waiter = &mut waiters[index];
                let id = waiter.id;
                if model.notified.remove(&id) {
                    // It goes for the lock.
                    match model.holder {
                        Holder::Nobody => model.holder = Holder::Waiter(id),
                        _ => model.locking.push_back(id),
                    }
                }
                let expected = model.holder == Holder::Waiter(id);
                let polled = waiter.poll().await;
                assert_eq!(polled.is_ready(), expected, "step {id}");
                if let Poll::Ready(guard) = polled {
                    assert!(held.is_none());
                    held = Some(guard);
                    model.holder = Holder::Case;
                    waiters.swap_remove(index);
                }
            }
            _ => {}
        }
        let told = (condition.statistics().waiting, lock.statistics());
        assert_eq!(told.0, model.waiting.len(), "step {id}");
        assert_eq!((told.1.is_locked, told.1.waiting), (model.holder != Holder::Nobody, model.locking.len()));
        for waiter in &waiters {
            let can_go_on = model.notified.contains(&waiter.id) || model.holder == Holder::Waiter(waiter.id);
            assert!(!can_go_on || waiter.wakes.count() > 0, "{} was not woken", waiter.id);
        }
    }
    drop(waiters);
    drop(held);
    assert_eq!((condition.statistics().waiting, lock.is_locked()), (0, false));
}

/// A queue of numbers, with all that takes from it and puts into it.
async fn no_notification_is_lost_among_tasks(seed: u64) {
    const EACH: usize = 40;
    let mut draw = Draw::new(seed);
    let seeds: Vec<_> = (0..3).map(|_| draw.any()).collect();
    let shared = Arc::new((Lock::new(VecDeque::new()), Condition::new(), AtomicUsize::new(0)));
    let used = Arc::clone(&shared);
    together(move |group| async move {
        for seed in seeds {
            let (taker, giver) = (Arc::clone(&shared), Arc::clone(&shared));
            group.spawn(async move {
                let (queue, filled, taken) = &*taker;
                let mut draw = Draw::new(seed);
                let mut left = EACH;
                while left > 0 {
                    let one = async {
                        let is_empty = |queue: &mut VecDeque<usize>| queue.is_empty();
                        let mut queue = filled.wait_while(queue.lock().await, is_empty).await;
                        queue.pop_front().expect("it is filled")
                    };
                    // Given up at any moment, and tried again.
                    let took = match draw.below(3) {
                        0 => drop_after(draw.within(1..=4), one).await.is_some(),
                        _ => {
                            one.await;
                            true
                        }
                    };
                    left -= usize::from(took);
                    taken.fetch_add(usize::from(took), Ordering::SeqCst);
                }
            });
            group.spawn(async move {
                let (queue, filled, _) = &*giver;
                for number in 0..EACH {
                    queue.lock().await.push_back(number);
                    filled.notify_one();
                }
            });
        }
    })
    .await;
    assert_eq!(used.2.load(Ordering::SeqCst), 3 * EACH);
    assert!(used.0.lock().await.is_empty());
    assert_eq!(used.1.statistics().waiting, 0);
}

async fn who_waits_has_given_the_lock_away_and_is_found() {
    let (lock, condition) = (Lock::new(0), Condition::new());
    let mut next = Box::pin(lock.lock());
    let guard = lock.lock().await;
    assert!(once(&mut next).await.is_pending());
    let mut waits = pin!(condition.wait(guard));
    assert!(lock.is_locked(), "nothing is given away before the first poll");
    assert!(fresh(&mut waits).await.is_pending());
    let Poll::Ready(mut value) = fresh(&mut next).await else { panic!("it was given to the next") };
    *value = 1;
    assert_eq!(condition.statistics().waiting, 1);
    condition.notify_one();
    assert!(fresh(&mut waits).await.is_pending(), "it has to wait for the lock");
    drop(value);
    let Poll::Ready(value) = fresh(&mut waits).await else { panic!("it is free") };
    assert_eq!((*value, condition.statistics().waiting), (1, 0));
}

async fn a_notification_goes_on_with_who_is_dropped_at_the_lock() {
    let (lock, condition) = (Lock::new(()), Condition::new());
    let mut waits: VecDeque<_> = VecDeque::new();
    for _ in 0..3 {
        let mut wait = Box::pin(condition.wait(lock.lock().await));
        assert!(fresh(&mut wait).await.is_pending());
        waits.push_back(wait);
    }
    let held = lock.lock().await;
    condition.notify_one();
    // It was notified and is dropped before it looks, and the next while it waits for the lock.
    drop(waits.pop_front());
    assert_eq!(condition.statistics().waiting, 1);
    assert!(fresh(&mut waits[0]).await.is_pending());
    assert_eq!(lock.statistics().waiting, 1);
    drop(waits.pop_front());
    assert_eq!((condition.statistics().waiting, lock.statistics().waiting), (0, 0));
    drop(held);
    assert!(fresh(&mut waits[0]).await.is_ready());
}

async fn a_notification_for_nobody_is_for_nobody() {
    let (lock, condition) = (Lock::new(()), Condition::new());
    condition.notify_one();
    condition.notify_all();
    condition.notify(usize::MAX);
    let mut wait = Box::pin(condition.wait(lock.lock().await));
    assert!(fresh(&mut wait).await.is_pending());
    condition.notify(0);
    assert_eq!(condition.statistics().waiting, 1);
    condition.notify(usize::MAX);
    assert!(fresh(&mut wait).await.is_ready());
    // A wait that was never polled gives the lock back, and has not been there.
    drop(condition.wait(lock.try_lock().expect("it was given back")));
    assert!(lock.try_lock().is_some());
}

async fn a_holder_that_panics_while_others_wait_for_it() {
    let (lock, condition) = (Lock::new(0), Condition::new());
    let mut wait = Box::pin(condition.wait_while(lock.lock().await, |value| *value == 0));
    assert!(fresh(&mut wait).await.is_pending());
    let panics = async {
        let mut value = lock.lock().await;
        *value = 1;
        condition.notify_one();
        panic!("a holder panics");
    };
    assert_eq!(panic_in(panics).await.as_deref(), Some("a holder panics"));
    let Poll::Ready(value) = fresh(&mut wait).await else { panic!("it was given back") };
    assert_eq!(*value, 1);
    drop(value);
    let text = panic_in(condition.wait_while(lock.lock().await, |_| panic!("a look panics"))).await;
    assert_eq!(text.as_deref(), Some("a look panics"));
    assert!(!lock.is_locked());
}

async fn a_hundred_thousand_wait_for_a_notification() {
    let (crowd, mut cx) = (crowd(), Context::from_waker(Waker::noop()));
    let (lock, condition) = (Lock::new(()), Condition::new());
    let mut waits = VecDeque::new();
    for _ in 0..crowd {
        let mut wait = Box::pin(condition.wait(lock.try_lock().expect("it is given away")));
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        waits.push_back(wait);
    }
    condition.notify(crowd / 2);
    assert_eq!(condition.statistics().waiting, crowd - crowd / 2);
    // Each notification goes on, until nobody waits.
    waits.drain(..crowd / 2);
    assert_eq!(condition.statistics().waiting, 0);
    drop(waits);
    assert!(!lock.is_locked());
}
