//! So many at once, and no more.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::gate::Gate;
use crate::statistics::SemaphoreStatistics;

/// So many at once, and no more: permits that are taken, and given back when they are dropped.
///
/// Who waits is served first come, first served: one who wants many permits is not passed by one who wants few, and
/// what is free meanwhile is kept for it.
///
/// # Examples
///
/// ```
/// # use anypipe_sync::__anypipe as anypipe;
/// use anypipe::sync::Semaphore;
///
/// static CONNECTIONS: Semaphore = Semaphore::new(2);
///
/// anypipe::run(async {
///     let _one = CONNECTIONS.acquire().await;
///     let _other = CONNECTIONS.acquire().await;
///     assert!(CONNECTIONS.try_acquire().is_none());
/// });
/// ```
#[doc(alias("BoundedSemaphore"))]
pub struct Semaphore {
    gate: Gate,
    /// All permits that there are, in hand or not: never more than there can be, so that giving back can't fail.
    permits: AtomicUsize,
}

/// What is refused, and why.
const TOO_MANY: &str = "a semaphore holds `Semaphore::MAX_PERMITS` permits at the most";

impl Semaphore {
    /// The most permits there can be: as good as no limit.
    pub const MAX_PERMITS: usize = Gate::MOST;

    /// A semaphore with so many permits. None at all is allowed: they can be [added](Self::add_permits) later.
    ///
    /// # Panics
    ///
    /// Where that is more than [`MAX_PERMITS`](Self::MAX_PERMITS); in a `static` that is an error of the compiler.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use anypipe::sync::Semaphore;
    ///
    /// assert_eq!(Semaphore::new(3).available_permits(), 3);
    /// let unlimited = Semaphore::new(Semaphore::MAX_PERMITS);
    /// assert!(unlimited.try_acquire().is_some());
    /// ```
    #[track_caller]
    pub const fn new(permits: usize) -> Self {
        assert!(permits <= Self::MAX_PERMITS, "{}", TOO_MANY);
        Self { gate: Gate::new(permits), permits: AtomicUsize::new(permits) }
    }

    /// Waits for a permit.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it leaves the queue, and has taken nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use anypipe::sync::Semaphore;
    ///
    /// anypipe::run(async {
    ///     let semaphore = Semaphore::new(1);
    ///     for _ in 0..3 {
    ///         let _permit = semaphore.acquire().await;
    ///         // … never two at once …
    ///     }
    /// });
    /// ```
    pub async fn acquire(&self) -> Permit<'_> {
        self.gate.take(1).await;
        Permit { semaphore: self, permits: 1 }
    }

    /// Waits for so many permits at once. It takes none of them before all are there, and while it is the first that
    /// waits they are kept for it as they come.
    ///
    /// For more than there are it waits until some are [added](Self::add_permits). None are had at once.
    ///
    /// # Panics
    ///
    /// Where that is more than [`MAX_PERMITS`](Self::MAX_PERMITS), which there never are.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it leaves the queue, and has taken nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use anypipe::sync::Semaphore;
    ///
    /// anypipe::run(async {
    ///     let memory = Semaphore::new(1024);
    ///     let permit = memory.acquire_many(1000).await;
    ///     assert_eq!((permit.permits(), memory.available_permits()), (1000, 24));
    /// });
    /// ```
    pub async fn acquire_many(&self, permits: usize) -> Permit<'_> {
        assert!(permits <= Self::MAX_PERMITS, "{TOO_MANY}");
        self.gate.take(permits).await;
        Permit { semaphore: self, permits }
    }

    /// Takes a permit if one is free now and nobody waits.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let semaphore = anypipe::sync::Semaphore::new(1);
    /// let permit = semaphore.try_acquire().unwrap();
    /// assert!(semaphore.try_acquire().is_none());
    /// drop(permit);
    /// assert!(semaphore.try_acquire().is_some());
    /// ```
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.try_acquire_many(1)
    }

    /// Takes so many permits if they are free now and nobody waits.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let semaphore = anypipe::sync::Semaphore::new(3);
    /// let two = semaphore.try_acquire_many(2).unwrap();
    /// assert!(semaphore.try_acquire_many(2).is_none());
    /// # drop(two);
    /// ```
    pub fn try_acquire_many(&self, permits: usize) -> Option<Permit<'_>> {
        let taken = permits <= Self::MAX_PERMITS && self.gate.try_take(permits);
        taken.then(|| Permit { semaphore: self, permits })
    }

    /// As [`acquire`](Self::acquire), for a permit that may go anywhere.
    ///
    /// # Cancel safety
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use std::sync::Arc;
    /// use anypipe::sync::Semaphore;
    ///
    /// anypipe::run(async {
    ///     let semaphore = Arc::new(Semaphore::new(1));
    ///     let permit = Arc::clone(&semaphore).acquire_owned().await;
    ///     std::thread::spawn(move || drop(permit)).join().unwrap();
    ///     assert_eq!(semaphore.available_permits(), 1);
    /// });
    /// ```
    pub async fn acquire_owned(self: Arc<Self>) -> OwnedPermit {
        self.acquire_many_owned(1).await
    }

    /// As [`acquire_many`](Self::acquire_many), for permits that may go anywhere.
    ///
    /// # Panics
    ///
    /// As [`acquire_many`](Self::acquire_many).
    ///
    /// # Cancel safety
    ///
    /// As [`acquire_many`](Self::acquire_many).
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use std::sync::Arc;
    /// use anypipe::sync::Semaphore;
    ///
    /// anypipe::run(async {
    ///     let semaphore = Arc::new(Semaphore::new(3));
    ///     let permit = Arc::clone(&semaphore).acquire_many_owned(2).await;
    ///     assert_eq!((permit.permits(), semaphore.available_permits()), (2, 1));
    /// });
    /// ```
    pub async fn acquire_many_owned(self: Arc<Self>, permits: usize) -> OwnedPermit {
        assert!(permits <= Self::MAX_PERMITS, "{TOO_MANY}");
        self.gate.take(permits).await;
        OwnedPermit { semaphore: self, permits }
    }

    /// As [`try_acquire_many`](Self::try_acquire_many), for permits that may go anywhere.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(anypipe::sync::Semaphore::new(2));
    /// let permit = Arc::clone(&semaphore).try_acquire_many_owned(2).unwrap();
    /// assert!(semaphore.try_acquire().is_none());
    /// # drop(permit);
    /// ```
    pub fn try_acquire_many_owned(self: Arc<Self>, permits: usize) -> Option<OwnedPermit> {
        let taken = permits <= Self::MAX_PERMITS && self.gate.try_take(permits);
        taken.then(|| OwnedPermit { semaphore: self, permits })
    }

    /// Adds permits; those who wait get them first.
    ///
    /// # Panics
    ///
    /// Where there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS), those in hand included; then none is added.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let semaphore = anypipe::sync::Semaphore::new(0);
    /// assert!(semaphore.try_acquire().is_none());
    /// semaphore.add_permits(1);
    /// assert!(semaphore.try_acquire().is_some());
    /// ```
    #[track_caller]
    pub fn add_permits(&self, permits: usize) {
        let more = |all: usize| all.checked_add(permits).filter(|all| *all <= Self::MAX_PERMITS);
        let added = self.permits.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        assert!(added.is_ok(), "{TOO_MANY}");
        self.gate.give(permits);
    }

    /// Counts permits out that don't come back.
    fn forget(&self, permits: usize) {
        self.permits.fetch_sub(permits, Ordering::Relaxed);
    }

    /// How many permits nobody has now. While somebody waits they are kept for it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// assert_eq!(anypipe::sync::Semaphore::new(7).available_permits(), 7);
    /// ```
    pub fn available_permits(&self) -> usize {
        self.gate.free()
    }

    /// What the semaphore is doing now.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let semaphore = anypipe::sync::Semaphore::new(2);
    /// let _permit = semaphore.try_acquire();
    /// let statistics = semaphore.statistics();
    /// assert_eq!((statistics.permits, statistics.available, statistics.waiting), (2, 1, 0));
    /// ```
    pub fn statistics(&self) -> SemaphoreStatistics {
        let (available, waiting) = self.gate.counts();
        SemaphoreStatistics { permits: self.permits.load(Ordering::Relaxed), available, waiting }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SemaphoreStatistics { permits, available, waiting } = self.statistics();
        f.debug_struct("Semaphore")
            .field("permits", &permits)
            .field("available", &available)
            .field("waiting", &waiting)
            .finish()
    }
}

/// Permits of a [`Semaphore`], which go back when this is dropped.
#[must_use = "the permits go back when this is dropped"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    /// How many they are.
    permits: usize,
}

impl Permit<'_> {
    /// How many permits these are.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let semaphore = anypipe::sync::Semaphore::new(2);
    /// assert_eq!(semaphore.try_acquire_many(2).unwrap().permits(), 2);
    /// ```
    pub fn permits(&self) -> usize {
        self.permits
    }

    /// Doesn't give them back: the semaphore has so many fewer from now on.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let semaphore = anypipe::sync::Semaphore::new(2);
    /// semaphore.try_acquire().unwrap().forget();
    /// assert_eq!(semaphore.statistics().permits, 1);
    /// ```
    pub fn forget(mut self) {
        self.semaphore.forget(std::mem::take(&mut self.permits));
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.semaphore.gate.give(self.permits);
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("permits", &self.permits).finish_non_exhaustive()
    }
}

/// Permits of a [`Semaphore`] that is shared in an `Arc`; they go back when this is dropped.
#[must_use = "the permits go back when this is dropped"]
pub struct OwnedPermit {
    semaphore: Arc<Semaphore>,
    /// How many they are.
    permits: usize,
}

impl OwnedPermit {
    /// How many permits these are.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let semaphore = std::sync::Arc::new(anypipe::sync::Semaphore::new(2));
    /// assert_eq!(semaphore.try_acquire_many_owned(2).unwrap().permits(), 2);
    /// ```
    pub fn permits(&self) -> usize {
        self.permits
    }

    /// Doesn't give them back: the semaphore has so many fewer from now on.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(anypipe::sync::Semaphore::new(2));
    /// Arc::clone(&semaphore).try_acquire_many_owned(2).unwrap().forget();
    /// assert_eq!(semaphore.statistics().permits, 0);
    /// ```
    pub fn forget(mut self) {
        self.semaphore.forget(std::mem::take(&mut self.permits));
    }
}

impl Drop for OwnedPermit {
    fn drop(&mut self) {
        self.semaphore.gate.give(self.permits);
    }
}

impl fmt::Debug for OwnedPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit").field("permits", &self.permits).finish_non_exhaustive()
    }
}
