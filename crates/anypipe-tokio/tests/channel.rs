//! The laws of channels, on the native one.

use anypipe_tokio::{Receiver, Sender};

fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (tx, rx) = tokio::sync::mpsc::channel(capacity);
    (anypipe_tokio::sender(tx), anypipe_tokio::receiver(rx))
}

anypipe_conformance::channel_suite!(
    tokio_mpsc,
    bounded,
    except {
        a_sender_that_vanished_is_no_end: "a tokio channel can't tell a sender that closed from one that vanished",
    }
);

#[test]
fn the_native_end_comes_back() {
    let (tx, rx) = bounded(1);
    let (tx, mut rx) = (tx.clone().into_inner(), rx.into_inner());
    tx.try_send(5).unwrap();
    assert_eq!(rx.try_recv(), Ok(5));
}
