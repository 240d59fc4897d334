//! Flume channels as sources and sinks of anypipe.
//!
//! Users meet it with the feature `flume` of the `anypipe` crate: [`sender`] and [`receiver`] put the
//! ends of a flume channel behind anypipe's channel traits, on any runtime.
//!
//! # Examples
//!
//! ```
//! use anypipe_core::channel::{ChannelReceiver, ChannelSender};
//!
//! let (tx, rx) = flume::bounded(8);
//! let (mut tx, mut rx) = (anypipe_flume::sender(tx), anypipe_flume::receiver(rx));
//! tx.try_send("hello").unwrap();
//! assert_eq!(rx.try_recv(), Ok("hello"));
//! ```

mod channel;
mod nap;

pub use self::channel::{Receiver, Sender, receiver, sender};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
