//! A. The in-memory channel.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use anypipe_core::channel::{RecvError, SendError, TryRecvError, TrySendError, bounded, rendezvous};
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
    a18_a_closed_receiver_takes_nothing_more(),
    a19_a_closed_sender_delivers_nothing_more(),
    a20_a_channel_of_any_capacity_delivers(),
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

async fn a18_a_closed_receiver_takes_nothing_more() {
    // Handed and not looked at, through `recv` and through `poll_recv`: it goes to the other, in order.
    let (tx, mut rx) = bounded(4);
    let other = rx.clone();
    assert!(once(&mut poll_fn(|cx| rx.poll_recv(cx))).await.is_pending());
    let mut recvs = [Box::pin(rx.recv()), Box::pin(rx.recv())];
    for recv in &mut recvs {
        assert!(once(recv).await.is_pending());
    }
    for item in 0..4 {
        tx.try_send(item).unwrap();
    }
    rx.close();
    assert_eq!(rx.statistics().receivers, 1);
    for recv in &mut recvs {
        assert_eq!(once(recv).await, Poll::Ready(Err(RecvError::Closed)));
    }
    drop(recvs);
    assert_eq!(once(&mut poll_fn(|cx| rx.poll_recv(cx))).await, Poll::Ready(Err(RecvError::Closed)));
    for item in 0..4 {
        assert_eq!(other.try_recv(), Ok(item));
    }

    // Waiting still: what is sent afterwards passes it by, and it is woken to see that it was closed.
    let (tx, rx) = bounded(1);
    let (rx, other) = (Arc::new(rx.clone()), rx);
    together(|group| async move {
        let waiting = Arc::clone(&rx);
        let receiver = group.spawn(async move {
            let mut items = Vec::new();
            waiting.recv_many(&mut items, 2).await.map(|_| items)
        });
        until(|| tx.statistics().waiting_receivers == 1).await;
        rx.close();
        tx.try_send(7).unwrap();
        assert_eq!(receiver.await.unwrap(), Err(RecvError::Closed));
        assert_eq!(other.try_recv(), Ok(7));
    })
    .await;

    // The last one: nobody is left, and the item that was handed is dropped with the queue.
    let (tx, rx) = bounded(1);
    let item = Arc::new(());
    let mut recv = pin!(rx.recv());
    assert!(once(&mut recv).await.is_pending());
    tx.try_send(Arc::clone(&item)).unwrap();
    rx.close();
    assert_eq!(Arc::strong_count(&item), 1);
    assert_eq!(once(&mut recv).await, Poll::Ready(Err(RecvError::Closed)));
    assert!(tx.is_closed());
}

async fn a19_a_closed_sender_delivers_nothing_more() {
    let (tx, rx) = bounded(1);
    let other = tx.clone();
    tx.try_send(0).unwrap();
    let (mut send, mut reserve) = (pin!(tx.send(1)), pin!(tx.reserve()));
    assert!(once(&mut send).await.is_pending());
    assert!(once(&mut reserve).await.is_pending());
    let mut behind = pin!(other.send(2));
    assert!(once(&mut behind).await.is_pending());
    tx.close();
    assert_eq!((rx.statistics().senders, rx.statistics().waiting_senders), (1, 1));
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(0), Ok(2)));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(once(&mut behind).await, Poll::Ready(Ok(())));
    assert_eq!(once(&mut send).await, Poll::Ready(Err(SendError::Closed(1))));
    assert!(matches!(once(&mut reserve).await, Poll::Ready(Err(SendError::Closed(())))));

    // A rendezvous, and a wait that is not polled again: its item is not taken, and dropped with it.
    let (tx, rx) = rendezvous();
    let (tx, other) = (tx.clone(), tx);
    let item = Arc::new(());
    let mut send = Box::pin(tx.send(Arc::clone(&item)));
    assert!(once(&mut send).await.is_pending());
    tx.close();
    assert!(rx.try_recv().unwrap_err().is_empty());
    drop(send);
    assert_eq!(Arc::strong_count(&item), 1);

    // A sender that waits for the last receiver to go hears that its own handle was closed.
    together(|group| async move {
        let sender = Arc::new(other);
        let watching = Arc::clone(&sender);
        let (started, mut start) = (Arc::new(()), pin!(sender.closed()));
        assert!(once(&mut start).await.is_pending());
        let mark = Arc::clone(&started);
        let watcher = group.spawn(async move {
            drop(mark);
            watching.closed().await;
        });
        until(|| Arc::strong_count(&started) == 1).await;
        sender.close();
        watcher.await.unwrap();
        start.await;
        drop(rx);
    })
    .await;
}

async fn a20_a_channel_of_any_capacity_delivers() {
    for capacity in [1, 2, usize::MAX / 2 + 1, usize::MAX - 1, usize::MAX] {
        let (tx, rx) = bounded(capacity);
        let (mut first, mut second) = (pin!(rx.recv()), pin!(rx.recv()));
        assert!(once(&mut first).await.is_pending());
        assert!(once(&mut second).await.is_pending());
        tx.try_send(1).unwrap();
        tx.send(2).await.unwrap();
        assert_eq!(once(&mut first).await, Poll::Ready(Ok(1)), "capacity {capacity}");
        assert_eq!(once(&mut second).await, Poll::Ready(Ok(2)), "capacity {capacity}");
    }
}
