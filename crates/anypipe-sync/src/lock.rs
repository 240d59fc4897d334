//! A value that one at a time may change.

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::gate::Gate;
use crate::statistics::LockStatistics;

/// Where the value lies. The gate lets one in at a time, so it is always free for whom the gate has let in.
type Cell<T> = lock_api::Mutex<spin::Mutex<()>, T>;

/// A value that one at a time may change: a mutex whose guard may be held over an `.await`.
///
/// Who waits is served first come, first served, and what is given back goes to the first of them there and then. A
/// task that takes the lock again and again keeps nobody out.
///
/// A lock is not poisoned: a holder that panics gives it back, and the next one finds the value as it was left.
///
/// Where nothing is awaited while it is held, `std::sync::Mutex` is cheaper. A guard borrows its lock; tasks share the
/// lock, in an `Arc` or a `static`, and each takes it for itself.
///
/// # Examples
///
/// ```
/// # use anypipe_sync::__anypipe as anypipe;
/// use anypipe::sync::Lock;
///
/// static VISITS: Lock<u32> = Lock::new(0);
///
/// anypipe::run(async {
///     *VISITS.lock().await += 1;
///     assert_eq!(*VISITS.lock().await, 1);
/// });
/// ```
#[doc(alias("LifoQueue", "Mutex", "PriorityQueue", "StrictFIFOLock"))]
pub struct Lock<T: ?Sized> {
    /// One permit: whoever has it has the value.
    gate: Gate,
    cell: Cell<T>,
}

impl<T> Lock<T> {
    /// A lock around a value.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let lock = anypipe::sync::Lock::new(1);
    /// assert_eq!(lock.into_inner(), 1);
    /// ```
    pub const fn new(value: T) -> Self {
        Self { gate: Gate::new(1), cell: Cell::const_new(spin::Mutex::new(()), value) }
    }

    /// The value, of a lock that nobody else has any more.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let lock = anypipe::sync::Lock::new(vec![1]);
    /// lock.try_lock().expect("it is free").push(2);
    /// assert_eq!(lock.into_inner(), [1, 2]);
    /// ```
    pub fn into_inner(self) -> T {
        self.cell.into_inner()
    }
}

impl<T: ?Sized> Lock<T> {
    /// Waits until the value is free, and takes it.
    ///
    /// Who holds it already and asks for it again waits for itself, for ever.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it leaves the queue, and has taken nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use anypipe::sync::Lock;
    ///
    /// anypipe::run(async {
    ///     let total = Lock::new(0);
    ///     for n in 1..=3 {
    ///         *total.lock().await += n;
    ///     }
    ///     assert_eq!(*total.lock().await, 6);
    /// });
    /// ```
    pub async fn lock(&self) -> LockGuard<'_, T> {
        self.gate.take(1).await;
        self.entered()
    }

    /// Takes the value if it is free now and nobody waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let lock = anypipe::sync::Lock::new('a');
    /// let guard = lock.try_lock().unwrap();
    /// assert!(lock.try_lock().is_none());
    /// drop(guard);
    /// assert!(lock.try_lock().is_some());
    /// ```
    #[doc(alias("WouldBlock"))]
    pub fn try_lock(&self) -> Option<LockGuard<'_, T>> {
        self.gate.try_take(1).then(|| self.entered())
    }

    /// The guard of one that the gate has let in.
    fn entered(&self) -> LockGuard<'_, T> {
        let held = Held(self);
        LockGuard { value: self.cell.try_lock().expect("the gate lets in one at a time"), held }
    }

    /// The value, of a lock that nobody else can be at.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let mut lock = anypipe::sync::Lock::new(1);
    /// *lock.get_mut() += 1;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.cell.get_mut()
    }

    /// True while somebody holds it, or it is kept for one who waits.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// assert!(!anypipe::sync::Lock::new(()).is_locked());
    /// ```
    pub fn is_locked(&self) -> bool {
        self.gate.free() == 0
    }

    /// What the lock is doing now.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let lock = anypipe::sync::Lock::new(());
    /// let guard = lock.try_lock();
    /// let statistics = lock.statistics();
    /// assert!(statistics.is_locked);
    /// assert_eq!(statistics.waiting, 0);
    /// # drop(guard);
    /// ```
    pub fn statistics(&self) -> LockStatistics {
        let (free, waiting) = self.gate.counts();
        LockStatistics { is_locked: free == 0, waiting }
    }
}

impl<T: Default> Default for Lock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Lock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("Lock");
        match self.try_lock() {
            Some(value) => told.field("value", &&*value),
            None => told.field("value", &format_args!("<locked>")),
        };
        told.field("waiting", &self.gate.counts().1).finish_non_exhaustive()
    }
}

/// The value of a [`Lock`], until it is dropped.
#[must_use = "the lock is given back when this is dropped"]
pub struct LockGuard<'a, T: ?Sized> {
    /// Goes first: the next one finds the cell free.
    value: lock_api::MutexGuard<'a, spin::Mutex<()>, T>,
    held: Held<'a, T>,
}

/// The permit of a lock's gate.
struct Held<'a, T: ?Sized>(&'a Lock<T>);

impl<T: ?Sized> Drop for Held<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.gate.give(1);
    }
}

impl<'a, T: ?Sized> LockGuard<'a, T> {
    /// The lock that this is of.
    pub(crate) fn lock(guard: &Self) -> &'a Lock<T> {
        guard.held.0
    }
}

impl<T: ?Sized> Deref for LockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for LockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LockGuard").field(&&**self).finish()
    }
}
