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
