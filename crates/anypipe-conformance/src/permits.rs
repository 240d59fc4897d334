//! C. Permits: the room that `reserve` keeps.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use anypipe_core::channel::{TryRecvError, TrySendError, bounded};

use crate::tools::{beside, give_way, once, together, until};

crate::suite::cases! { ($) permits as __permits {
    c01_a_waiter_that_is_cancelled_takes_no_permit(),
    c02_a_permit_granted_to_the_cancelled_goes_on(),
    c03_a_permit_keeps_others_out(),
    c04_waiters_are_served_in_order(),
    c05_a_channel_made_outside_works_everywhere(),
} }

async fn c01_a_waiter_that_is_cancelled_takes_no_permit() {
    let (tx, _rx) = bounded(1);
    // Cancelled, then released.
    let permit = tx.reserve().await.unwrap();
    {
        let mut waiter = pin!(tx.reserve());
        assert!(once(&mut waiter).await.is_pending());
        assert_eq!(tx.statistics().waiting_senders, 1);
    }
    assert_eq!(tx.statistics().waiting_senders, 0);
    drop(permit);
    tx.try_send(1).unwrap();

    // Released, then cancelled.
    let (tx, _rx) = bounded(1);
    let permit = tx.reserve().await.unwrap();
    {
        let mut waiter = pin!(tx.reserve());
        assert!(once(&mut waiter).await.is_pending());
        drop(permit);
        assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)), "the room is the waiter's");
    }
    tx.try_send(1).unwrap();
}

async fn c02_a_permit_granted_to_the_cancelled_goes_on() {
    let (tx, rx) = bounded(1);
    let permit = tx.reserve().await.unwrap();
    let mut second = Box::pin(tx.reserve());
    let mut third = Box::pin(tx.reserve());
    assert!(once(&mut second).await.is_pending());
    assert!(once(&mut third).await.is_pending());
    drop(permit);
    drop(second);
    let Poll::Ready(Ok(permit)) = once(&mut third).await else { panic!("the next was not let in") };
    assert_eq!(tx.try_send(9), Err(TrySendError::Full(9)));
    permit.send(3).unwrap();
    assert_eq!(rx.try_recv(), Ok(3));
    // Within the limit again.
    let _permit = tx.reserve().await.unwrap();
    assert_eq!(tx.try_send(9), Err(TrySendError::Full(9)));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

async fn c03_a_permit_keeps_others_out() {
    let (tx, _rx) = bounded::<()>(1);
    let inside = Arc::new(AtomicUsize::new(0));
    together(|group| async move {
        for _ in 0..3 {
            let (tx, inside) = (tx.clone(), Arc::clone(&inside));
            group.spawn(async move {
                for _ in 0..5 {
                    let permit = tx.reserve().await.unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    give_way().await;
                    assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
                    drop(permit);
                }
            });
        }
    })
    .await;
}

async fn c04_waiters_are_served_in_order() {
    let (tx, rx) = bounded(1);
    together(|group| async move {
        let first = tx.clone();
        let permit = first.reserve().await.unwrap();
        for number in 0..3 {
            let waiter = tx.clone();
            group.spawn(async move { waiter.reserve().await.unwrap().send(number).unwrap() });
            until(|| tx.statistics().waiting_senders == number + 1).await;
        }
        drop(permit);
        for number in 0..3 {
            // Nobody is parked here, so that there is room for one at a time.
            until(|| tx.statistics().used == 1).await;
            assert_eq!(rx.try_recv(), Ok(number));
        }
    })
    .await;
}

async fn c05_a_channel_made_outside_works_everywhere() {
    let (tx, rx) = beside(|| bounded(2)).join().unwrap();
    let statistics = tx.statistics();
    assert_eq!((statistics.used, statistics.capacity), (0, 2));
    together(|group| async move {
        let sums = group.spawn(async move {
            let mut sum = 0;
            while let Ok(item) = rx.recv().await {
                sum += item;
            }
            sum
        });
        for item in 1..=10 {
            tx.send(item).await.unwrap();
        }
        drop(tx);
        assert_eq!(sums.await.unwrap(), 55);
    })
    .await;
}
