//! Locks, permits and events, for no runtime in particular: users meet them as `anypipe::sync`.
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
//! What holds for all of them:
//!
//! - **First come, first served.** Who waits stands in one queue, from its first poll on.
//! - **No barging.** What is given back while somebody waits is handed to the first of them there and then. It is never
//!   free in between: neither a `try_` call nor a late comer gets it.
//! - **Nothing is lost with a waiter.** One that is dropped leaves the queue; what it was handed already goes to the next.
//! - **Any thread, any runtime, or none.** They can be made before there is a runtime, in a `static` too, and used from
//!   several runtimes at once. What needs no waiting, `try_` calls and giving back, works anywhere.
//! - **A loop gives way.** One that takes what is always free gives way now and then, as every loop of anypipe does, and
//!   hears that it was cancelled. So a wait may be pending once although what it asks for is free: where that must not
//!   be, there is a `try_` call.
//! - **No poison.** A panic while something is held gives it back. The panic itself is told where the task is joined, so
//!   nobody needs to hear of it a second time from a lock; what the value means then is for whoever holds it next.

mod barrier;
mod borrower;
mod capacity_limiter;
mod condition;
mod event;
mod gate;
mod guarded;
mod lock;
#[cfg(all(test, loom))]
mod loom;
mod once_cell;
mod rw_lock;
mod semaphore;
mod statistics;
mod sync;
mod turn;
mod wait_list;

pub use self::barrier::{Barrier, BarrierWaitResult};
pub use self::borrower::Borrower;
pub use self::capacity_limiter::{
    AcquireError, CapacityLimiter, OwnedToken, ReleaseError, Token, TryAcquireError,
};
pub use self::condition::Condition;
pub use self::event::Event;
pub use self::lock::{Lock, LockGuard};
pub use self::once_cell::OnceCell;
pub use self::rw_lock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use self::semaphore::{OwnedPermit, Permit, Semaphore};
pub use self::statistics::{
    BarrierStatistics, CapacityLimiterStatistics, ConditionStatistics, EventStatistics, LockStatistics,
    OnceCellStatistics, RwLockStatistics, SemaphoreStatistics,
};

/// The paths by which users know these items, for the examples here: they meet them in `anypipe`.
#[doc(hidden)]
pub mod __anypipe {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, Wake};
    use std::thread::{self, Thread};

    pub mod sync {
        pub use crate::*;
    }

    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    /// Polls a future to its end on this thread.
    pub fn run<F: Future>(future: F) -> F::Output {
        let waker = Arc::new(Unpark(thread::current())).into();
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return value;
            }
            thread::park();
        }
    }
}
