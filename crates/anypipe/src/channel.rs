//! Channels between tasks, and the traits that stand for anybody's channels.
//!
//! | Made by | What it is |
//! |---|---|
//! | [`bounded`], [`rendezvous`] | each item to one of the receivers |
//! | [`oneshot`](fn@oneshot) | one item |
//! | [`broadcast`](fn@broadcast) | each item to each subscriber; one that is slow holds back the senders, or is told how many it missed |
//! | [`watch`](fn@watch) | the latest value |
//!
//! These belong to no runtime, and can be made before there is one. A plain thread uses them by the calls that end in
//! `_blocking`. The ends of a runtime's own channels, and of
//! flume's, become sources and sinks by the adapters in the
//! modules here that carry their names, each with its feature:
//!
//! ```
//! # #[cfg(feature = "smol")] {
//! use anypipe::channel::smol::receiver;
//! use anypipe::prelude::*;
//!
//! let (sender, native) = ::smol::channel::bounded(2);
//! sender.try_send(1).unwrap();
//! drop(sender);
//! let items = Pipeline::from_channel(receiver(native)).collect::<Vec<_>>();
//! assert_eq!(anypipe::run(items), [1]);
//! # }
//! ```

pub use anypipe_core::channel::*;

/// tokio's channel ends behind anypipe's traits.
#[cfg(feature = "tokio")]
pub mod tokio {
    #[doc(inline)]
    pub use anypipe_tokio::{Receiver, Sender, UnboundedReceiver, receiver, sender, unbounded_receiver};
}

/// smol's channel ends behind anypipe's traits.
#[cfg(feature = "smol")]
pub mod smol {
    #[doc(inline)]
    pub use anypipe_smol::{Receiver, Sender, receiver, sender};
}

/// async-std's channel ends behind anypipe's traits.
#[cfg(feature = "async-std")]
pub mod async_std {
    #[doc(inline)]
    pub use anypipe_async_std::{Receiver, Sender, receiver, sender};
}

/// flume's channel ends behind anypipe's traits.
#[cfg(feature = "flume")]
pub mod flume {
    #[doc(inline)]
    pub use anypipe_flume::{Receiver, Sender, receiver, sender};
}
