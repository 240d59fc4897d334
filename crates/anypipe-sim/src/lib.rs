//! The deterministic simulator of anypipe: a backend with a seeded schedule and a virtual clock.
//!
//! One thread; which of the runnable tasks goes next is drawn from a seed, and so is where a task is
//! polled without need or finds its budget used up. The clock stands still while anything can run,
//! then jumps to the next timer: an hour of sleep takes no time. Under some seeds sleeps end
//! [late](Sim::jitter), so that two of them may change places. The same seed gives the same schedule, whose [hash](Outcome::hash) tells it from others.
//!
//! A simulation [fails](Failure), with its seed in the message, where nothing can ever run again (a
//! deadlock), where it takes too many steps (a live-lock), where tasks are left at its end (a leak),
//! and where another thread meddles (it could not be replayed).
//!
//! [`Sim::each`] runs a test under many seeds; [`testing`] has what such a test drives a pipeline
//! with. Blocking work takes turns with the tasks: it may wait for one by the calls of anypipe, as those of its channels
//! and of a portal, and for nothing else.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//! use anypipe_core::{Run, run::inherit};
//! use anypipe_sim::Sim;
//!
//! Sim::each(20, |sim| {
//!     let outcome = sim.clone().jitter(0).run(async {
//!         Run::new("nap", inherit, |scope| {
//!             let runtime = scope.runtime().clone();
//!             async move { runtime.sleep(Duration::from_secs(3600)).await }
//!         })
//!         .await;
//!     });
//!     assert_eq!(outcome.elapsed, Duration::from_secs(3600));
//! });
//! ```

mod blocking;
mod clock;
mod diagnosis;
mod each;
mod executor;
mod idle;
mod report;
mod rng;
mod schedule;
mod sim;
mod spawn;
mod state;
pub mod testing;
mod time;
mod turn;

pub use self::report::{Failure, FailureKind, Outcome};
pub use self::schedule::Policy;
pub use self::sim::Sim;
