//! Every law, promise and case, on smol with one thread and with several.

use anypipe_smol::Smol;

anypipe_conformance::suite!(smol_one_thread, || Smol::threads(1));
anypipe_conformance::suite!(smol_many_threads, || Smol::threads(4));

anypipe_conformance::channel_suite!(
    smol_channel,
    |capacity| {
        let (tx, rx) = smol::channel::bounded(capacity);
        (anypipe_smol::sender(tx), anypipe_smol::receiver(rx))
    },
    except {
        a_sender_that_vanished_is_no_end: "a smol channel can't tell a sender that closed from one that vanished",
        what_is_queued_goes_with_the_last_receiver: "a smol channel keeps what is queued while a sender lives",
    }
);
