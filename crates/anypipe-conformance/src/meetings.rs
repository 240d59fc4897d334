//! Where tasks wait for each other: conditions, barriers, and cells whose value one of them makes.

use std::collections::{BTreeSet, VecDeque};
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use anypipe_sync::{Barrier, Condition, Lock, LockGuard, OnceCell};

use crate::registry::Draw;
use crate::tools::{
    Wakes, beside, drop_after, fresh, give_way, is_virtual, once, panic_in, panic_of, together, until,
};

crate::suite::cases! { ($) meetings as __meetings {
    c05_what_was_made_outside_works_everywhere(),
    a_condition_follows_the_model(seed),
    no_notification_is_lost_among_tasks(seed),
    who_waits_has_given_the_lock_away_and_is_found(),
    a_notification_goes_on_with_who_is_dropped_at_the_lock(),
    a_notification_for_nobody_is_for_nobody(),
    a_holder_that_panics_while_others_wait_for_it(),
    a_barrier_follows_the_model(seed),
    nobody_is_ahead_of_a_barrier(seed),
    a_barrier_for_nobody_is_refused(),
    a_barrier_that_never_fills_can_be_left(),
    a_value_is_made_once(seed),
    who_fails_to_make_it_leaves_it_to_the_next(),
    a_cell_is_set_once(),
    who_asks_while_it_is_made_waits_and_all_go_on(),
    a_hundred_thousand_meet(),
    what_never_waits_gives_way(),
} }

/// How many steps are drawn: few where there are many seeds.
fn steps() -> usize {
    if is_virtual() { 150 } else { 500 }
}

/// A value for as long as the program runs, so that what borrows it may go anywhere. It is small.
fn kept<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// A future, how it is woken, and what it is called.
struct Waiter<T> {
    id: usize,
    wait: Pin<Box<dyn Future<Output = T> + Send>>,
    wakes: Wakes,
}

impl<T> Waiter<T> {
    fn new(id: usize, wait: impl Future<Output = T> + Send + 'static) -> Self {
        Self { id, wait: Box::pin(wait), wakes: Wakes::new() }
    }

    /// Polls it with its own waker, in a poll of the case's that has just begun.
    async fn poll(&mut self) -> Poll<T> {
        give_way().await;
        self.poll_now()
    }

    fn poll_now(&mut self) -> Poll<T> {
        self.wait.as_mut().poll(&mut Context::from_waker(&self.wakes.waker()))
    }
}

async fn c05_what_was_made_outside_works_everywhere() {
    static KNOWN: (Condition, Barrier, OnceCell<u8>) = (Condition::new(), Barrier::new(1), OnceCell::new());
    let made = beside(|| (Condition::new(), Barrier::new(2), OnceCell::new()));
    let (condition, barrier, cell) = made.join().unwrap();
    assert_eq!(condition.statistics().waiting, 0);
    let told = barrier.statistics();
    assert_eq!((told.parties, told.waiting), (2, 0));
    let told = cell.statistics();
    assert_eq!((told.is_set, told.is_being_made, told.waiting), (false, false, 0));
    KNOWN.0.notify_all();
    assert!(KNOWN.1.wait().await.is_leader());
    assert_eq!(KNOWN.2.get_or_init(async || 1).await, &1);

    let all = Arc::new((condition, barrier, cell, Lock::new(false)));
    together(|group| async move {
        for _ in 0..2 {
            let all = Arc::clone(&all);
            group.spawn(async move {
                let (condition, barrier, cell, lock) = &*all;
                drop(condition.wait_while(lock.lock().await, |ready| !*ready).await);
                barrier.wait().await;
                assert_eq!(*cell.get_or_init(async || 3).await, 3);
            });
        }
        until(|| all.0.statistics().waiting == 2).await;
        *all.3.lock().await = true;
        all.0.notify_all();
    })
    .await;
}

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

async fn a_value_is_made_once(seed: u64) {
    let mut draw = Draw::new(seed);
    let seeds: Vec<_> = (0..6).map(|_| draw.any()).collect();
    let shared = Arc::new((OnceCell::new(), AtomicUsize::new(0), AtomicUsize::new(0)));
    let used = Arc::clone(&shared);
    together(move |group| async move {
        for seed in seeds {
            let shared = Arc::clone(&shared);
            group.spawn(async move {
                let (mut draw, (cell, tries, made)) = (Draw::new(seed), &*shared);
                loop {
                    let (fails, polls) = (draw.coin(), draw.within(1..=4));
                    let one = cell.get_or_try_init(|| async {
                        assert_eq!(tries.fetch_add(1, Ordering::SeqCst), 0, "two make it at once");
                        let _tries = Leaves(tries);
                        give_way().await;
                        if fails {
                            return Err(());
                        }
                        Ok(made.fetch_add(1, Ordering::SeqCst))
                    });
                    if let Some(Ok(value)) = drop_after(polls, one).await {
                        assert_eq!(*value, 0);
                        return;
                    }
                }
            });
        }
    })
    .await;
    assert_eq!(used.2.load(Ordering::SeqCst), 1);
    let told = used.0.statistics();
    assert_eq!((told.is_set, told.is_being_made, told.waiting), (true, false, 0));
}

/// Counts down when it is dropped.
struct Leaves<'a>(&'a AtomicUsize);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn who_fails_to_make_it_leaves_it_to_the_next() {
    let cell = OnceCell::new();
    // It is dropped.
    let mut first = Box::pin(cell.get_or_init(pending::<u8>));
    assert!(fresh(&mut first).await.is_pending());
    let mut second = Box::pin(cell.get_or_try_init(async || Err("no")));
    assert!(fresh(&mut second).await.is_pending());
    let mut third = Box::pin(cell.get_or_init(async || panic!("it panics")));
    assert!(fresh(&mut third).await.is_pending());
    let mut fourth = Box::pin(cell.get_or_init(async || 4));
    assert!(fresh(&mut fourth).await.is_pending());
    let told = cell.statistics();
    assert_eq!((told.is_set, told.is_being_made, told.waiting), (false, true, 3));
    drop(first);
    // It fails.
    assert_eq!(fresh(&mut second).await, Poll::Ready(Err("no")));
    assert!(fresh(&mut fourth).await.is_pending(), "it is the third's turn");
    assert_eq!(panic_in(third).await.as_deref(), Some("it panics"));
    assert_eq!(fresh(&mut fourth).await, Poll::Ready(&4));
    assert_eq!(cell.get(), Some(&4));
}

async fn a_cell_is_set_once() {
    let cell = OnceCell::new();
    let mut makes = Box::pin(cell.get_or_init(pending::<u8>));
    assert!(fresh(&mut makes).await.is_pending());
    assert_eq!(cell.set(1), Err(1), "somebody makes it");
    drop(makes);
    assert_eq!(cell.set(2), Ok(()));
    assert_eq!(cell.set(3), Err(3));
    assert_eq!(cell.get_or_init(async || 4).await, &2);
    assert_eq!(OnceCell::from(5).get_or_try_init(async || Err(())).await, Ok(&5));
}

async fn who_asks_while_it_is_made_waits_and_all_go_on() {
    let (cell, go) = (kept(OnceCell::new()), Arc::new(AtomicUsize::new(0)));
    let goes = Arc::clone(&go);
    let mut makes = Waiter::new(0, async move {
        *cell
            .get_or_init(|| async move {
                while goes.load(Ordering::SeqCst) == 0 {
                    give_way().await;
                }
                7
            })
            .await
    });
    assert!(makes.poll().await.is_pending());
    let mut waiters: Vec<_> =
        (1..=20).map(|id| Waiter::new(id, async move { *cell.get_or_init(async || 8).await })).collect();
    for waiter in &mut waiters {
        assert!(waiter.poll_now().is_pending());
    }
    go.store(1, Ordering::SeqCst);
    assert_eq!(makes.poll().await, Poll::Ready(7));
    // All at once, and not one after the other.
    for waiter in &mut waiters {
        assert_eq!(waiter.wakes.count(), 1);
    }
    for mut waiter in waiters {
        assert_eq!(waiter.poll().await, Poll::Ready(7));
    }
}

async fn a_hundred_thousand_meet() {
    let crowd = if is_virtual() { 5_000 } else { 100_000 };
    let mut cx = Context::from_waker(Waker::noop());
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
    drop(waits);

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

async fn what_never_waits_gives_way() {
    let all = Arc::new((Barrier::new(1), OnceCell::from(1)));
    together(|group| async move {
        for is_barrier in [true, false] {
            let (all, over) = (Arc::clone(&all), Arc::new(AtomicUsize::new(0)));
            let ends = Arc::clone(&over);
            group.spawn(async move {
                while over.load(Ordering::SeqCst) == 0 {
                    if is_barrier {
                        all.0.wait().await;
                    } else {
                        all.1.get_or_init(async || 2).await;
                    }
                }
            });
            // Where there is one thread this needs the loop to give way.
            group.spawn(async move { ends.store(1, Ordering::SeqCst) });
        }
    })
    .await;
}
