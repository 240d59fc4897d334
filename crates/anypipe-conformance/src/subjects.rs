//! Everything that hands out permits, behind one face: the cases about permits are written once.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;

use anypipe_sync::{Borrower, CapacityLimiter, Lock, RwLock, Semaphore};

use crate::registry::Draw;
use crate::tools::kept;

/// Permits in hand, which go back when this is dropped.
pub(crate) type Held = Box<dyn Any + Send>;
/// A wait for permits.
pub(crate) type Wait = Pin<Box<dyn Future<Output = Held> + Send>>;

/// Something that hands out permits.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    /// How many permits there are.
    pub(crate) total: usize,
    /// How many one asks for: a number that was drawn.
    pub(crate) wants: Box<dyn Fn(&mut Draw) -> usize + Send + Sync>,
    acquire: Box<dyn Fn(usize) -> Wait + Send + Sync>,
    try_acquire: Box<dyn Fn(usize) -> Option<Held> + Send + Sync>,
    counts: Box<dyn Fn() -> (usize, usize) + Send + Sync>,
    /// Changes how many permits there are, by so many.
    pub(crate) resize: Option<Box<dyn Fn(isize) + Send + Sync>>,
}

impl Subject {
    pub(crate) fn acquire(&self, wanted: usize) -> Wait {
        (self.acquire)(wanted)
    }

    pub(crate) fn try_acquire(&self, wanted: usize) -> Option<Held> {
        (self.try_acquire)(wanted)
    }

    /// How many permits are free, and how many wait.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.counts)()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.counts().1
    }
}

fn held<T: Send + 'static>(held: T) -> Held {
    Box::new(held)
}

fn semaphore(total: usize) -> Subject {
    let semaphore = kept(Semaphore::new(total));
    Subject {
        name: "semaphore",
        total,
        wants: Box::new(move |draw| draw.within(0..=total)),
        acquire: Box::new(move |wanted| Box::pin(async move { held(semaphore.acquire_many(wanted).await) })),
        try_acquire: Box::new(move |wanted| semaphore.try_acquire_many(wanted).map(held)),
        counts: Box::new(move || {
            let statistics = semaphore.statistics();
            (statistics.available, statistics.waiting)
        }),
        resize: None,
    }
}

fn lock() -> Subject {
    let lock = kept(Lock::new(()));
    Subject {
        name: "lock",
        total: 1,
        wants: Box::new(|_| 1),
        acquire: Box::new(move |_| Box::pin(async move { held(lock.lock().await) })),
        try_acquire: Box::new(move |_| lock.try_lock().map(held)),
        counts: Box::new(move || {
            let statistics = lock.statistics();
            (usize::from(!statistics.is_locked), statistics.waiting)
        }),
        resize: None,
    }
}

/// Readers ask for one permit, writers for all of them: here there are never so many readers at once.
const READERS: usize = 1000;

fn rw_lock() -> Subject {
    let lock = kept(RwLock::new(()));
    Subject {
        name: "rw lock",
        total: READERS,
        wants: Box::new(|draw| if draw.below(3) == 0 { READERS } else { 1 }),
        acquire: Box::new(move |wanted| {
            Box::pin(async move {
                if wanted == READERS { held(lock.write().await) } else { held(lock.read().await) }
            })
        }),
        try_acquire: Box::new(move |wanted| {
            if wanted == READERS { lock.try_write().map(held) } else { lock.try_read().map(held) }
        }),
        counts: Box::new(move || {
            let statistics = lock.statistics();
            let free = if statistics.is_written { 0 } else { READERS - statistics.readers };
            (free, statistics.waiting)
        }),
        resize: None,
    }
}

/// Writers alone.
fn writers() -> Subject {
    let Subject { acquire, try_acquire, counts, .. } = rw_lock();
    Subject {
        name: "rw lock, to write",
        total: 1,
        wants: Box::new(|_| 1),
        acquire: Box::new(move |_| acquire(READERS)),
        try_acquire: Box::new(move |_| try_acquire(READERS)),
        counts: Box::new(move || {
            let (free, waiting) = counts();
            (usize::from(free == READERS), waiting)
        }),
        resize: None,
    }
}

fn limiter_counts(limiter: &CapacityLimiter) -> (usize, usize) {
    let statistics = limiter.statistics();
    (statistics.total.saturating_sub(statistics.borrowed), statistics.waiting)
}

fn resizes(limiter: &'static CapacityLimiter) -> Box<dyn Fn(isize) + Send + Sync> {
    Box::new(move |by| {
        let total = limiter.total_tokens().checked_add_signed(by).expect("no fewer than none");
        limiter.set_total_tokens(total);
    })
}

fn limiter(total: usize) -> Subject {
    let limiter = kept(CapacityLimiter::new(total));
    Subject {
        name: "limiter",
        total,
        wants: Box::new(|_| 1),
        acquire: Box::new(move |_| Box::pin(async move { held(limiter.acquire().await) })),
        try_acquire: Box::new(move |_| limiter.try_acquire().map(held)),
        counts: Box::new(move || limiter_counts(limiter)),
        resize: Some(resizes(limiter)),
    }
}

/// A token that was borrowed on behalf of somebody.
struct Named(&'static CapacityLimiter, Borrower);

impl Drop for Named {
    fn drop(&mut self) {
        self.0.release_on_behalf_of(&self.1).expect("it was borrowed");
    }
}

fn limiter_by_name(total: usize) -> Subject {
    let limiter = kept(CapacityLimiter::new(total));
    Subject {
        name: "limiter, by name",
        total,
        wants: Box::new(|_| 1),
        acquire: Box::new(move |_| {
            Box::pin(async move {
                let borrower = Borrower::unique();
                limiter.acquire_on_behalf_of(&borrower).await.expect("it is new");
                held(Named(limiter, borrower))
            })
        }),
        try_acquire: Box::new(move |_| {
            let borrower = Borrower::unique();
            limiter.try_acquire_on_behalf_of(&borrower).ok()?;
            Some(held(Named(limiter, borrower)))
        }),
        counts: Box::new(move || limiter_counts(limiter)),
        resize: Some(resizes(limiter)),
    }
}

/// All of them, afresh, with so many permits where they may have more than one. With one it is one in all of them.
pub(crate) fn subjects(total: usize) -> Vec<Subject> {
    let mut all = vec![semaphore(total), lock(), writers(), limiter(total), limiter_by_name(total)];
    if total > 1 {
        all.push(rw_lock());
    }
    all
}
