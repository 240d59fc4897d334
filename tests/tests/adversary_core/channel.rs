//! The in-memory channel, polled by hand at the worst moments.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use anypipe::channel::{RecvError, SendError, TryRecvError, bounded, rendezvous};

use super::{Wakes, poll_once};

#[test]
fn no_item_goes_to_a_receiver_that_has_gone() {
    let (sender, receiver) = bounded(1);
    sender.try_send(0).unwrap();
    let mut first = sender.send(1);
    let mut second = sender.send(2);
    let mut third = sender.send(3);
    assert!(poll_once(&mut first).is_pending());
    assert!(poll_once(&mut second).is_pending());
    assert!(poll_once(&mut third).is_pending());
    drop(receiver);
    // One that ends must not make room for the next: there is nobody to take its item.
    drop(first);
    assert_eq!(poll_once(&mut second), Poll::Ready(Err(SendError::Closed(2))));
    assert_eq!(poll_once(&mut third), Poll::Ready(Err(SendError::Closed(3))));
    let statistics = sender.statistics();
    assert_eq!((statistics.used, statistics.waiting_senders), (0, 0));
}

#[test]
fn a_permit_that_goes_back_after_the_receiver_lets_nobody_in() {
    let (sender, receiver) = bounded(1);
    let Poll::Ready(Ok(permit)) = poll_once(&mut pin!(sender.reserve())) else { panic!("there is room") };
    let mut send = sender.send(1);
    assert!(poll_once(&mut send).is_pending());
    drop(receiver);
    drop(permit);
    assert_eq!(poll_once(&mut send), Poll::Ready(Err(SendError::Closed(1))));
}

#[test]
fn a_receiver_closed_by_hand_wakes_its_own_wait() {
    for clones in [0, 1] {
        let (sender, receiver) = bounded::<u8>(1);
        let others = vec![receiver.clone(); clones];
        let wakes = Arc::<Wakes>::default();
        let mut recv = receiver.recv();
        assert!(wakes.poll(&mut recv).is_pending());
        receiver.close();
        assert_eq!(wakes.count(), 1);
        assert_eq!(wakes.poll(&mut recv), Poll::Ready(Err(RecvError::Closed)));
        assert_eq!(sender.statistics().waiting_receivers, 0);
        drop(others);
    }
}

#[test]
fn a_sender_closed_by_hand_wakes_its_own_waits() {
    let (sender, receiver) = bounded(1);
    sender.try_send(0).unwrap();
    let other = sender.clone();
    let wakes = Arc::<Wakes>::default();
    let mut send = sender.send(1);
    let mut reserve = pin!(sender.reserve());
    let mut closed = pin!(sender.closed());
    assert!(wakes.poll(&mut send).is_pending());
    assert!(wakes.poll(&mut reserve).is_pending());
    assert!(wakes.poll(&mut closed).is_pending());
    sender.close();
    assert_eq!(wakes.count(), 3);
    assert_eq!(wakes.poll(&mut send), Poll::Ready(Err(SendError::Closed(1))));
    assert!(matches!(wakes.poll(&mut reserve), Poll::Ready(Err(SendError::Closed(())))));
    assert_eq!(wakes.poll(&mut closed), Poll::Ready(()));
    drop(other);
    assert_eq!(receiver.try_recv(), Ok(0));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn the_end_is_not_told_while_an_item_may_come_back() {
    let (sender, first) = bounded(1);
    let second = first.clone();
    let wakes = Arc::<Wakes>::default();
    let mut waits = first.recv();
    assert!(poll_once(&mut waits).is_pending());
    sender.try_send(1).unwrap();
    drop(sender);
    // The item was handed to the first, which has not looked yet.
    let mut recv = second.recv();
    assert!(wakes.poll(&mut recv).is_pending());
    assert_eq!(second.try_recv(), Err(TryRecvError::Empty));
    drop(waits);
    assert_eq!(wakes.count(), 1);
    assert_eq!(wakes.poll(&mut recv), Poll::Ready(Ok(1)));
    assert_eq!(second.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn the_end_is_told_once_the_last_item_was_looked_at() {
    let (sender, first) = bounded(1);
    let second = first.clone();
    let wakes = Arc::<Wakes>::default();
    let (mut waits, mut recv) = (first.recv(), second.recv());
    assert!(poll_once(&mut waits).is_pending());
    sender.try_send(1).unwrap();
    assert!(wakes.poll(&mut recv).is_pending());
    drop(sender);
    assert_eq!(poll_once(&mut waits), Poll::Ready(Ok(1)));
    assert!(wakes.count() > 0);
    assert_eq!(wakes.poll(&mut recv), Poll::Ready(Err(RecvError::Closed)));
}

#[test]
fn a_closed_receiver_keeps_no_place_in_the_queue() {
    let (sender, mut first) = bounded(1);
    let second = first.clone();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(first.poll_recv(&mut cx).is_pending());
    first.close();
    sender.try_send(1).unwrap();
    assert_eq!(second.try_recv(), Ok(1));
    assert_eq!(first.poll_recv(&mut cx), Poll::Ready(Err(RecvError::Closed)));
}

#[test]
fn a_permit_outlives_the_receiver_it_counted_on() {
    let (sender, receiver) = rendezvous();
    let mut recv = receiver.recv();
    assert!(poll_once(&mut recv).is_pending());
    let Poll::Ready(Ok(permit)) = poll_once(&mut pin!(sender.reserve())) else { panic!("one waits") };
    drop(recv);
    assert!(sender.try_send(0).unwrap_err().is_full());
    permit.send(1).unwrap();
    assert!(sender.try_send(2).unwrap_err().is_full());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(sender.statistics().used, 0);
}

/// A waker whose end uses the channel, as that of a task which owns an end of it does.
struct Nosy<E: Fn()>(E);

impl<E: Fn() + Send + Sync + 'static> Wake for Nosy<E> {
    fn wake(self: Arc<Self>) {}
}

impl<E: Fn()> Drop for Nosy<E> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn no_waker_is_dropped_under_the_lock() {
    let (sender, mut receiver) = bounded::<u8>(1);
    let dropped = Arc::new(Mutex::new(Vec::new()));
    let nosy = || {
        let (sender, dropped) = (sender.clone(), Arc::clone(&dropped));
        Waker::from(Arc::new(Nosy(move || {
            let used = sender.statistics().used;
            dropped.lock().unwrap_or_else(PoisonError::into_inner).push(used);
        })))
    };
    let poll = |future: &mut dyn FnMut(&mut Context<'_>)| {
        let waker = nosy();
        future(&mut Context::from_waker(&waker));
    };
    // Each of these leaves a waker of which the channel has the last clone, and then replaces or
    // removes it.
    for _ in 0..2 {
        poll(&mut |cx| assert!(receiver.poll_recv(cx).is_pending()));
    }
    {
        let mut recv = receiver.recv();
        for _ in 0..2 {
            poll(&mut |cx| assert!(Future::poll(pin!(&mut recv), cx).is_pending()));
        }
    }
    {
        let mut closed = pin!(sender.closed());
        for _ in 0..2 {
            poll(&mut |cx| assert!(closed.as_mut().poll(cx).is_pending()));
        }
    }
    sender.try_send(0).unwrap();
    assert_eq!(receiver.poll_recv(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(0)));
    sender.try_send(1).unwrap();
    {
        let mut send = sender.send(2);
        let mut reserve = pin!(sender.reserve());
        for _ in 0..2 {
            poll(&mut |cx| assert!(Future::poll(pin!(&mut send), cx).is_pending()));
            poll(&mut |cx| assert!(reserve.as_mut().poll(cx).is_pending()));
        }
    }
    assert_eq!(dropped.lock().unwrap().len(), 10);
}

#[test]
fn a_waker_that_panics_takes_no_other_wake_with_it() {
    struct Bad;
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            panic!("a bad waker");
        }
    }
    let (sender, first) = bounded::<u8>(1);
    let second = first.clone();
    let wakes = Arc::<Wakes>::default();
    let (mut one, mut two) = (first.recv(), second.recv());
    let bad = Waker::from(Arc::new(Bad));
    assert!(Future::poll(pin!(&mut one), &mut Context::from_waker(&bad)).is_pending());
    assert!(wakes.poll(&mut two).is_pending());
    let closed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sender.close()));
    assert!(closed.is_err());
    assert_eq!(wakes.count(), 1);
    assert_eq!(wakes.poll(&mut two), Poll::Ready(Err(RecvError::Closed)));
}
