//! Locks, permits and events between tasks, on any runtime and on none.
//!
//! | Type | Is for |
//! |---|---|
//! | [`Event`] | telling many, once, that something has happened |
//! | [`Lock`] | a value that one at a time may change |
//! | [`RwLock`] | a value that many may read at once, or one may change |
//! | [`Condition`] | waiting until something is so about the value under a [`Lock`] |
//! | [`Barrier`] | so many that wait for each other |
//! | [`OnceCell`] | a value that is made once, when it is first asked for |
//! | [`Semaphore`] | so many at once, and no more |
//! | [`CapacityLimiter`] | the same, with a limit that can be changed while it is used, and borrowers that have names |
//!
//! All of them are fair, and lose nothing when a waiter is dropped:
//!
//! - **First come, first served.** Who waits stands in one queue, from its first poll on.
//! - **No barging.** What is given back while somebody waits is handed to the first of them there and then: neither a
//!   `try_` call nor a late comer gets it.
//! - **A waiter that is dropped** leaves the queue, and what it was handed already goes to the next.
//! - **They belong to no runtime**: made before there is one, in a `static` too, and shared by several.
//! - **A loop gives way**, as every loop of anypipe does, and hears that it was cancelled. So a wait may be pending once
//!   although what it asks for is free; where that must not be, there is a `try_` call.
//! - **No poison.** A holder that panics gives back what it holds; its panic is told where its task is joined.
//!
//! ```
//! use std::sync::Arc;
//! use anypipe::sync::{Event, Lock};
//! use anypipe::task::task_group;
//!
//! # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
//! anypipe::run(task_group(|group| async move {
//!     let (go, total) = (Arc::new(Event::new()), Arc::new(Lock::new(0)));
//!     for n in 1..=3 {
//!         let (go, total) = (Arc::clone(&go), Arc::clone(&total));
//!         group.spawn(async move {
//!             go.wait().await;
//!             *total.lock().await += n;
//!         });
//!     }
//!     go.set();
//! }));
//! ```

pub use anypipe_sync::{
    AcquireError, Barrier, BarrierStatistics, BarrierWaitResult, Borrower, CapacityLimiter,
    CapacityLimiterStatistics, Condition, ConditionStatistics, Event, EventStatistics, Lock, LockGuard,
    LockStatistics, OnceCell, OnceCellStatistics, OwnedPermit, OwnedToken, Permit, ReleaseError, RwLock,
    RwLockReadGuard, RwLockStatistics, RwLockWriteGuard, Semaphore, SemaphoreStatistics, Token,
    TryAcquireError,
};
