//! I, and H2. Faults measured in the peers.
//!
//! I5 is a runtime's own to show (`tests/shutdown.rs`), I9 to I12 the facade's.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anypipe_core::channel::{Sender, bounded};
use anypipe_core::drive::Order;
use anypipe_core::option::IntoBlocking;
use anypipe_stages::{source, stage};

use crate::registry::{Census, Item};
use crate::tools::{
    Clock, Dropped, flow, give_way, is_virtual, next, panic_of, settle, sleep, together, unit, until,
};

crate::suite::cases! { ($) peers as __peers {
    h02_blocking_work_keeps_to_its_limit(),
    h02_a_panic_of_blocking_work_is_the_runs(),
    i01_a_slow_consumer_snoozes_no_job(),
    i02_two_stages_share_a_lock(),
    i03_a_panic_is_never_swallowed(),
    i04_futures_go_with_the_run(),
    i06_a_join_waits_for_a_slow_destructor(),
    i07_a_queue_goes_with_its_last_receiver(),
    i08_an_eager_source_is_held_to_the_bound(),
    i13_slow_synchronous_jobs_come_out_one_by_one(),
    i14_slow_items_keep_all_workers_busy(),
    i15_two_panicking_destructors_in_a_queue(),
} }

async fn h02_blocking_work_keeps_to_its_limit() {
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (enters, sees) = (Arc::clone(&inside), Arc::clone(&most));
    let blocks = stage::map(move |item: u32| {
        sees.fetch_max(enters.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        block(Duration::from_millis(2));
        enters.fetch_sub(1, Ordering::SeqCst);
        item
    });
    let blocks = blocks.into_blocking().edit(|boundary| boundary.workers(3));
    assert_eq!(flow(source::from_iter(0..12)).pipe(blocks).collect().await, (0..12).collect::<Vec<_>>());
    assert!(most.load(Ordering::SeqCst) <= 3);
    assert_eq!(inside.load(Ordering::SeqCst), 0);
}

/// Work that blocks its thread. Time that is virtual stands still meanwhile, so nothing is slow there.
#[expect(clippy::disallowed_methods, reason = "work that blocks its thread")]
fn block(length: Duration) {
    if !is_virtual() {
        std::thread::sleep(length);
    }
}

async fn h02_a_panic_of_blocking_work_is_the_runs() {
    let blocks = stage::map(|item: u32| {
        assert!(item != 5, "five");
        item
    });
    let blocks = blocks.into_blocking().edit(|boundary| boundary.workers(3).named("pool"));
    let error = flow(source::from_iter(0..12)).pipe(blocks).collect().checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `pool` panicked: five");
}

async fn i01_a_slow_consumer_snoozes_no_job() {
    let (begun, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (begins, ends) = (Arc::clone(&begun), Arc::clone(&done));
    let jobs = stage::then(move |item: u32| {
        let (begins, ends) = (Arc::clone(&begins), Arc::clone(&ends));
        async move {
            let clock = Clock::start();
            begins.fetch_add(1, Ordering::SeqCst);
            sleep(unit() * 2).await;
            clock.assert_at(2);
            ends.fetch_add(1, Ordering::SeqCst);
            item
        }
    });
    let mut came = flow(source::from_iter(0..12)).pipe(jobs).workers(4).buffer_size(2).stream();
    for item in 0..12 {
        assert_eq!(next(&mut came).await, Some(item));
        sleep(unit() * 20).await;
        // While nothing is taken, whatever was begun is done.
        until(|| begun.load(Ordering::SeqCst) == done.load(Ordering::SeqCst)).await;
    }
    assert_eq!(next(&mut came).await, None);
}

/// Holds the lock over a wait. Whoever has the room of the channel has the lock.
async fn locked(lock: &Sender<()>) {
    let permit = lock.reserve().await.expect("the receiver is alive");
    give_way().await;
    drop(permit);
}

async fn i02_two_stages_share_a_lock() {
    let (lock, keeps) = bounded(1);
    let (first, second) = (lock.clone(), lock);
    let stages = [first, second].map(|lock| {
        stage::then(move |item: u32| {
            let lock = lock.clone();
            async move {
                locked(&lock).await;
                item
            }
        })
    });
    let [first, second] = stages;
    let run = flow(source::from_iter(0..64)).pipe(first).workers(3).pipe(second).workers(3).collect();
    assert_eq!(run.await.len(), 64);
    drop(keeps);
}

async fn i03_a_panic_is_never_swallowed() {
    for order in [Order::Ordered, Order::Unordered] {
        for (items, every) in [(100, 50), (1000, 10)] {
            let risky = stage::then(move |item: u32| async move {
                assert!(item % every != every - 1, "a bad item");
                item
            });
            let risky = risky.edit(|boundary| boundary.workers(4).order(order).named("risky"));
            let error = flow(source::from_iter(0..items)).pipe(risky).collect().checked().await.unwrap_err();
            assert_eq!(error.stage(), Some("risky"));
            assert!(error.to_string().starts_with("stage `risky` panicked: a bad item"), "{error}");
        }
    }
}

async fn i04_futures_go_with_the_run() {
    let (begun, dropped) = (Arc::new(AtomicUsize::new(0)), Dropped::new());
    let (begins, tells) = (Arc::clone(&begun), dropped.clone());
    let stuck = stage::then(move |item: u32| {
        let (begins, tells) = (Arc::clone(&begins), tells.tells());
        async move {
            begins.fetch_add(1, Ordering::SeqCst);
            pending::<()>().await;
            drop(tells);
            item
        }
    });
    let running = flow(source::from_iter(0..)).pipe(stuck).workers(4).collect().start();
    until(|| begun.load(Ordering::SeqCst) == 4).await;
    drop(running);
    if is_virtual() {
        assert_eq!(dropped.count(), 4, "at once");
    }
    // A thread may still be leaving the poll in which it said that it had begun.
    until(|| dropped.count() == 4).await;
}

/// Takes its time to be dropped.
struct Slow(Arc<AtomicBool>);

impl Drop for Slow {
    fn drop(&mut self) {
        block(Duration::from_millis(40));
        self.0.store(true, Ordering::SeqCst);
    }
}

async fn i06_a_join_waits_for_a_slow_destructor() {
    let dropped = together(|group| async move {
        let dropped = Arc::new(AtomicBool::new(false));
        let slow = Slow(Arc::clone(&dropped));
        let started = group.start(|started| async move {
            let _slow = slow;
            started.ready(());
            pending::<()>().await;
        });
        started.await.unwrap();
        group.scope().cancel_and_join().await;
        dropped.load(Ordering::SeqCst)
    });
    assert!(dropped.await);
}

async fn i07_a_queue_goes_with_its_last_receiver() {
    let tally = Census::new();
    let (tx, rx) = bounded(8);
    for value in 0..5 {
        tx.try_send(tally.item(value)).unwrap();
    }
    let other = rx.clone();
    drop(rx);
    assert_eq!(tally.live(), 5);
    drop(other);
    assert_eq!(tally.live(), 0);
    let error = tx.send(tally.item(9)).await.unwrap_err();
    assert_eq!(error.into_inner().value(), 9);
}

async fn i08_an_eager_source_is_held_to_the_bound() {
    const BUFFER: usize = 3;
    let tally = Census::new();
    let makes = tally.clone();
    let items = (0..).map(move |value| makes.item(value));
    let pass = || stage::then(async |item: Item| item);
    let run = flow(source::from_iter(items))
        .pipe(pass())
        .buffer_size(BUFFER)
        .pipe(pass())
        .workers(2)
        .buffer_size(BUFFER)
        .pipe(pass())
        .buffer_size(BUFFER);
    let mut came = run.stream();
    let first = next(&mut came).await.expect("an endless source");
    settle().await;
    // The boundaries' buffers and workers, and the one in hand.
    let bound = 3 * BUFFER + 4 + 1;
    if is_virtual() {
        assert_eq!(tally.made(), bound, "exactly the bound, once nothing moves any more");
    }
    assert!(tally.made() <= bound, "{} items were asked for", tally.made());
    drop((first, came));
}

async fn i13_slow_synchronous_jobs_come_out_one_by_one() {
    let begun = Arc::new(AtomicUsize::new(0));
    let begins = Arc::clone(&begun);
    let jobs = stage::then(move |item: u32| {
        begins.fetch_add(1, Ordering::SeqCst);
        block(Duration::from_millis(5));
        async move { item }
    });
    let consumer = together(|group| async move {
        // In a task: a runtime may poll its root less often than its tasks.
        let consumer = group.spawn(async move {
            let mut came = flow(source::from_iter(0..40)).pipe(jobs).stream();
            assert_eq!(next(&mut came).await, Some(0));
            if !is_virtual() {
                assert!(begun.load(Ordering::SeqCst) < 20, "a whole chunk was done first");
            }
            drop(came);
            let at_drop = begun.load(Ordering::SeqCst);
            settle().await;
            assert!(begun.load(Ordering::SeqCst) <= at_drop + 1, "a job started after the receiver went");
        });
        consumer.await
    });
    consumer.await.unwrap();
}

async fn i14_slow_items_keep_all_workers_busy() {
    let (inside, full) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let trickle = source::from_fn(|sender| async move {
        for item in 0..12 {
            sleep(unit() / 4).await;
            sender.send(item).await.expect("the run is alive");
        }
    });
    let jobs = stage::then(move |item: u32| {
        let (inside, full) = (Arc::clone(&inside), Arc::clone(&full));
        async move {
            if inside.fetch_add(1, Ordering::SeqCst) + 1 == 4 {
                full.store(true, Ordering::SeqCst);
            }
            // Nobody leaves before all four are at work.
            until(|| full.load(Ordering::SeqCst)).await;
            inside.fetch_sub(1, Ordering::SeqCst);
            item
        }
    });
    assert_eq!(flow(trickle).pipe(jobs).workers(4).collect().await.len(), 12);
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a bomb");
    }
}

async fn i15_two_panicking_destructors_in_a_queue() {
    let (tx, rx) = bounded(2);
    assert!(tx.try_send(Bomb).is_ok() && tx.try_send(Bomb).is_ok());
    assert_eq!(panic_of(|| drop(rx)).as_deref(), Some("a bomb"));
    assert!(tx.is_closed());
}
