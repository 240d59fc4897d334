//! A value that many may read at once, or one may change.

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::gate::{Gate, Pass};
use crate::statistics::RwLockStatistics;

/// Where the value lies. The gate lets in readers or one writer, so it is always free for whom the gate has let in.
type Cell<T> = lock_api::RwLock<spin::RwLock<()>, T>;

/// A reader takes one permit, a writer all of them: so many may read at once.
const READERS: usize = 1 << 29;

/// A value that many may read at once, or one may change; guards may be held over an `.await`.
///
/// Who waits is served first come, first served: readers that stand behind each other are let in together, up to the
/// next writer, and a reader that comes after a writer waits behind it. So neither starves the other.
///
/// A lock is not poisoned: a writer that panics gives it back, and the next one finds the value as it was left. Who reads
/// already and asks again while a writer waits stands behind that writer, which waits for the first read: for ever.
///
/// # Examples
///
/// ```
/// # use anypipe_sync::__anypipe as anypipe;
/// use anypipe::sync::RwLock;
///
/// static SETTINGS: RwLock<Vec<&str>> = RwLock::new(Vec::new());
///
/// anypipe::run(async {
///     SETTINGS.write().await.push("quiet");
///     let (one, other) = (SETTINGS.read().await, SETTINGS.read().await);
///     assert_eq!((one.len(), other[0]), (1, "quiet"));
/// });
/// ```
#[doc(alias("ShardedLock"))]
pub struct RwLock<T: ?Sized> {
    /// [`READERS`] permits.
    gate: Gate,
    cell: Cell<T>,
}

impl<T> RwLock<T> {
    /// A lock around a value.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let lock = anypipe::sync::RwLock::new(1);
    /// assert_eq!(lock.into_inner(), 1);
    /// ```
    pub const fn new(value: T) -> Self {
        Self { gate: Gate::new(READERS), cell: Cell::const_new(spin::RwLock::new(()), value) }
    }

    /// The value, of a lock that nobody else has any more.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let lock = anypipe::sync::RwLock::new(vec![1]);
    /// lock.try_write().expect("it is free").push(2);
    /// assert_eq!(lock.into_inner(), [1, 2]);
    /// ```
    pub fn into_inner(self) -> T {
        self.cell.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until no writer is at the value or before this one, and takes it to read.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it leaves the queue, and has taken nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// anypipe::run(async {
    ///     let lock = anypipe::sync::RwLock::new(3);
    ///     let (one, other) = (lock.read().await, lock.read().await);
    ///     assert_eq!(*one + *other, 6);
    /// });
    /// ```
    pub async fn read(&self) -> RwLockReadGuard<'_, T> {
        self.gate.take(1).await;
        self.entered_to_read()
    }

    /// Waits until nobody else is at the value, and takes it to change it.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it leaves the queue, and has taken nothing; readers behind it go on at once.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// anypipe::run(async {
    ///     let lock = anypipe::sync::RwLock::new(3);
    ///     *lock.write().await += 1;
    ///     assert_eq!(*lock.read().await, 4);
    /// });
    /// ```
    pub async fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.gate.take(READERS).await;
        self.entered_to_write()
    }

    /// Takes the value to read, if no writer is at it now and nobody waits.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let lock = anypipe::sync::RwLock::new('a');
    /// let guard = lock.try_read().unwrap();
    /// assert!(lock.try_read().is_some() && lock.try_write().is_none());
    /// # drop(guard);
    /// ```
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        self.gate.try_take(1).then(|| self.entered_to_read())
    }

    /// Takes the value to change it, if nobody is at it now and nobody waits.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let lock = anypipe::sync::RwLock::new('a');
    /// let guard = lock.try_write().unwrap();
    /// assert!(lock.try_read().is_none() && lock.try_write().is_none());
    /// # drop(guard);
    /// ```
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        self.gate.try_take(READERS).then(|| self.entered_to_write())
    }

    /// The guard of a reader that the gate has let in.
    fn entered_to_read(&self) -> RwLockReadGuard<'_, T> {
        let pass = Pass::new(&self.gate, 1);
        RwLockReadGuard {
            value: self.cell.try_read().expect("the gate lets in no writer beside it"),
            _pass: pass,
        }
    }

    /// The guard of a writer that the gate has let in.
    fn entered_to_write(&self) -> RwLockWriteGuard<'_, T> {
        let pass = Pass::new(&self.gate, READERS);
        RwLockWriteGuard { value: self.cell.try_write().expect("the gate lets in nobody beside it"), pass }
    }

    /// The value, of a lock that nobody else can be at.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let mut lock = anypipe::sync::RwLock::new(1);
    /// *lock.get_mut() += 1;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.cell.get_mut()
    }

    /// What the lock is doing now.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let lock = anypipe::sync::RwLock::new(());
    /// let _guard = lock.try_read();
    /// let statistics = lock.statistics();
    /// assert_eq!((statistics.readers, statistics.is_written, statistics.waiting), (1, false, 0));
    /// ```
    pub fn statistics(&self) -> RwLockStatistics {
        let (free, waiting) = self.gate.counts();
        let is_written = free == 0;
        RwLockStatistics { readers: if is_written { 0 } else { READERS - free }, is_written, waiting }
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("RwLock");
        match self.try_read() {
            Some(value) => told.field("value", &&*value),
            None => told.field("value", &format_args!("<locked>")),
        };
        told.field("waiting", &self.gate.counts().1).finish_non_exhaustive()
    }
}

/// The value of a [`RwLock`], to read it, until this is dropped.
#[must_use = "the lock is given back when this is dropped"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    /// Goes before the pass: the next one finds the cell free.
    value: lock_api::RwLockReadGuard<'a, spin::RwLock<()>, T>,
    _pass: Pass<'a>,
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RwLockReadGuard").field(&&**self).finish()
    }
}

/// The value of a [`RwLock`], to change it, until this is dropped.
#[must_use = "the lock is given back when this is dropped"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    /// Goes before the pass: the next one finds the cell free.
    value: lock_api::RwLockWriteGuard<'a, spin::RwLock<()>, T>,
    pass: Pass<'a>,
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Goes on as a reader, with no other writer in between; readers that stand first in the queue are let in.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use anypipe::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let lock = RwLock::new(1);
    /// let mut guard = lock.try_write().unwrap();
    /// *guard += 1;
    /// let guard = RwLockWriteGuard::downgrade(guard);
    /// assert_eq!(*lock.try_read().unwrap() + *guard, 4);
    /// ```
    pub fn downgrade(guard: Self) -> RwLockReadGuard<'a, T> {
        let Self { value, mut pass } = guard;
        let value = lock_api::RwLockWriteGuard::downgrade(value);
        pass.keep(1);
        RwLockReadGuard { value, _pass: pass }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RwLockWriteGuard").field(&&**self).finish()
    }
}
