//! Every law, promise and case, on tokio's two kinds of runtime.

use anypipe_tokio::Tokio;

anypipe_conformance::suite!(tokio_multi_thread, || Tokio::multi_thread(2));
anypipe_conformance::suite!(tokio_current_thread, Tokio::current_thread);

anypipe_conformance::channel_suite!(
    tokio_mpsc,
    |capacity| {
        let (tx, rx) = tokio::sync::mpsc::channel(capacity);
        (anypipe_tokio::sender(tx), anypipe_tokio::receiver(rx))
    },
    except {
        a_sender_that_vanished_is_no_end: "a tokio channel can't tell a sender that closed from one that vanished",
    }
);
