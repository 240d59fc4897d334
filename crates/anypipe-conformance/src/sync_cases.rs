//! C. Permits and events: whoever waits for one is served in order, and nothing is lost with a waiter.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use anypipe_sync::{Barrier, CapacityLimiter, Condition, Event, Lock, OnceCell, RwLock, Semaphore};

use crate::subjects::subjects;
use crate::tools::{Crumb, beside, fresh, give_way, together, until};

crate::suite::cases! { ($) sync_cases as __sync_cases {
    c01_a_waiter_that_is_cancelled_takes_nothing(),
    c02_what_was_granted_to_the_cancelled_goes_on(),
    c03_never_two_at_once(),
    c04_who_waits_is_served_in_order(),
    c05_what_was_made_outside_works_everywhere(),
    c05_what_was_made_outside_meets_everywhere(),
} }

async fn c01_a_waiter_that_is_cancelled_takes_nothing() {
    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        // Cancelled, then released.
        let held = subject.try_acquire(1).expect("it is free");
        let mut waiter = subject.acquire(1);
        assert!(fresh(&mut waiter).await.is_pending());
        assert_eq!(subject.counts(), (0, 1));
        drop(waiter);
        assert_eq!(subject.counts(), (0, 0));
        drop(held);
        assert_eq!(subject.counts(), (1, 0));

        // Released, then cancelled.
        let held = subject.try_acquire(1).expect("it is free again");
        let mut waiter = subject.acquire(1);
        assert!(fresh(&mut waiter).await.is_pending());
        drop(held);
        assert!(subject.try_acquire(1).is_none(), "it is the waiter's");
        drop(waiter);
        assert_eq!(subject.counts(), (1, 0));
        assert!(subject.try_acquire(1).is_some());
        crumb.done();
    }
}

async fn c02_what_was_granted_to_the_cancelled_goes_on() {
    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        let held = subject.try_acquire(1).expect("it is free");
        let (mut second, mut third) = (subject.acquire(1), subject.acquire(1));
        assert!(fresh(&mut second).await.is_pending());
        assert!(fresh(&mut third).await.is_pending());
        drop(held);
        drop(second);
        assert_eq!(subject.counts(), (0, 0), "it goes to the next at once");
        let Poll::Ready(held) = fresh(&mut third).await else { panic!("the next was not let in") };
        assert!(subject.try_acquire(1).is_none());
        drop(held);
        // Within the limit again.
        let mut fourth = subject.acquire(1);
        let Poll::Ready(held) = fresh(&mut fourth).await else { panic!("it is free") };
        assert!(subject.try_acquire(1).is_none());
        drop(held);
        crumb.done();
    }
}

async fn c03_never_two_at_once() {
    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        let (subject, inside) = (Arc::new(subject), Arc::new(AtomicUsize::new(0)));
        let tried = Arc::clone(&subject);
        together(|group| async move {
            for _ in 0..3 {
                let (subject, inside) = (Arc::clone(&subject), Arc::clone(&inside));
                group.spawn(async move {
                    for _ in 0..5 {
                        let held = subject.acquire(1).await;
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        give_way().await;
                        assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
                        drop(held);
                    }
                });
            }
        })
        .await;
        assert_eq!(tried.counts(), (1, 0));
        crumb.done();
    }
}

async fn c04_who_waits_is_served_in_order() {
    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        let (subject, turn) = (Arc::new(subject), Arc::new(AtomicUsize::new(0)));
        together(|group| async move {
            let held = subject.try_acquire(1).expect("it is free");
            for number in 0..3 {
                let (waits, turn) = (Arc::clone(&subject), Arc::clone(&turn));
                group.spawn(async move {
                    let held = waits.acquire(1).await;
                    assert_eq!(turn.fetch_add(1, Ordering::SeqCst), number);
                    give_way().await;
                    drop(held);
                });
                until(|| subject.waiting() == number + 1).await;
            }
            drop(held);
            // A late comer is behind all of them.
            let held = subject.acquire(1).await;
            assert_eq!(turn.load(Ordering::SeqCst), 3);
            drop(held);
        })
        .await;
        crumb.done();
    }
}

async fn c05_what_was_made_outside_works_everywhere() {
    static KNOWN: (Lock<usize>, Event, RwLock<usize>) = (Lock::new(0), Event::new(), RwLock::new(0));
    let made = beside(|| (Lock::new(0), Semaphore::new(2), CapacityLimiter::new(3), Event::new()));
    let (lock, semaphore, limiter, event) = made.join().unwrap();

    let told = lock.statistics();
    assert_eq!((told.is_locked, told.waiting), (false, 0));
    let told = semaphore.statistics();
    assert_eq!((told.permits, told.available, told.waiting), (2, 2, 0));
    let told = limiter.statistics();
    assert_eq!((told.total, told.borrowed, told.borrowers.len(), told.waiting), (3, 0, 0, 0));
    let told = event.statistics();
    assert_eq!((told.is_set, told.waiting), (false, 0));

    let all = Arc::new((lock, semaphore, limiter, event));
    let used = Arc::clone(&all);
    together(|group| async move {
        for _ in 0..4 {
            let all = Arc::clone(&all);
            group.spawn(async move {
                let (lock, semaphore, limiter, event) = &*all;
                event.wait().await;
                let _permit = semaphore.acquire().await;
                let _token = limiter.acquire().await;
                *lock.lock().await += 1;
                *KNOWN.0.lock().await += 1;
                *KNOWN.2.write().await += 1;
                KNOWN.1.set();
            });
        }
        until(|| all.3.statistics().waiting == 4).await;
        all.3.set();
    })
    .await;
    let (lock, semaphore, limiter, event) = &*used;
    assert_eq!(*lock.lock().await, 4);
    assert!(*KNOWN.0.lock().await >= 4 && *KNOWN.2.read().await >= 4 && KNOWN.1.is_set());
    assert_eq!((semaphore.available_permits(), limiter.available_tokens()), (2, 3));
    assert_eq!(event.statistics().waiting, 0);
}

async fn c05_what_was_made_outside_meets_everywhere() {
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
