//! What a test drives a pipeline with.
//!
//! [`advance`] and [`wait_all_blocked`] steer a simulation and work in one only. The probes and the
//! counted resource work on any runtime: [`probe_source`] is a source whose items the test sends by
//! hand, [`probe_sink`] a sink that takes as many items as the test asks for, and [`Resources`]
//! counts what is alive. [`spend`] stands for synchronous work that takes its time, and [`rng`] draws
//! what a test leaves open.

mod clock;
mod counted;
mod draws;
mod sink;
mod source;

pub use self::clock::{advance, spend, wait_all_blocked};
pub use self::counted::{Counted, Resources};
pub use self::draws::rng;
pub use self::sink::{ProbeSink, SinkProbe, probe_sink};
pub use self::source::{ProbeSource, SourceProbe, probe_source};
pub use crate::rng::Rng;
