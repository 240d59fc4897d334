//! Whose turn it is: who waits for permits is served in order, is passed by nobody, and hands on what it was granted.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use anypipe_sync::{Event, Lock, RwLock, RwLockWriteGuard, Semaphore};

use crate::subjects::{Subject, Wait, subjects};
use crate::tools::{Crumb, Wakes, beside, fresh, give_way, is_virtual, once, together, wait};

crate::suite::cases! { ($) permit_turns as __permit_turns {
    what_is_freed_for_a_waiter_is_nobody_elses(),
    who_wants_many_is_not_passed(),
    readers_go_together_up_to_the_next_writer(),
    a_writer_goes_on_as_a_reader(),
    permits_are_added_and_forgotten(),
    a_long_line_of_the_woken_hands_on(),
    who_gives_way_with_it_in_hand_hands_it_on(),
    who_moved_on_is_woken_where_it_is(),
    a_loop_that_takes_what_is_free_gives_way(),
    plain_threads_and_tasks_share(),
} }

async fn what_is_freed_for_a_waiter_is_nobody_elses() {
    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        let held = subject.try_acquire(1).expect("it is free");
        let mut waiter = subject.acquire(1);
        assert!(fresh(&mut waiter).await.is_pending());
        drop(held);
        assert_eq!(subject.counts(), (0, 0), "it was handed over");
        assert!(subject.try_acquire(1).is_none(), "a try gets ahead");
        let mut late = subject.acquire(1);
        assert!(fresh(&mut late).await.is_pending(), "a late comer gets ahead");
        let Poll::Ready(held) = fresh(&mut waiter).await else { panic!("it is the waiter's") };
        drop(held);
        assert!(fresh(&mut late).await.is_ready());
        crumb.done();
    }
}

async fn who_wants_many_is_not_passed() {
    let semaphore = Semaphore::new(3);
    let one = semaphore.try_acquire().unwrap();
    let mut all = Box::pin(semaphore.acquire_many(3));
    assert!(fresh(&mut all).await.is_pending());
    let mut small = Box::pin(semaphore.acquire());
    assert!(fresh(&mut small).await.is_pending());
    assert_eq!((semaphore.available_permits(), semaphore.statistics().waiting), (2, 2));
    assert!(semaphore.try_acquire().is_none(), "they are kept for the first");
    // Where it gives up, who is behind it gets what it wants at once.
    let wakes = Wakes::new();
    assert!(small.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
    drop(all);
    assert_eq!(wakes.count(), 1);
    assert!(fresh(&mut small).await.is_ready());
    drop(one);
}

async fn readers_go_together_up_to_the_next_writer() {
    let lock = RwLock::new(0);
    let first = lock.read().await;
    let wakes: Vec<_> = (0..5).map(|_| Wakes::new()).collect();
    let polls = |wait: Pin<&mut dyn Future<Output = ()>>, nth: usize| {
        wait.poll(&mut Context::from_waker(&wakes[nth].waker()))
    };
    let woken = || wakes.iter().map(Wakes::count).collect::<Vec<_>>();
    // What is had is given back when the wait is dropped, and not before.
    let (kept, writes) = (Lock::new(Vec::new()), Lock::new(Vec::new()));
    let reads = || async {
        let value = lock.read().await;
        kept.try_lock().unwrap().push(value);
    };
    let writes_on = || async {
        let value = lock.write().await;
        writes.try_lock().unwrap().push(value);
    };
    let mut writer = Box::pin(writes_on());
    assert!(polls(writer.as_mut(), 0).is_pending());
    assert!(lock.try_read().is_none(), "a writer waits");
    let (mut one, mut two) = (Box::pin(reads()), Box::pin(reads()));
    assert!(polls(one.as_mut(), 1).is_pending(), "it would pass the writer");
    assert!(polls(two.as_mut(), 2).is_pending());
    let (mut last, mut late) = (Box::pin(writes_on()), Box::pin(reads()));
    assert!(polls(last.as_mut(), 3).is_pending());
    assert!(polls(late.as_mut(), 4).is_pending());
    drop(first);
    assert_eq!(woken(), [1, 0, 0, 0, 0]);
    give_way().await;
    assert!(polls(writer.as_mut(), 0).is_ready());
    writes.try_lock().unwrap().clear();
    assert_eq!(woken(), [1, 1, 1, 0, 0], "both readers, and nobody behind the next writer");
    give_way().await;
    assert!(polls(two.as_mut(), 2).is_ready());
    give_way().await;
    assert!(polls(one.as_mut(), 1).is_ready());
    assert_eq!(lock.statistics().readers, 2);
    kept.try_lock().unwrap().clear();
    assert_eq!(woken(), [1, 1, 1, 1, 0]);
    // A writer that is dropped lets the readers behind it go on.
    drop(last);
    assert_eq!(woken(), [1, 1, 1, 1, 1]);
    give_way().await;
    assert!(polls(late.as_mut(), 4).is_ready());
}

async fn a_writer_goes_on_as_a_reader() {
    let lock = RwLock::new(1);
    let mut value = lock.write().await;
    let (mut read, mut write, mut late) =
        (Box::pin(lock.read()), Box::pin(lock.write()), Box::pin(lock.read()));
    assert!(fresh(&mut read).await.is_pending());
    assert!(fresh(&mut write).await.is_pending());
    assert!(fresh(&mut late).await.is_pending());
    *value = 2;
    let value = RwLockWriteGuard::downgrade(value);
    let Poll::Ready(same) = fresh(&mut read).await else { panic!("it may read beside it") };
    assert_eq!((*value, *same), (2, 2));
    assert!(fresh(&mut write).await.is_pending());
    assert!(fresh(&mut late).await.is_pending(), "it would pass the writer");
    let told = lock.statistics();
    assert_eq!((told.readers, told.is_written, told.waiting), (2, false, 2));
    drop((value, same));
    assert!(fresh(&mut write).await.is_ready());
    assert!(fresh(&mut late).await.is_ready());
}

async fn permits_are_added_and_forgotten() {
    let semaphore = Arc::new(Semaphore::new(0));
    let (mut one, mut two) = (Box::pin(semaphore.acquire()), Box::pin(semaphore.acquire_many(2)));
    assert!(fresh(&mut one).await.is_pending());
    assert!(fresh(&mut two).await.is_pending());
    semaphore.add_permits(2);
    let Poll::Ready(first) = fresh(&mut one).await else { panic!("it was the first") };
    assert!(fresh(&mut two).await.is_pending());
    semaphore.add_permits(1);
    let Poll::Ready(both) = fresh(&mut two).await else { panic!("two are free") };
    assert_eq!((first.permits(), both.permits()), (1, 2));
    both.forget();
    drop(first);
    let told = semaphore.statistics();
    assert_eq!((told.permits, told.available, told.waiting), (1, 1, 0));
    let owned = Arc::clone(&semaphore).acquire_owned().await;
    owned.forget();
    assert_eq!(semaphore.statistics().permits, 0);
    // None are had at once, whoever waits.
    let mut waits = Box::pin(semaphore.acquire());
    assert!(fresh(&mut waits).await.is_pending());
    assert_eq!(semaphore.acquire_many(0).await.permits(), 0);
    semaphore.add_permits(1);
    assert!(fresh(&mut waits).await.is_ready());
}

async fn a_long_line_of_the_woken_hands_on() {
    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        let held = subject.try_acquire(1).expect("it is free");
        let mut waiters: VecDeque<Wait> = VecDeque::new();
        for _ in 0..1000 {
            let mut wait = subject.acquire(1);
            assert!(once(&mut wait).await.is_pending());
            waiters.push_back(wait);
        }
        drop(held);
        for left in (1..1000).rev() {
            // Each was granted what the one before was granted, and goes without a look at it.
            drop(waiters.pop_front());
            assert_eq!(subject.counts(), (0, left - 1));
        }
        assert!(fresh(&mut waiters[0]).await.is_ready());
        assert_eq!(subject.counts(), (1, 0));
        crumb.done();
    }
}

async fn who_gives_way_with_it_in_hand_hands_it_on() {
    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        let held = subject.try_acquire(1).expect("it is free");
        let (mut first, mut second) = (subject.acquire(1), subject.acquire(1));
        assert!(fresh(&mut first).await.is_pending());
        assert!(fresh(&mut second).await.is_pending());
        drop(held);
        // So that this poll has gone on for long.
        let free = Semaphore::new(1);
        while once(Box::pin(free.acquire())).await.is_ready() {}
        assert!(once(&mut first).await.is_pending(), "it gives way");
        assert_eq!(subject.counts(), (0, 1));
        drop(first);
        assert_eq!(subject.counts(), (0, 0));
        assert!(fresh(&mut second).await.is_ready());
        assert_eq!(subject.counts(), (1, 0));
        crumb.done();
    }
}

async fn who_moved_on_is_woken_where_it_is() {
    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        let held = subject.try_acquire(1).expect("it is free");
        let (mut wait, old, new) = (subject.acquire(1), Wakes::new(), Wakes::new());
        for wakes in [&old, &new, &new] {
            assert!(wait.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
        }
        assert_eq!(old.held(), 0);
        drop(held);
        assert_eq!((old.count(), new.count()), (0, 1));
        assert!(fresh(&mut wait).await.is_ready());
        crumb.done();
    }
}

async fn a_loop_that_takes_what_is_free_gives_way() {
    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        let (subject, over) = (Arc::new(subject), Arc::new(AtomicBool::new(false)));
        together(|group| async move {
            let ends = Arc::clone(&over);
            group.spawn(async move {
                while !over.load(Ordering::SeqCst) {
                    drop(subject.acquire(1).await);
                }
            });
            // Where there is one thread this needs the loop to give way.
            group.spawn(async move { ends.store(true, Ordering::SeqCst) });
        })
        .await;
        crumb.done();
    }
    let (event, over) = (Event::new(), Arc::new(AtomicBool::new(false)));
    event.set();
    together(|group| async move {
        let ends = Arc::clone(&over);
        group.spawn(async move {
            while !over.load(Ordering::SeqCst) {
                event.wait().await;
            }
        });
        group.spawn(async move { ends.store(true, Ordering::SeqCst) });
    })
    .await;
}

async fn plain_threads_and_tasks_share() {
    const TURNS: usize = 200;
    for subject in subjects(1) {
        let crumb = Crumb::new(subject.name);
        let (subject, inside) = (Arc::new(subject), Arc::new(AtomicUsize::new(0)));
        let turns = |subject: Arc<Subject>, inside: Arc<AtomicUsize>| async move {
            for _ in 0..TURNS {
                let held = subject.acquire(1).await;
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                inside.fetch_sub(1, Ordering::SeqCst);
                drop(held);
            }
        };
        if is_virtual() {
            // It may not wait for what other threads do: there a thread is done before the task begins.
            let thread = turns(Arc::clone(&subject), Arc::clone(&inside));
            beside(move || wait(thread)).join().unwrap();
            turns(Arc::clone(&subject), inside).await;
        } else {
            let thread = turns(Arc::clone(&subject), Arc::clone(&inside));
            let thread = beside(move || wait(thread));
            turns(Arc::clone(&subject), inside).await;
            thread.join().unwrap();
        }
        assert_eq!(subject.counts(), (1, 0));
        crumb.done();
    }
}
