//! The laws of a channel, on the native one; the other backends have this file too.

mod common;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use anypipe_async_std::{Receiver, Sender};
use anypipe_core::channel::{ChannelReceiver, ChannelSender, RecvError, TryRecvError, TrySendError};

use common::wait;

fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (tx, rx) = async_std::channel::bounded(capacity);
    (anypipe_async_std::sender(tx), anypipe_async_std::receiver(rx))
}

/// Polls once, without waiting.
async fn once<F: Future>(future: F) -> Poll<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

#[test]
fn items_come_in_order_and_then_the_end() {
    let (mut tx, mut rx) = bounded(2);
    wait(async {
        tx.send(1).await.unwrap();
        tx.send(2).await.unwrap();
        assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
        drop(tx);
        assert_eq!(rx.recv().await, Ok(1));
        assert_eq!(rx.try_recv(), Ok(2));
        assert_eq!(rx.recv().await, Err(RecvError::Closed));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    });
}

#[test]
fn a_dropped_send_has_not_sent() {
    let (mut tx, mut rx) = bounded(1);
    wait(async {
        tx.send(1).await.unwrap();
        assert!(once(tx.send(2)).await.is_pending());
        assert_eq!(rx.recv().await, Ok(1));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    });
}

#[test]
fn a_dropped_recv_has_taken_nothing() {
    let (mut tx, mut rx) = bounded(1);
    wait(async {
        {
            let mut recv = pin!(rx.recv());
            let pending = poll_fn(|cx| Poll::Ready(recv.as_mut().poll(cx).is_pending()));
            assert!(pending.await);
            tx.try_send(1).unwrap();
        }
        assert_eq!(rx.recv().await, Ok(1));
    });
}

#[test]
fn after_the_last_receiver_an_item_comes_back() {
    let (mut tx, rx) = bounded(1);
    wait(async {
        tx.try_send(1).unwrap();
        let mut rx = Some(rx);
        let mut send = pin!(tx.send(2));
        // The receiver goes while the send is pending.
        let outcome = poll_fn(|cx| {
            let polled = send.as_mut().poll(cx);
            if rx.take().is_some() {
                assert!(polled.is_pending());
                return send.as_mut().poll(cx);
            }
            polled
        });
        let error = outcome.await.unwrap_err();
        assert!(error.is_closed());
        assert_eq!(error.into_inner(), 2);
    });
    assert_eq!(tx.try_send(3), Err(TrySendError::Closed(3)));
    assert!(wait(tx.send(4)).unwrap_err().is_closed());
}

#[test]
fn closed_is_done_once_the_last_receiver_went() {
    let (mut tx, rx) = bounded::<u32>(1);
    wait(async {
        let mut rx = Some(rx);
        {
            let mut closed = pin!(tx.closed());
            let done = poll_fn(|cx| {
                let polled = closed.as_mut().poll(cx);
                if rx.take().is_some() {
                    assert!(polled.is_pending());
                }
                polled
            });
            done.await;
        }
        // No item, no wait: it is still done.
        tx.closed().await;
    });
}

#[test]
fn a_parked_receiver_is_woken() {
    let (mut tx, mut rx) = bounded(1);
    let receiver = common::spawn(move || wait(async { (rx.recv().await, rx.recv().await) }));
    wait(tx.send(7)).unwrap();
    drop(tx);
    assert_eq!(receiver.join().unwrap(), (Ok(7), Err(RecvError::Closed)));
}

#[test]
fn the_native_end_comes_back() {
    let (tx, rx) = bounded(1);
    let (tx, rx) = (tx.clone().into_inner(), rx.into_inner());
    tx.try_send(5).unwrap();
    assert_eq!(rx.try_recv(), Ok(5));
}
