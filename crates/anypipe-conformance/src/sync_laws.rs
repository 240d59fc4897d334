//! Permits and events under whatever may happen: against a model, among tasks, in crowds, and where something fails.

use std::collections::{BTreeSet, VecDeque};
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use anypipe_core::Run;
use anypipe_core::run::{TaskGroup, inherit};
use anypipe_sync::{
    AcquireError, Borrower, CapacityLimiter, Event, Lock, RwLock, RwLockWriteGuard, Semaphore,
    TryAcquireError,
};

use crate::registry::Draw;
use crate::subjects::{Held, Subject, Wait, subjects};
use crate::tools::{
    Crumb, Dropped, Wakes, beside, drop_after, fresh, give_way, is_virtual, once, panic_in, panic_of, settle,
    together, until, wait,
};

crate::suite::cases! { ($) sync_laws as __sync_laws {
    permits_follow_the_model(seed),
    an_event_follows_the_model(seed),
    nothing_is_lost_among_tasks(seed),
    what_is_freed_for_a_waiter_is_nobody_elses(),
    who_wants_many_is_not_passed(),
    readers_go_together_up_to_the_next_writer(),
    a_writer_goes_on_as_a_reader(),
    a_long_line_of_the_woken_hands_on(),
    who_gives_way_with_it_in_hand_hands_it_on(),
    a_hundred_thousand_wait_and_are_served(),
    a_hundred_thousand_wait_and_are_dropped(seed),
    all_who_wait_are_cancelled(),
    a_loop_that_takes_what_is_free_gives_way(),
    who_is_cancelled_takes_nothing(),
    a_holder_that_panics_gives_back(),
    a_waker_that_panics_leaves_nobody_unwoken(),
    who_moved_on_is_woken_where_it_is(),
    plain_threads_and_tasks_share(),
    huge_numbers_are_told_or_taken(),
    permits_are_added_and_forgotten(),
    a_limit_below_what_is_borrowed_waits(),
    a_borrower_borrows_once(),
    a_borrower_that_gave_up_may_ask_again(),
} }

/// One who waits, and how it is woken.
struct Waiter {
    id: usize,
    wanted: usize,
    wait: Wait,
    wakes: Wakes,
}

impl Waiter {
    /// Polls it with its own waker, in a poll of the case's that has just begun.
    async fn poll(&mut self) -> Poll<Held> {
        give_way().await;
        self.wait.as_mut().poll(&mut Context::from_waker(&self.wakes.waker()))
    }
}

/// What permits mean: so many free ones, and a queue.
struct Model {
    /// Below nothing where there are fewer than were handed out.
    free: isize,
    queue: VecDeque<(usize, usize)>,
    /// Who was granted what it wanted, and has not looked.
    granted: BTreeSet<usize>,
}

impl Model {
    fn is_open(&self, wanted: usize) -> bool {
        wanted == 0 || (self.queue.is_empty() && size(wanted) <= self.free)
    }

    fn take(&mut self, wanted: usize) {
        self.free -= size(wanted);
    }

    fn give(&mut self, permits: usize) {
        self.free += size(permits);
        self.settle();
    }

    fn settle(&mut self) {
        while let Some((id, wanted)) = self.queue.front().copied().filter(|(_, n)| size(*n) <= self.free) {
            self.queue.pop_front();
            self.take(wanted);
            self.granted.insert(id);
        }
    }

    /// Takes one out who waits or was granted what it wanted.
    fn leave(&mut self, id: usize, wanted: usize) {
        if self.granted.remove(&id) {
            return self.give(wanted);
        }
        self.queue.retain(|(other, _)| *other != id);
        self.settle();
    }
}

fn size(permits: usize) -> isize {
    isize::try_from(permits).expect("not that many")
}

/// How many steps are drawn: few where there are many seeds.
fn steps() -> usize {
    if is_virtual() { 120 } else { 400 }
}

async fn permits_follow_the_model(seed: u64) {
    let mut draw = Draw::new(seed);
    let total = draw.within(2..=4);
    for subject in subjects(total) {
        follow_the_model(subject, &mut draw).await;
    }
}

async fn follow_the_model(subject: Subject, draw: &mut Draw) {
    let crumb = Crumb::new(subject.name);
    let mut model = Model { free: size(subject.total), queue: VecDeque::new(), granted: BTreeSet::new() };
    let (mut waiters, mut held): (Vec<Waiter>, Vec<(usize, Held)>) = (Vec::new(), Vec::new());
    let mut total = size(subject.total);
    for id in 0..steps() {
        let kind = draw.below(8);
        match kind {
            0 | 1 => {
                let wanted = (subject.wants)(draw);
                let mut waiter = Waiter { id, wanted, wait: subject.acquire(wanted), wakes: Wakes::new() };
                match waiter.poll().await {
                    Poll::Ready(permits) => {
                        assert!(model.is_open(wanted), "{wanted} were had before others, or were not there");
                        model.take(wanted);
                        held.push((wanted, permits));
                    }
                    Poll::Pending => {
                        assert!(!model.is_open(wanted), "{wanted} were free");
                        model.queue.push_back((id, wanted));
                        waiters.push(waiter);
                    }
                }
            }
            2 => {
                let wanted = (subject.wants)(draw);
                let permits = subject.try_acquire(wanted);
                assert_eq!(permits.is_some(), model.is_open(wanted), "a try for {wanted}");
                if let Some(permits) = permits {
                    model.take(wanted);
                    held.push((wanted, permits));
                }
            }
            3 if !held.is_empty() => {
                let (permits, value) = held.swap_remove(draw.below(held.len()));
                drop(value);
                model.give(permits);
            }
            4 if !waiters.is_empty() => {
                let waiter = waiters.swap_remove(draw.below(waiters.len()));
                model.leave(waiter.id, waiter.wanted);
                let wakes = waiter.wakes.clone();
                drop(waiter);
                assert_eq!(wakes.held(), 0, "a waker is kept of one who went");
            }
            5 | 6 if !waiters.is_empty() => {
                let index = draw.below(waiters.len());
                let waiter = &mut waiters[index];
                let granted = model.granted.contains(&waiter.id);
                if !granted && draw.coin() {
                    // It goes on elsewhere.
                    waiter.wakes = Wakes::new();
                }
                match waiter.poll().await {
                    Poll::Ready(permits) => {
                        assert!(model.granted.remove(&waiter.id), "it was not its turn");
                        held.push((waiter.wanted, permits));
                        waiters.swap_remove(index);
                    }
                    Poll::Pending => assert!(!granted, "what it was granted is its own"),
                }
            }
            7 => {
                if let Some(resize) = &subject.resize {
                    let by = size(draw.below(4)) - 1;
                    if total + by >= 0 {
                        resize(by);
                        (total, model.free) = (total + by, model.free + by);
                        model.settle();
                    }
                }
            }
            _ => {}
        }
        let told = (model.free.max(0).unsigned_abs(), model.queue.len());
        assert_eq!(subject.counts(), told, "after step {id}, a {kind}");
        for waiter in &waiters {
            let granted = model.granted.contains(&waiter.id);
            assert_eq!(
                waiter.wakes.count(),
                usize::from(granted),
                "{} wakes in vain or not at all",
                waiter.id
            );
        }
    }
    drop(waiters);
    drop(held);
    assert_eq!(subject.counts(), (total.unsigned_abs(), 0), "something was lost");
    crumb.done();
}

async fn an_event_follows_the_model(seed: u64) {
    let mut draw = Draw::new(seed);
    let (event, mut waiters) = (Arc::new(Event::new()), Vec::new());
    let waits = || {
        let event = Arc::clone(&event);
        let wait: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move { event.wait().await });
        (wait, Wakes::new())
    };
    let set_at = draw.below(steps());
    for step in 0..steps() {
        if step == set_at {
            event.set();
            for (_, wakes) in &waiters {
                let wakes: &Wakes = wakes;
                assert_eq!(wakes.count(), 1, "each is woken once");
            }
        }
        let is_set = step >= set_at;
        match draw.below(4) {
            0 | 1 => {
                let (mut wait, wakes) = waits();
                give_way().await;
                let polled = wait.as_mut().poll(&mut Context::from_waker(&wakes.waker()));
                assert_eq!(polled.is_ready(), is_set);
                if polled.is_pending() {
                    waiters.push((wait, wakes));
                }
            }
            2 if !waiters.is_empty() => {
                let (wait, wakes) = waiters.swap_remove(draw.below(waiters.len()));
                drop(wait);
                assert_eq!(wakes.held(), 0, "a waker is kept of one who went");
            }
            3 if !waiters.is_empty() => {
                let index = draw.below(waiters.len());
                let (wait, wakes) = &mut waiters[index];
                give_way().await;
                let polled = wait.as_mut().poll(&mut Context::from_waker(&wakes.waker()));
                assert_eq!(polled.is_ready(), is_set);
                if is_set {
                    drop(waiters.swap_remove(index));
                }
            }
            _ => {}
        }
        let told = event.statistics();
        assert_eq!((told.is_set, told.waiting), (is_set, if is_set { 0 } else { waiters.len() }));
    }
}

/// Tasks that take permits, and give up, as they draw.
async fn nothing_is_lost_among_tasks(seed: u64) {
    let mut draw = Draw::new(seed);
    let (total, turns) = (draw.within(2..=3), if is_virtual() { 12 } else { 60 });
    for subject in subjects(total) {
        let crumb = Crumb::new(subject.name);
        let (subject, inside) = (Arc::new(subject), Arc::new(AtomicUsize::new(0)));
        let (used, seeds): (_, Vec<_>) = (Arc::clone(&subject), (0..6).map(|_| draw.any()).collect());
        together(move |group| async move {
            for seed in seeds {
                let (subject, inside) = (Arc::clone(&subject), Arc::clone(&inside));
                group.spawn(async move {
                    let mut draw = Draw::new(seed);
                    for _ in 0..turns {
                        let wanted = (subject.wants)(&mut draw);
                        let held = match draw.below(4) {
                            0 => subject.try_acquire(wanted),
                            1 => drop_after(draw.within(1..=3), subject.acquire(wanted)).await,
                            _ => Some(subject.acquire(wanted).await),
                        };
                        let Some(held) = held else { continue };
                        let before = inside.fetch_add(wanted, Ordering::SeqCst);
                        assert!(before + wanted <= subject.total, "{} are inside", before + wanted);
                        for _ in 0..draw.below(3) {
                            give_way().await;
                        }
                        inside.fetch_sub(wanted, Ordering::SeqCst);
                        drop(held);
                    }
                });
            }
        })
        .await;
        assert_eq!(used.counts(), (used.total, 0), "something was lost");
        crumb.done();
    }
}

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

/// So many wait.
fn crowd() -> usize {
    if is_virtual() { 5_000 } else { 100_000 }
}

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
