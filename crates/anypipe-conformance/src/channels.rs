//! A. The in-memory channel.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use anypipe_core::channel::{RecvError, TryRecvError, TrySendError, bounded, rendezvous};
use anypipe_core::run::inherit;
use anypipe_core::scope::CancelToken;
use anypipe_core::{ErrorKind, Run};

use crate::tools::{once, together, until};

crate::suite::cases! { ($) channels as __channels {
    a01_a_parked_receiver_gets_what_is_sent(),
    a02_try_recv_takes_from_a_parked_sender(),
    a03_each_parked_receiver_gets_one(),
    a04_a_slot_that_is_freed_goes_to_the_parked_sender(),
    a05_a_loop_ends_when_the_sender_is_closed(),
    a06_closed_senders_are_the_end_of_input(),
    a07_a_closed_receiver_hands_items_back(),
    a08_what_is_buffered_comes_before_the_end(),
    a09_clones_keep_their_side_open(),
    a10_a_parked_receiver_sees_the_end(),
    a11_a_parked_sender_sees_the_last_receiver_go(),
    a12_a_taken_item_counts_as_sent(),
    a13_a_cancelled_recv_leaves_no_ghost(),
    a14_a_cancelled_send_leaves_no_ghost(),
    a15_a_cancelled_scope_touches_nothing(),
    a16_an_item_that_was_handed_over_is_never_lost(),
    a17_statistics_are_exact(),
} }

async fn a01_a_parked_receiver_gets_what_is_sent() {
    let (tx, rx) = rendezvous();
    together(|group| async move {
        let receiver = group.spawn(async move { (rx.recv().await, rx.recv().await) });
        until(|| tx.statistics().waiting_receivers == 1).await;
        tx.send("a").await.unwrap();
        tx.send("b").await.unwrap();
        assert_eq!(receiver.await.unwrap(), (Ok("a"), Ok("b")));
    })
    .await;
}

async fn a02_try_recv_takes_from_a_parked_sender() {
    let (tx, rx) = rendezvous();
    together(|group| async move {
        let sender = group.spawn(async move { tx.send("hello").await });
        until(|| rx.statistics().waiting_senders == 1).await;
        assert_eq!(rx.try_recv(), Ok("hello"));
        assert_eq!(sender.await.unwrap(), Ok(()));
    })
    .await;
}

async fn a03_each_parked_receiver_gets_one() {
    let (tx, rx) = rendezvous();
    together(|group| async move {
        let receivers = [rx.clone(), rx.clone()].map(|rx| group.spawn(async move { rx.recv().await }));
        until(|| tx.statistics().waiting_receivers == 2).await;
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
        let mut got = Vec::new();
        for receiver in receivers {
            got.push(receiver.await.unwrap().unwrap());
        }
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        drop(rx);
    })
    .await;
}

async fn a04_a_slot_that_is_freed_goes_to_the_parked_sender() {
    let (tx, rx) = bounded(1);
    tx.try_send("old").unwrap();
    together(|group| async move {
        let sender = group.spawn(async move { tx.send("new").await });
        until(|| rx.statistics().waiting_senders == 1).await;
        assert_eq!(rx.try_recv(), Ok("old"));
        assert_eq!((rx.statistics().used, rx.statistics().waiting_senders), (1, 0));
        assert_eq!(sender.await.unwrap(), Ok(()));
        assert_eq!(rx.try_recv(), Ok("new"));
    })
    .await;
}

async fn a05_a_loop_ends_when_the_sender_is_closed() {
    let (tx, rx) = bounded(1);
    together(|group| async move {
        let consumer = group.spawn(async move {
            let mut got = Vec::new();
            while let Ok(item) = rx.recv().await {
                got.push(item);
            }
            got
        });
        tx.send("a").await.unwrap();
        tx.send("b").await.unwrap();
        tx.close();
        assert_eq!(consumer.await.unwrap(), ["a", "b"]);
    })
    .await;
}

async fn a06_closed_senders_are_the_end_of_input() {
    let (tx, rx) = bounded(1);
    tx.close();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(rx.recv().await, Err(RecvError::Closed));
    assert_eq!(tx.try_send(1), Err(TrySendError::Closed(1)));
    let error = tx.send(1).await.unwrap_err();
    assert!(error.is_closed());
}

async fn a07_a_closed_receiver_hands_items_back() {
    let (tx, rx) = bounded(1);
    rx.close();
    let error = tx.send(5).await.unwrap_err();
    assert!(error.is_closed());
    assert_eq!(error.into_inner(), 5);
    assert_eq!(tx.try_send(6), Err(TrySendError::Closed(6)));
    assert_eq!(rx.recv().await, Err(RecvError::Closed));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

async fn a08_what_is_buffered_comes_before_the_end() {
    let (tx, rx) = bounded(2);
    tx.try_send(1).unwrap();
    drop(tx);
    assert_eq!(rx.recv().await, Ok(1));
    assert_eq!(rx.recv().await, Err(RecvError::Closed));
}

async fn a09_clones_keep_their_side_open() {
    let (tx, rx) = bounded(1);
    let (tx2, rx2) = (tx.clone(), rx.clone());
    drop(tx);
    rx.close();
    tx2.send(1).await.unwrap();
    assert_eq!(rx2.recv().await, Ok(1));
    rx2.close();
    assert!(tx2.is_closed());

    let (tx, rx) = bounded::<u8>(1);
    let tx2 = tx.clone();
    tx.close();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    tx2.close();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

async fn a10_a_parked_receiver_sees_the_end() {
    let (tx, rx) = bounded::<u8>(1);
    together(|group| async move {
        let receiver = group.spawn(async move { rx.recv().await });
        until(|| tx.statistics().waiting_receivers == 1).await;
        tx.close();
        assert_eq!(receiver.await.unwrap(), Err(RecvError::Closed));
    })
    .await;
}

async fn a11_a_parked_sender_sees_the_last_receiver_go() {
    let (tx, rx) = rendezvous();
    together(|group| async move {
        let sender = group.spawn(async move { tx.send(()).await.map_err(|error| error.is_closed()) });
        until(|| rx.statistics().waiting_senders == 1).await;
        drop(rx);
        assert_eq!(sender.await.unwrap(), Err(true));
    })
    .await;
}

async fn a12_a_taken_item_counts_as_sent() {
    let (tx, rx) = rendezvous();
    let mut send = pin!(tx.send(1));
    assert!(once(&mut send).await.is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    tx.close();
    assert_eq!(once(&mut send).await, Poll::Ready(Ok(())));
}

async fn a13_a_cancelled_recv_leaves_no_ghost() {
    let (tx, rx) = rendezvous();
    together(|group| async move {
        let receiver = group.spawn(async move { rx.recv().await.map(|_: u8| rx) });
        until(|| tx.statistics().waiting_receivers == 1).await;
        receiver.cancel();
        assert!(receiver.await.unwrap_err().is_cancelled());
        assert_eq!(tx.statistics().waiting_receivers, 0);
    })
    .await;
    let (tx, rx) = rendezvous();
    assert!(once(&mut rx.recv()).await.is_pending());
    assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)));
}

async fn a14_a_cancelled_send_leaves_no_ghost() {
    let (tx, rx) = rendezvous();
    let sender = tx.clone();
    together(|group| async move {
        let sending = group.spawn(async move { sender.send(1).await });
        until(|| rx.statistics().waiting_senders == 1).await;
        sending.cancel();
        assert!(sending.await.unwrap_err().is_cancelled());
        assert_eq!(rx.statistics().waiting_senders, 0);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    })
    .await;
    let (tx, rx) = rendezvous();
    assert!(once(&mut tx.send(1)).await.is_pending());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

async fn a15_a_cancelled_scope_touches_nothing() {
    let (tx, rx) = bounded(3);
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    let (tx, rx) = (Arc::new(tx), Arc::new(rx));
    let token = CancelToken::new();
    token.cancel();
    let (sender, receiver) = (Arc::clone(&tx), Arc::clone(&rx));
    let receive = Run::new("receive", inherit, move |_| async move { receiver.recv().await });
    let error = receive.cancel_on(token.clone()).checked().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    let send = Run::new("send", inherit, move |_| async move { sender.send(3).await });
    let error = send.cancel_on(token).checked().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2)));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

async fn a16_an_item_that_was_handed_over_is_never_lost() {
    let (tx, rx) = bounded(2);
    {
        let mut recv = pin!(rx.recv());
        assert!(once(&mut recv).await.is_pending());
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
    }
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2)));

    // The same between tasks, where the receiver may or may not have looked before it is cancelled.
    let receiver = rx.clone();
    together(|group| async move {
        let receiving = group.spawn(async move { receiver.recv().await });
        until(|| tx.statistics().waiting_receivers == 1).await;
        tx.try_send(3).unwrap();
        receiving.cancel();
        match receiving.await {
            Ok(received) => assert_eq!((received, rx.try_recv()), (Ok(3), Err(TryRecvError::Empty))),
            Err(_) => assert_eq!(rx.try_recv(), Ok(3)),
        }
    })
    .await;
}

async fn a17_statistics_are_exact() {
    let (tx, rx) = bounded(1);
    let now = || {
        let now = tx.statistics();
        assert_eq!(now, rx.statistics());
        assert_eq!((now.capacity, now.senders, now.receivers), (1, 1, 1));
        (now.used, now.waiting_senders, now.waiting_receivers)
    };
    assert_eq!(now(), (0, 0, 0));
    tx.try_send(0).unwrap();
    assert_eq!(now(), (1, 0, 0));
    let (mut first, mut second, mut third) = (tx.send(1), tx.send(2), tx.send(3));
    assert!(once(&mut first).await.is_pending());
    assert_eq!(now(), (1, 1, 0));
    assert!(once(&mut second).await.is_pending());
    assert!(once(&mut third).await.is_pending());
    assert_eq!(now(), (1, 3, 0));
    for (item, waiting) in [(0, 2), (1, 1), (2, 0)] {
        assert_eq!(rx.try_recv(), Ok(item));
        assert_eq!(now(), (1, waiting, 0));
    }
    assert_eq!((first.await, second.await, third.await), (Ok(()), Ok(()), Ok(())));
    assert_eq!(rx.recv().await, Ok(3));
    assert_eq!(now(), (0, 0, 0));
    let mut recv = rx.recv();
    assert!(once(&mut recv).await.is_pending());
    assert_eq!(now(), (0, 0, 1));
    drop(recv);
    assert_eq!(now(), (0, 0, 0));
}
