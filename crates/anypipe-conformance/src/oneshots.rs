//! The channel of one item: closed and broken, waits that are dropped, and whom an end wakes.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use anypipe_core::channel::oneshot::{Receiver, Sender};
use anypipe_core::channel::{RecvError, SendError, TryRecvError, oneshot};
use anypipe_core::run::inherit;
use anypipe_core::scope::CancelToken;
use anypipe_core::{ErrorKind, Run};
use anypipe_stages::{source, stage};

use crate::registry::Draw;
use crate::tools::{Dropped, Wakes, beside, crowd, flow, give_way, once, together, until};

crate::suite::cases! { ($) oneshots as __oneshots {
    what_is_sent_is_received_once(),
    a_sender_that_goes_is_closed_or_broken(),
    a_receiver_that_goes_hands_the_item_back(),
    a_wait_that_is_dropped_has_taken_nothing(),
    a_cancelled_scope_takes_no_item(),
    a_cut_off_receiver_is_told_nothing(),
    the_end_wakes_all_who_wait_for_it(),
    statistics_of_a_oneshot_are_exact(),
    a_oneshot_is_a_source_of_one_item(),
    oneshots_in_any_order_lose_nothing(seed),
} }

async fn what_is_sent_is_received_once() {
    let (tx, mut rx) = oneshot();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(tx.send(1), Ok(()));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert_eq!((&mut rx).await, Err(RecvError::Closed), "asked again it is closed, and no panic");

    // To one that waits, in another task; made where no runtime is.
    let (tx, rx) = beside(oneshot).join().unwrap();
    together(|group| async move {
        let receiver = group.spawn(rx);
        until(|| tx.statistics().waiting_receivers == 1).await;
        tx.send("a").unwrap();
        assert_eq!(receiver.await.unwrap(), Ok("a"));
    })
    .await;

    // What was sent comes though the sender has gone, whatever its task did then.
    let (tx, rx) = oneshot();
    let vanished = beside(move || {
        tx.send(1).unwrap();
        resume_unwind(Box::new("vanished"));
    });
    assert!(vanished.join().is_err());
    assert_eq!(rx.await, Ok(1));

    let (tx, rx) = oneshot();
    tx.send(2).unwrap();
    assert_eq!(rx.into_rest(), Some(2));
}

async fn a_sender_that_goes_is_closed_or_broken() {
    let (tx, mut rx) = oneshot::<u8>();
    drop(tx);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(rx.await, Err(RecvError::Closed));

    let (tx, mut rx) = oneshot::<u8>();
    let vanished = beside(move || {
        let _tx = tx;
        resume_unwind(Box::new("vanished"));
    });
    assert!(vanished.join().is_err());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Broken));
    assert_eq!(rx.await, Err(RecvError::Broken));

    // A child that is cancelled, while the receiver waits.
    let (tx, mut rx) = oneshot::<u8>();
    together(|group| async move {
        let child = group.spawn(async move { tx.closed().await });
        {
            let mut recv = pin!(rx.recv());
            assert!(once(&mut recv).await.is_pending());
            child.cancel();
            assert!(child.await.unwrap_err().is_cancelled());
            assert_eq!(recv.await, Err(RecvError::Broken));
        }
    })
    .await;

    // One that is cancelled before it was ever polled: what it captured is broken too.
    let (tx, rx) = oneshot::<u8>();
    let token = CancelToken::new();
    token.cancel();
    let run = Run::new("never", inherit, move |_| async move { tx.send(1) });
    assert_eq!(run.cancel_on(token).checked().await.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(rx.await, Err(RecvError::Broken));
}

async fn a_receiver_that_goes_hands_the_item_back() {
    let (tx, rx) = oneshot();
    assert!(!tx.is_closed());
    drop(rx);
    assert!(tx.is_closed());
    tx.closed().await;
    assert_eq!(tx.send(()), Err(SendError::Closed(())));

    let (tx, rx) = oneshot();
    let vanished = beside(move || {
        let _rx = rx;
        resume_unwind(Box::new("vanished"));
    });
    assert!(vanished.join().is_err());
    assert_eq!(tx.send(5), Err(SendError::Broken(5)));

    // What was sent and not received goes with the receiver, at once.
    let (dropped, (tx, rx)) = (Dropped::new(), oneshot());
    assert!(tx.send(dropped.tells()).is_ok());
    assert_eq!(dropped.live(), 1);
    drop(rx);
    assert_eq!(dropped.live(), 0);
}

async fn a_wait_that_is_dropped_has_taken_nothing() {
    // Woken, and then dropped before it looks.
    let (tx, mut rx) = oneshot();
    {
        let mut recv = pin!(rx.recv());
        assert!(once(&mut recv).await.is_pending());
        tx.send(1).unwrap();
    }
    assert_eq!(rx.try_recv(), Ok(1));

    // It leaves no ghost, and no waker.
    let (tx, mut rx) = oneshot::<u8>();
    let wakes = Wakes::new();
    {
        let mut recv = pin!(rx.recv());
        assert!(recv.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
        assert_eq!((tx.statistics().waiting_receivers, wakes.held()), (1, 1));
    }
    assert_eq!((tx.statistics().waiting_receivers, wakes.held()), (0, 0));
    {
        let mut closed = pin!(tx.closed());
        assert!(closed.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
        assert_eq!(wakes.held(), 1);
    }
    assert_eq!(wakes.held(), 0);
    drop(rx);
    assert_eq!(wakes.count(), 0, "who waits no more is not woken");
}

async fn a_cancelled_scope_takes_no_item() {
    let (tx, rx) = oneshot();
    tx.send(1).unwrap();
    let token = CancelToken::new();
    token.cancel();
    let shared = Arc::new(std::sync::Mutex::new(rx));
    let receiver = Arc::clone(&shared);
    let run = Run::new("receive", inherit, move |_| async move { receiver.lock().unwrap().try_recv() });
    assert_eq!(run.cancel_on(token).checked().await.unwrap_err().kind(), ErrorKind::Cancelled);
    let received = shared.lock().unwrap().try_recv();
    assert_eq!(received, Ok(1));
}

async fn a_cut_off_receiver_is_told_nothing() {
    // The scope's cancel drops the sender's task and then polls the receiver's once more, or not: it waits.
    let run = Run::new("cut off", inherit, |scope| {
        let scope = scope.clone();
        async move {
            let (tx, rx) = oneshot::<u8>();
            drop(tx);
            scope.cancel();
            let told = rx.await;
            panic!("a task that was cut off was told {told:?}");
        }
    });
    assert_eq!(run.checked().await.unwrap_err().kind(), ErrorKind::Cancelled);
}

type BoxWait<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

fn boxed<'a>(wait: impl Future<Output = ()> + Send + 'a) -> BoxWait<'a> {
    Box::pin(wait)
}

async fn the_end_wakes_all_who_wait_for_it() {
    let waiting = crowd();
    let (tx, rx) = oneshot::<u8>();
    let wakes = Wakes::new();
    let mut watching: Vec<_> = (0..waiting).map(|_| boxed(tx.closed())).collect();
    let poll = |closed: &mut BoxWait<'_>| closed.as_mut().poll(&mut Context::from_waker(&wakes.waker()));
    assert!(watching.iter_mut().all(|closed| poll(closed).is_pending()));
    // Half of them go, from the middle; the rest is woken, each once.
    drop(watching.drain(waiting / 4..waiting * 3 / 4));
    drop(rx);
    assert_eq!(wakes.count(), waiting / 2);
    assert!(watching.iter_mut().all(|closed| poll(closed).is_ready()));
}

async fn statistics_of_a_oneshot_are_exact() {
    let (tx, mut rx) = oneshot();
    let now = |rx: &Receiver<u8>| {
        let now = rx.statistics();
        assert_eq!((now.capacity, now.receivers, now.waiting_senders), (1, 1, 0));
        (now.used, now.high_water, now.senders, now.waiting_receivers)
    };
    assert_eq!(now(&rx), (0, 0, 1, 0));
    assert!(once(&mut rx).await.is_pending());
    assert_eq!(tx.statistics(), rx.statistics());
    assert_eq!(now(&rx), (0, 0, 1, 1));
    tx.send(1).unwrap();
    assert_eq!(now(&rx), (1, 1, 0, 0));
    assert_eq!(once(&mut rx).await, Poll::Ready(Ok(1)));
    assert_eq!(now(&rx), (0, 1, 0, 0));
}

async fn a_oneshot_is_a_source_of_one_item() {
    let (tx, rx) = oneshot();
    tx.send(1).unwrap();
    let items = flow(source::from_channel(rx)).pipe(stage::chain(source::from_iter([2])));
    assert_eq!(items.collect().await, [1, 2]);
}

/// What becomes of each of many channels, drawn: sent, dropped, cancelled, awaited or given up.
async fn oneshots_in_any_order_lose_nothing(seed: u64) {
    let mut draw = Draw::new(seed);
    let dropped = Dropped::new();
    for _ in 0..20 {
        let (tx, mut rx) = oneshot();
        let (sends, cancels, gives_up) = (draw.coin(), draw.below(4) == 0, draw.below(4) == 0);
        let (before, after) = (draw.below(4), draw.below(4));
        let tells = dropped.tells();
        let (sent, received) = together(move |group| async move {
            let child = group.spawn(async move {
                for _ in 0..before {
                    give_way().await;
                }
                sends.then(|| tx.send(tells).is_ok())
            });
            for _ in 0..after {
                give_way().await;
            }
            if cancels {
                child.cancel();
            }
            let received = if gives_up {
                let polled = once(&mut rx).await;
                drop(rx);
                if let Poll::Ready(received) = polled { Some(received) } else { None }
            } else {
                Some(rx.await)
            };
            (child.await.ok().flatten(), received.map(|received| received.map(drop)))
        })
        .await;
        match (sent, received) {
            // It came; or the receiver had gone before it looked.
            (Some(true), Some(Ok(()))) => {}
            (Some(true | false) | None, None) => assert!(gives_up),
            (None, Some(Err(RecvError::Closed))) => assert!(!sends),
            (None, Some(Err(RecvError::Broken))) => assert!(cancels),
            // Cancelled after it had sent.
            (None, Some(Ok(()))) => assert!(sends && cancels),
            (sent, received) => panic!("sent: {sent:?}, received: {received:?}"),
        }
        assert_eq!(dropped.live(), 0);
    }
}

/// Both ends go from thread to thread.
#[allow(dead_code, reason = "it is checked by the compiler")]
fn ends_are_send_and_sync(tx: Sender<u8>, rx: Receiver<u8>) -> impl Send + Sync {
    (tx, rx)
}
