//! What an implementer of a channel MUST do, as `anypipe_core::channel` lists it; for our own channel
//! and for every adapter of a native one.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;

use anypipe_core::channel::{ChannelReceiver, ChannelSender, RecvError, TryRecvError};

use crate::registry::{Census, Item};
use crate::tools::{beside, once, wait};

/// A law that a channel doesn't keep, and why.
pub type Exemption = (&'static str, &'static str);

/// Checks a law, or, where the channel is exempt from it, that it doesn't hold: an exemption that is
/// needed no more has to go.
#[doc(hidden)]
pub fn check(law: &str, exempt: &[Exemption], test: impl FnOnce() + Send + 'static) {
    let reason = exempt.iter().find(|(name, _)| *name == law).map(|(_, reason)| *reason);
    let result = catch_unwind(AssertUnwindSafe(test));
    match (result, reason) {
        (Ok(()), None) | (Err(_), Some(_)) => {}
        (Ok(()), Some(reason)) => panic!("`{law}` holds, and yet is exempt: {reason}"),
        (Err(panic), None) => resume_unwind(panic),
    }
}

/// Stamps the laws of channels onto a channel: a module with a `#[test]` for each.
///
/// `$make` gives the two ends of a bounded channel of [`Item`]s with a capacity. What a
/// native channel can't do is exempt, each with its reason.
#[macro_export]
macro_rules! channel_suite {
    ($name:ident, $make:expr $(, except { $($law:ident: $reason:literal),* $(,)? })?) => {
        mod $name {
            #[allow(unused_imports, reason = "what makes the channel is named in the file around it")]
            use super::*;

            const EXEMPT: &[$crate::channel_laws::Exemption] = &[$($((stringify!($law), $reason)),*)?];

            $crate::__channel_laws!(EXEMPT, $make);
        }
    };
}

/// Lists the laws, and makes the macro that stamps them.
macro_rules! laws {
    (($d:tt) $($law:ident),+ $(,)?) => {
        #[doc(hidden)]
        #[macro_export]
        macro_rules! __channel_laws {
            ($d exempt:ident, $d make:expr) => {
                $(#[test]
                fn $law() {
                    let path = concat!(module_path!(), "::", stringify!($law));
                    $d crate::watched(path, || {
                        $d crate::channel_laws::check(stringify!($law), $d exempt, || {
                            $d crate::channel_laws::$law($d make);
                        });
                    });
                })+
            };
        }
    };
}

laws! { ($)
    items_come_in_order_each_once,
    a_full_and_an_empty_channel_say_so,
    a_dropped_send_has_not_sent,
    a_dropped_recv_has_taken_nothing,
    after_the_last_receiver_items_come_back,
    a_pending_send_ends_with_the_last_receiver,
    after_the_last_sender_comes_the_rest_and_the_end,
    a_parked_receiver_is_woken_by_an_item_and_by_the_end,
    closed_is_done_once_the_last_receiver_went,
    what_is_queued_goes_with_the_last_receiver,
    a_sender_that_vanished_is_no_end,
}

fn value(received: Result<Item, RecvError>) -> Result<i64, RecvError> {
    received.map(|item| item.value())
}

#[doc(hidden)]
pub fn items_come_in_order_each_once<S, R>(make: impl Fn(usize) -> (S, R))
where
    S: ChannelSender<Item>,
    R: ChannelReceiver<Item>,
{
    for capacity in [1, 2, 7] {
        let tally = Census::new();
        let (mut tx, mut rx) = make(capacity);
        let makes = tally.clone();
        let sender = beside(move || {
            wait(async {
                for value in 0..200 {
                    assert!(tx.send(makes.item(value)).await.is_ok());
                }
            });
        });
        wait(async {
            for expected in 0..200 {
                assert_eq!(value(rx.recv().await), Ok(expected));
            }
            assert_eq!(value(rx.recv().await), Err(RecvError::Closed));
        });
        sender.join().unwrap();
        assert_eq!((tally.made(), tally.live()), (200, 0));
    }
}

#[doc(hidden)]
pub fn a_full_and_an_empty_channel_say_so<S, R>(make: impl Fn(usize) -> (S, R))
where
    S: ChannelSender<Item>,
    R: ChannelReceiver<Item>,
{
    let tally = Census::new();
    let (mut tx, mut rx) = make(2);
    assert_eq!(rx.try_recv().unwrap_err(), TryRecvError::Empty);
    tx.try_send(tally.item(1)).unwrap();
    tx.try_send(tally.item(2)).unwrap();
    let full = tx.try_send(tally.item(3)).unwrap_err();
    assert!(full.is_full());
    assert_eq!(full.into_inner().value(), 3);
    assert_eq!(rx.try_recv().unwrap().value(), 1);
    tx.try_send(tally.item(4)).unwrap();
    assert_eq!(rx.try_recv().unwrap().value(), 2);
    assert_eq!(rx.try_recv().unwrap().value(), 4);
    assert_eq!(rx.try_recv().unwrap_err(), TryRecvError::Empty);
}

#[doc(hidden)]
pub fn a_dropped_send_has_not_sent<S, R>(make: impl Fn(usize) -> (S, R))
where
    S: ChannelSender<Item>,
    R: ChannelReceiver<Item>,
{
    let tally = Census::new();
    let (mut tx, mut rx) = make(1);
    wait(async {
        tx.send(tally.item(1)).await.unwrap();
        assert!(once(pin!(tx.send(tally.item(2)))).await.is_pending());
        assert_eq!(value(rx.recv().await), Ok(1));
        assert_eq!(rx.try_recv().unwrap_err(), TryRecvError::Empty);
        assert_eq!(tally.live(), 0);
    });
}

#[doc(hidden)]
pub fn a_dropped_recv_has_taken_nothing<S, R>(make: impl Fn(usize) -> (S, R))
where
    S: ChannelSender<Item>,
    R: ChannelReceiver<Item>,
{
    let tally = Census::new();
    let (mut tx, mut rx) = make(2);
    wait(async {
        {
            let mut recv = pin!(rx.recv());
            assert!(once(recv.as_mut()).await.is_pending());
            tx.try_send(tally.item(1)).unwrap();
            tx.try_send(tally.item(2)).unwrap();
        }
        assert_eq!(value(rx.recv().await), Ok(1));
        assert_eq!(value(rx.recv().await), Ok(2));
    });
}

#[doc(hidden)]
pub fn after_the_last_receiver_items_come_back<S, R>(make: impl Fn(usize) -> (S, R))
where
    S: ChannelSender<Item>,
    R: ChannelReceiver<Item>,
{
    let tally = Census::new();
    let (mut tx, rx) = make(1);
    drop(rx);
    let error = wait(tx.send(tally.item(1))).unwrap_err();
    assert!(error.is_closed());
    assert_eq!(error.into_inner().value(), 1);
    let error = tx.try_send(tally.item(2)).unwrap_err();
    assert!(error.is_closed());
    assert_eq!(error.into_inner().value(), 2);
}

#[doc(hidden)]
pub fn a_pending_send_ends_with_the_last_receiver<S, R>(make: impl Fn(usize) -> (S, R))
where
    S: ChannelSender<Item>,
    R: ChannelReceiver<Item>,
{
    let tally = Census::new();
    let (mut tx, rx) = make(1);
    tx.try_send(tally.item(1)).unwrap();
    let (parked, parks) = std::sync::mpsc::channel();
    let (item, keeps) = (tally.item(2), rx);
    let sender = beside(move || {
        wait(async {
            let mut send = pin!(tx.send(item));
            assert!(once(send.as_mut()).await.is_pending());
            parked.send(()).unwrap();
            send.await.unwrap_err()
        })
    });
    parks.recv().unwrap();
    drop(keeps);
    let error = sender.join().unwrap();
    assert!(error.is_closed());
    assert_eq!(error.into_inner().value(), 2);
}

#[doc(hidden)]
pub fn after_the_last_sender_comes_the_rest_and_the_end<S, R>(make: impl Fn(usize) -> (S, R))
where
    S: ChannelSender<Item>,
    R: ChannelReceiver<Item>,
{
    let tally = Census::new();
    let (mut tx, mut rx) = make(3);
    tx.try_send(tally.item(1)).unwrap();
    tx.try_send(tally.item(2)).unwrap();
    drop(tx);
    assert_eq!(value(wait(rx.recv())), Ok(1));
    assert_eq!(rx.try_recv().unwrap().value(), 2);
    assert_eq!(rx.try_recv().unwrap_err(), TryRecvError::Closed);
    assert_eq!(value(wait(rx.recv())), Err(RecvError::Closed));
}

#[doc(hidden)]
pub fn a_parked_receiver_is_woken_by_an_item_and_by_the_end<S, R>(make: impl Fn(usize) -> (S, R))
where
    S: ChannelSender<Item>,
    R: ChannelReceiver<Item>,
{
    let tally = Census::new();
    let (mut tx, mut rx) = make(1);
    let (parked, parks) = std::sync::mpsc::channel();
    let receiver = beside(move || {
        wait(async {
            let mut got = Vec::new();
            for _ in 0..2 {
                let mut recv = pin!(rx.recv());
                match once(recv.as_mut()).await {
                    Poll::Ready(received) => got.push(value(received)),
                    Poll::Pending => {
                        parked.send(()).unwrap();
                        got.push(value(recv.await));
                    }
                }
            }
            got
        })
    });
    parks.recv().unwrap();
    tx.try_send(tally.item(7)).unwrap();
    parks.recv().unwrap();
    drop(tx);
    assert_eq!(receiver.join().unwrap(), [Ok(7), Err(RecvError::Closed)]);
}

#[doc(hidden)]
pub fn closed_is_done_once_the_last_receiver_went<S, R>(make: impl Fn(usize) -> (S, R))
where
    S: ChannelSender<Item>,
    R: ChannelReceiver<Item>,
{
    let (mut tx, rx) = make(1);
    let (parked, parks) = std::sync::mpsc::channel();
    let sender = beside(move || {
        wait(async {
            {
                let mut closed = pin!(tx.closed());
                assert!(once(closed.as_mut()).await.is_pending());
                parked.send(()).unwrap();
                closed.await;
            }
            // Nothing was sent and nobody waits: it is still done.
            tx.closed().await;
        });
    });
    parks.recv().unwrap();
    drop(rx);
    sender.join().unwrap();
}

#[doc(hidden)]
pub fn what_is_queued_goes_with_the_last_receiver<S, R>(make: impl Fn(usize) -> (S, R))
where
    S: ChannelSender<Item>,
    R: ChannelReceiver<Item>,
{
    let tally = Census::new();
    let (mut tx, rx) = make(3);
    tx.try_send(tally.item(1)).unwrap();
    tx.try_send(tally.item(2)).unwrap();
    drop(rx);
    assert_eq!(tally.live(), 0);
    drop(tx);
}

#[doc(hidden)]
pub fn a_sender_that_vanished_is_no_end<S, R>(make: impl Fn(usize) -> (S, R))
where
    S: ChannelSender<Item>,
    R: ChannelReceiver<Item>,
{
    let (tx, mut rx) = make(1);
    let vanishes = beside(move || {
        let _tx = tx;
        // Without a message: it is meant to happen.
        resume_unwind(Box::new("vanished"));
    });
    assert!(vanishes.join().is_err());
    assert_eq!(value(wait(rx.recv())), Err(RecvError::Broken));
}
