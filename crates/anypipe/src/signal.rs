//! Ctrl-C and the signal to terminate, on any runtime and without one; with the feature `signal`.
//!
//! | To | Use |
//! |---|---|
//! | stop a run gracefully | [`running.stop_on_signals(grace)`](StopOnSignals::stop_on_signals) |
//! | wait for a signal | [`ctrl_c`], [`terminate`], [`any`]: awaited |
//! | hear each of several | the same, as a stream, or by [`recv`](Signals::recv) |
//!
//! A thread of its own waits for the signals, from the first call here on. One rule says what becomes of a signal: **it
//! is told to all who wait for it, and where nobody waits it ends the process at once**, with the exit status that a
//! shell expects (128 and its number), as it would have without this module. So the first Ctrl-C begins a graceful end,
//! and the second, which nobody waits for any more, ends what has got stuck in it. Who was told of one signal and has not
//! looked yet waits for no second.
//!
//! On Windows there is Ctrl-C alone, and it is looked for twenty times a second. The simulator takes no wake from
//! outside, which could not be replayed: stop a run there by its `control`.
//!
//! ```no_run
//! // It waits for a signal.
//! use std::time::Duration;
//!
//! use anypipe::prelude::*;
//!
//! # async fn example() -> Result<(), anypipe::RunError> {
//! let ticks = Pipeline::interval(Duration::from_secs(1)).for_each(|tick| println!("{tick}"));
//! // The first signal stops it: what is on its way has five seconds. The second ends the process.
//! ticks.start().stop_on_signals(Duration::from_secs(5)).await?;
//! # Ok(())
//! # }
//! ```

pub use anypipe_signal::{Signal, Signals, StopOnSignals, Stopping, any, ctrl_c, terminate};
