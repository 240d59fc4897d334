//! What a test drives a pipeline with, and what the simulator tells.
//!
//! `#[anypipe::test]` runs a test on every backend, and on the simulator under many schedules in virtual
//! time; [`Sim::each`](crate::runtime::Sim::each) does the latter alone.
//!
//! ```
//! use std::time::Duration;
//! use anypipe::prelude::*;
//! use anypipe::runtime::Sim;
//! use anypipe::time::sleep;
//!
//! Sim::each(20, |sim| {
//!     let outcome = sim.clone().jitter(0).run(async {
//!         let slow = |n: u64| async move {
//!             sleep(Duration::from_secs(3600)).await;
//!             n
//!         };
//!         Pipeline::from_iter(0..6).then(slow).workers(3).collect::<Vec<_>>().await
//!     });
//!     assert_eq!(outcome.value, [0, 1, 2, 3, 4, 5]);
//!     assert_eq!(outcome.elapsed, Duration::from_secs(2 * 3600));
//! });
//! ```

pub use anypipe_sim::testing::*;
pub use anypipe_sim::{Failure, FailureKind, Outcome, Policy};
