//! The seam between anypipe and a runtime.
//!
//! A backend gives five things: it spawns a [`Task`], it spawns a blocking [`Job`], it has a clock
//! ([`Timer::now`], [`Timer::sleep`]), a cooperative budget ([`Runtime::poll_budget`]) and a name.
//! [`Enter`] is a separate right, held by the values that applications name and never by a
//! [`RuntimeHandle`], so that a library can't re-enter a runtime it was handed.
//!
//! Whatever else differs between runtimes (what dropping a handle does, how a panic shows, how many
//! threads there are) is decided once, in [`crate::scope`].
//!
//! # What an implementer MUST do
//!
//! 1. `spawn` MUST poll the task to its end on some thread of the runtime, or drop it. It MUST NOT
//!    poll it inside the call, and when the runtime shuts down it MUST drop what it doesn't poll any more.
//! 2. `spawn` on a runtime that is gone MUST drop the task. It MUST NOT panic and MUST NOT block.
//! 3. `spawn_blocking` MUST run the job where blocking is allowed, at once or queued, or drop it.
//!    A job may wait for a task of the same runtime; where those can't go on meanwhile by themselves, it MUST let them
//!    ([`Runtime::wait_in_job`]).
//! 4. `now` MUST never go backwards, and `sleep(d)` MUST NOT be over before `now` has grown by `d`.
//! 5. A `Sleep` MUST take the waker of its last poll, and MUST be usable from any thread.
//! 6. `poll_budget` that answers `Pending` MUST wake the task again by itself.
//! 7. A handle MUST NOT own the runtime: a runtime dropped on its own worker panics.
//! 8. `block_on` MUST run the runtime until the future is done, and MUST NOT return before.
//! 9. A task that wakes itself while it is polled MUST go behind the others that can run: whoever gives
//!    way does so for them.
//!
//! `anypipe-conformance` checks each of these.

mod alarm;
mod enter;
mod handle;
mod locals;
mod spawner;
mod timer;

pub use self::alarm::Alarm;
pub use self::enter::{AsHandle, Enter};
pub use self::handle::{Runtime, RuntimeHandle};
pub use self::locals::Locals;
pub(crate) use self::spawner::{Blocks, Polled};
pub use self::spawner::{Job, Spawner, Task, TaskWatch, WaitsFor};
pub use self::timer::{Sleep, SleepFuture, Timer};
