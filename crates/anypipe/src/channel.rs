//! Channels between tasks, and the traits that stand for anybody's channels.

pub use anypipe_core::channel::*;
