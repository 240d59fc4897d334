//! What each primitive is doing, at one moment.

use crate::borrower::Borrower;

/// What an [`Event`](crate::Event) is doing, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventStatistics {
    /// True once it is set.
    pub is_set: bool,
    /// How many wait for it.
    pub waiting: usize,
}

/// What a [`Lock`](crate::Lock) is doing, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockStatistics {
    /// True while somebody holds it.
    pub is_locked: bool,
    /// How many wait for it.
    pub waiting: usize,
}

/// What a [`RwLock`](crate::RwLock) is doing, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RwLockStatistics {
    /// How many read.
    pub readers: usize,
    /// True while somebody writes.
    pub is_written: bool,
    /// How many wait for it, to read or to write.
    pub waiting: usize,
}

/// What a [`Condition`](crate::Condition) is doing, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConditionStatistics {
    /// How many wait to be notified. Who was, and waits for the lock, is among those who wait for the lock.
    pub waiting: usize,
}

/// What a [`Barrier`](crate::Barrier) is doing, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BarrierStatistics {
    /// How many wait for each other.
    pub parties: usize,
    /// How many of them have come.
    pub waiting: usize,
}

/// What a [`OnceCell`](crate::OnceCell) is doing, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OnceCellStatistics {
    /// True once it has its value.
    pub is_set: bool,
    /// True while somebody makes the value.
    pub is_being_made: bool,
    /// How many wait for that.
    pub waiting: usize,
}

/// What a [`Semaphore`](crate::Semaphore) is doing, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SemaphoreStatistics {
    /// All permits that there are, in hand or not.
    pub permits: usize,
    /// The permits that nobody has. While somebody waits who wants more of them than that, they are kept for it.
    pub available: usize,
    /// How many wait.
    pub waiting: usize,
}

/// What a [`CapacityLimiter`](crate::CapacityLimiter) is doing, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CapacityLimiterStatistics {
    /// How many tokens may be borrowed at once.
    pub total: usize,
    /// How many are borrowed; more than `total` for a while where that was lowered.
    pub borrowed: usize,
    /// On whose behalf tokens are borrowed, in the order of the borrowers.
    pub borrowers: Vec<Borrower>,
    /// How many wait for one.
    pub waiting: usize,
}
