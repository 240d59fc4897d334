//! The laws of channels, on our own.

use anypipe_core::channel::{bounded, broadcast};

anypipe_conformance::channel_suite!(in_memory, bounded);

anypipe_conformance::channel_suite!(one_subscriber, |capacity| {
    let sender = broadcast(capacity);
    let subscriber = sender.subscribe();
    (sender, subscriber)
});
