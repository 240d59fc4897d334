//! The laws of channels, on the native one.

use anypipe_async_std::{Receiver, Sender};

fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (tx, rx) = async_std::channel::bounded(capacity);
    (anypipe_async_std::sender(tx), anypipe_async_std::receiver(rx))
}

anypipe_conformance::channel_suite!(
    async_std_channel,
    bounded,
    except {
        a_sender_that_vanished_is_no_end: "an async-std channel can't tell a sender that closed from one that vanished",
        what_is_queued_goes_with_the_last_receiver: "an async-std channel keeps what is queued while a sender lives",
    }
);

#[test]
fn the_native_end_comes_back() {
    let (tx, rx) = bounded(1);
    let (tx, rx) = (tx.clone().into_inner(), rx.into_inner());
    tx.try_send(5).unwrap();
    assert_eq!(rx.try_recv(), Ok(5));
}
