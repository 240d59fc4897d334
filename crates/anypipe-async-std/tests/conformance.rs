//! Every law, promise and case, on async-std.

use anypipe_async_std::AsyncStd;

anypipe_conformance::suite!(async_std, AsyncStd::new);

anypipe_conformance::channel_suite!(
    async_std_channel,
    |capacity| {
        let (tx, rx) = ::async_std::channel::bounded(capacity);
        (anypipe_async_std::sender(tx), anypipe_async_std::receiver(rx))
    },
    except {
        a_sender_that_vanished_is_no_end: "an async-std channel can't tell a sender that closed from one that vanished",
        what_is_queued_goes_with_the_last_receiver: "an async-std channel keeps what is queued while a sender lives",
    }
);
