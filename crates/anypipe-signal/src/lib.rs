//! Ctrl-C and the signal to terminate, on any runtime and without one.
//!
//! Users meet it with the feature `signal` of the `anypipe` crate, as `anypipe::signal`.
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
//! On Windows there is Ctrl-C alone, and it is looked for twenty times a second.
//!
//! # Examples
//!
//! ```
//! # use anypipe_signal as signal;
//! // Waits from the call on: a signal before the first poll is not lost.
//! let mut signals = signal::any();
//! # let _ = async move {
//! let first = signals.recv().await;
//! println!("ended by {first:?}, as the exit status {} will tell", first.exit_status());
//! # };
//! ```

mod registry;
mod signals;
mod stop;
#[cfg_attr(not(windows), path = "system/unix.rs")]
#[cfg_attr(windows, path = "system/windows.rs")]
mod system;

pub use self::signals::{Signal, Signals, any, ctrl_c, terminate};
pub use self::stop::{StopOnSignals, Stopping};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
