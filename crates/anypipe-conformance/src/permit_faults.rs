//! Permits and events where something goes wrong: crowds, cancels, panics, and numbers that make no sense.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use anypipe_core::Run;
use anypipe_core::run::{TaskGroup, inherit};
use anypipe_sync::{AcquireError, Borrower, CapacityLimiter, Event, Lock, Semaphore, TryAcquireError};

use crate::registry::Draw;
use crate::subjects::{Held, Subject, Wait, subjects};
use crate::tools::{
    Crumb, Dropped, Wakes, crowd, fresh, give_way, once, panic_in, panic_of, settle, together, until,
};

crate::suite::cases! { ($) permit_faults as __permit_faults {
    a_hundred_thousand_wait_and_are_served(),
    a_hundred_thousand_wait_and_are_dropped(seed),
    all_who_wait_are_cancelled(),
    who_is_cancelled_takes_nothing(),
    a_holder_that_panics_gives_back(),
    a_waker_that_panics_leaves_nobody_unwoken(),
    huge_numbers_are_told_or_taken(),
    a_limit_below_what_is_borrowed_waits(),
    a_borrower_borrows_once(),
    a_borrower_that_gave_up_may_ask_again(),
} }

/// Many who wait, none of whom can have anything.
fn waiting(subject: &Subject) -> (Held, VecDeque<Wait>) {
    let held = subject.try_acquire(subject.total).expect("all are free");
    let waits = (0..crowd()).map(|_| {
        let mut wait = subject.acquire(1);
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        wait
    });
    let waits = waits.collect();
    assert_eq!(subject.counts(), (0, crowd()));
    (held, waits)
}

async fn a_hundred_thousand_wait_and_are_served() {
    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        let (held, mut waits) = waiting(&subject);
        drop(held);
        while let Some(mut first) = waits.pop_front() {
            // One may give way once, after many in one poll.
            let held = loop {
                let Poll::Ready(held) = once(&mut first).await else { continue };
                break held;
            };
            assert_eq!(subject.counts(), (0, waits.len()));
            drop(held);
        }
        assert_eq!(subject.counts(), (1, 0));
        crumb.done();
    }
    let event = Event::new();
    let mut waits: Vec<_> = (0..crowd()).map(|_| Box::pin(event.wait())).collect();
    for wait in &mut waits {
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert_eq!(event.statistics().waiting, crowd());
    event.set();
    assert_eq!(event.statistics().waiting, 0);
}

async fn a_hundred_thousand_wait_and_are_dropped(seed: u64) {
    let mut draw = Draw::new(seed);
    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        let (held, mut waits) = waiting(&subject);
        while !waits.is_empty() {
            // From the front, the back and the middle.
            match draw.below(3) {
                0 => drop(waits.pop_front()),
                1 => drop(waits.pop_back()),
                _ => {
                    let index = draw.below(waits.len());
                    drop(waits.swap_remove_back(index));
                }
            }
        }
        assert_eq!(subject.counts(), (0, 0));
        drop(held);
        assert!(subject.try_acquire(1).is_some());
        crumb.done();
    }
}

async fn all_who_wait_are_cancelled() {
    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        let (subject, dropped) = (Arc::new(subject), Dropped::new());
        let (used, tells) = (Arc::clone(&subject), dropped.clone());
        let run = Run::new("waits", inherit, move |_scope| {
            together(move |group: TaskGroup<()>| async move {
                let held = subject.acquire(1).await;
                for _ in 0..50 {
                    let (subject, tells) = (Arc::clone(&subject), tells.tells());
                    group.spawn(async move {
                        let _tells = tells;
                        let _held = subject.acquire(1).await;
                        pending::<()>().await;
                    });
                }
                pending::<()>().await;
                drop(held);
            })
        });
        let running = run.start();
        until(|| used.waiting() == 50).await;
        running.control().cancel();
        assert!(running.await.unwrap_err().is_cancelled());
        // Whoever was let in for a moment has given it back.
        assert_eq!((used.counts(), dropped.live()), ((1, 0), 0));
        crumb.done();
    }
}

async fn who_is_cancelled_takes_nothing() {
    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        let (subject, taken) = (Arc::new(subject), Arc::new(AtomicBool::new(false)));
        let (free, takes) = (Arc::clone(&subject), Arc::clone(&taken));
        let run = Run::new("cancelled", inherit, move |scope| {
            let scope = scope.clone();
            async move {
                scope.cancel();
                // Free as it is.
                let _held = free.acquire(1).await;
                takes.store(true, Ordering::SeqCst);
            }
        });
        assert!(run.checked().await.unwrap_err().is_cancelled());
        assert!(!taken.load(Ordering::SeqCst), "who is cancelled goes on");
        assert_eq!(subject.counts(), (1, 0));
        crumb.done();
    }
}

async fn a_holder_that_panics_gives_back() {
    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        let (subject, wakes) = (Arc::new(subject), Wakes::new());
        let panics = async {
            let _held = subject.acquire(1).await;
            let mut next = subject.acquire(1);
            assert!(next.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
            // It is dropped before what is held, while this unwinds.
            panic!("a holder panics");
        };
        assert_eq!(panic_in(panics).await.as_deref(), Some("a holder panics"));
        assert_eq!(subject.counts(), (1, 0));
        crumb.done();
    }
    let lock = Arc::new(Lock::new(1));
    let holds = Arc::clone(&lock);
    let mut next = Box::pin(lock.lock());
    let panics = async {
        let mut value = holds.lock().await;
        assert!(once(&mut next).await.is_pending());
        *value = 2;
        panic!("a holder panics");
    };
    assert!(panic_in(panics).await.is_some());
    let Poll::Ready(value) = fresh(&mut next).await else { panic!("it was given to the next") };
    assert_eq!(*value, 2, "as it was left");
}

async fn a_waker_that_panics_leaves_nobody_unwoken() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker panics");
        }
    }
    let (event, wakes) = (Event::new(), [Wakes::new(), Wakes::new()]);
    let wakers = [wakes[0].waker(), Waker::from(Arc::new(Panics)), wakes[1].waker()];
    let mut waits: Vec<_> = wakers.iter().map(|_| Box::pin(event.wait())).collect();
    for (wait, waker) in waits.iter_mut().zip(&wakers) {
        assert!(wait.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    }
    assert_eq!(panic_of(|| event.set()).as_deref(), Some("a waker panics"));
    assert_eq!((wakes[0].count(), wakes[1].count(), event.is_set()), (1, 1, true));

    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        let mut held = Some(subject.try_acquire(1).expect("it is free"));
        let (mut first, mut second) = (subject.acquire(1), subject.acquire(1));
        // In a poll that has just begun: one that has gone on for long, as a panic that is printed does, has who asks give
        // way, and wakes it.
        give_way().await;
        assert!(first.as_mut().poll(&mut Context::from_waker(&wakers[1])).is_pending());
        assert!(second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(panic_of(|| drop(held.take())).as_deref(), Some("a waker panics"));
        // The permit is the first's all the same, and goes on with it.
        assert_eq!(subject.counts(), (0, 1));
        drop(first);
        assert!(fresh(&mut second).await.is_ready());
        crumb.done();
    }
}

async fn huge_numbers_are_told_or_taken() {
    let most = Semaphore::MAX_PERMITS;
    let semaphore = Semaphore::new(most);
    let all = semaphore.try_acquire_many(most).expect("all are free");
    assert!(semaphore.try_acquire().is_none());
    assert!(semaphore.try_acquire_many(usize::MAX).is_none());
    let text = panic_of(|| semaphore.add_permits(1)).expect("there are as many as there can be");
    assert!(text.contains("`Semaphore::MAX_PERMITS`"), "{text}");
    let text = panic_of(|| semaphore.add_permits(usize::MAX)).expect("that is too many");
    assert!(text.contains("`Semaphore::MAX_PERMITS`"), "{text}");
    drop(all);
    assert_eq!(semaphore.available_permits(), most);
    let text = panic_of(|| Semaphore::new(usize::MAX)).expect("that is too many");
    assert!(text.contains("`Semaphore::MAX_PERMITS`"), "{text}");
    let text = panic_in(semaphore.acquire_many(usize::MAX)).await.expect("so many there never are");
    assert!(text.contains("`Semaphore::MAX_PERMITS`"), "{text}");
    assert_eq!(semaphore.statistics().waiting, 0);

    let limiter = CapacityLimiter::new(usize::MAX);
    let _token = limiter.try_acquire().unwrap();
    assert_eq!(limiter.available_tokens(), usize::MAX - 1);
    limiter.set_total_tokens(0);
    assert!(limiter.try_acquire().is_none());
    assert_eq!(limiter.available_tokens(), 0);
}

async fn a_limit_below_what_is_borrowed_waits() {
    let limiter = CapacityLimiter::new(3);
    let mut tokens: VecDeque<_> = (0..3).map(|_| limiter.try_acquire().unwrap()).collect();
    let mut waits = Box::pin(limiter.acquire());
    assert!(fresh(&mut waits).await.is_pending());
    limiter.set_total_tokens(1);
    for _ in 0..2 {
        tokens.pop_front();
        assert!(fresh(&mut waits).await.is_pending(), "too many are borrowed still");
        assert!(limiter.try_acquire().is_none());
    }
    let told = limiter.statistics();
    assert_eq!((told.total, told.borrowed, told.waiting), (1, 1, 1));
    tokens.pop_front();
    let Poll::Ready(token) = fresh(&mut waits).await else { panic!("all have come back") };

    // And up again: so many go on at once.
    let wakes = Wakes::new();
    let mut waits: Vec<_> = (0..4).map(|_| Box::pin(limiter.acquire())).collect();
    for wait in &mut waits {
        assert!(wait.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
    }
    limiter.set_total_tokens(3);
    assert_eq!(wakes.count(), 2);
    assert_eq!(limiter.statistics().borrowed, 3);
    limiter.set_total_tokens(usize::MAX);
    assert_eq!(wakes.count(), 4);
    drop(waits);
    drop(token);
    assert_eq!(limiter.borrowed_tokens(), 0);
}

async fn a_borrower_borrows_once() {
    let limiter = CapacityLimiter::new(1);
    let error = limiter.release_on_behalf_of("one").unwrap_err();
    assert_eq!(error.borrower(), &Borrower::from("one"));
    limiter.acquire_on_behalf_of("one").await.unwrap();
    assert_eq!(limiter.acquire_on_behalf_of("one").await, Err(AcquireError::Holds("one".into())));
    assert_eq!(limiter.try_acquire_on_behalf_of("one"), Err(TryAcquireError::Holds("one".into())));
    assert_eq!(limiter.try_acquire_on_behalf_of("two"), Err(TryAcquireError::Full));

    // Waiting twice is told too, and giving back what one waits for.
    let mut two = Box::pin(limiter.acquire_on_behalf_of("two"));
    assert!(fresh(&mut two).await.is_pending());
    assert_eq!(limiter.acquire_on_behalf_of("two").await, Err(AcquireError::Waits("two".into())));
    assert_eq!(limiter.try_acquire_on_behalf_of("two"), Err(TryAcquireError::Waits("two".into())));
    assert!(limiter.release_on_behalf_of("two").is_err());
    assert_eq!(limiter.statistics().borrowers, ["one".into()]);
    limiter.release_on_behalf_of("one").unwrap();
    assert!(limiter.release_on_behalf_of("one").is_err(), "it was given back already");
    // It is granted, and not in hand before it looks.
    assert!(limiter.release_on_behalf_of("two").is_err());
    assert_eq!(limiter.borrowed_tokens(), 1);
    assert_eq!(fresh(&mut two).await, Poll::Ready(Ok(())));
    assert_eq!(limiter.statistics().borrowers, ["two".into()]);
    // A token without a name is nobody's.
    limiter.set_total_tokens(2);
    let token = limiter.acquire().await;
    assert_eq!((limiter.borrowed_tokens(), limiter.statistics().borrowers.len()), (2, 1));
    drop(token);
    limiter.release_on_behalf_of("two").unwrap();
    assert_eq!(limiter.borrowed_tokens(), 0);
}

async fn a_borrower_that_gave_up_may_ask_again() {
    let limiter = CapacityLimiter::new(1);
    let token = limiter.acquire().await;
    for is_granted in [false, true] {
        let mut waits = Box::pin(limiter.acquire_on_behalf_of(7));
        assert!(fresh(&mut waits).await.is_pending());
        if is_granted {
            limiter.set_total_tokens(2);
            assert_eq!(limiter.borrowed_tokens(), 2);
        }
        drop(waits);
        assert_eq!(limiter.borrowed_tokens(), 1);
    }
    drop(token);
    assert_eq!(limiter.acquire_on_behalf_of(7).await, Ok(()));
    settle().await;
    limiter.release_on_behalf_of(7).unwrap();
}
