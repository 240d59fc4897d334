//! The laws of channels, on flume's.

anypipe_conformance::channel_suite!(
    flume_channel,
    |capacity| {
        let (tx, rx) = flume::bounded(capacity);
        (anypipe_flume::sender(tx), anypipe_flume::receiver(rx))
    },
    except {
        a_sender_that_vanished_is_no_end: "a flume channel can't tell a sender that closed from one that vanished",
        what_is_queued_goes_with_the_last_receiver: "a flume channel keeps what is queued while a sender lives",
    }
);
