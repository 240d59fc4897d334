//! The channel whose items go to each subscriber: who hears what, who waits for whom, and what is missed.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use anypipe_core::channel::broadcast::{Heard, Sender};
use anypipe_core::channel::{RecvError, TryRecvError, TrySendError, broadcast};
use anypipe_core::run::inherit;
use anypipe_core::{ErrorKind, Run};
use anypipe_stages::{sink, source, stage};

use crate::tools::{Dropped, Wakes, beside, flow, give_way, next, once, panic_of, together, until};

crate::suite::cases! { ($) broadcasts as __broadcasts {
    each_subscriber_hears_what_is_sent_after_it_came(),
    who_misses_nothing_holds_back_the_senders(),
    who_is_lossy_is_told_how_many_it_missed(),
    both_kinds_hear_one_channel(),
    without_a_subscriber_an_item_goes_at_once(),
    a_clone_hears_what_the_other_is_still_to_hear(),
    the_end_comes_after_the_last_item(),
    a_vanished_sender_is_no_end_of_a_broadcast(),
    a_subscriber_that_goes_lets_the_senders_on(),
    a_send_that_is_dropped_was_not_heard(),
    a_wait_of_a_subscriber_leaves_nothing(),
    waiting_senders_are_let_in_in_turn(),
    a_cut_off_subscriber_is_told_nothing(),
    several_items_are_received_at_once(),
    room_that_was_reserved_is_nobody_elses(),
    a_subscriber_is_a_source_and_a_sender_a_sink(),
    threads_hear_a_broadcast(),
} }

pub(crate) fn heard<T>(missed: u64, item: T) -> Heard<T> {
    Heard { missed, item }
}

async fn each_subscriber_hears_what_is_sent_after_it_came() {
    let bus = broadcast(4);
    let mut first = bus.subscribe();
    assert_eq!(bus.send("a").await, 1);
    let mut second = bus.clone().subscribe();
    assert_eq!(bus.send("b").await, 2);
    assert_eq!((first.try_recv(), first.try_recv()), (Ok("a"), Ok("b")));
    assert_eq!((second.try_recv(), second.try_recv()), (Ok("b"), Err(TryRecvError::Empty)));

    // Those who wait, each in a task of its own; made where no runtime is.
    let bus: Sender<u32> = beside(|| broadcast(1)).join().unwrap();
    together(|group| async move {
        let subscribers: Vec<_> = (0..10).map(|_| bus.subscribe()).collect();
        let tasks: Vec<_> = subscribers
            .into_iter()
            .map(|mut subscriber| {
                group.spawn(async move {
                    let mut heard = Vec::new();
                    while let Ok(item) = subscriber.recv().await {
                        heard.push(item);
                    }
                    heard
                })
            })
            .collect();
        for item in 0..50 {
            assert_eq!(bus.send(item).await, 10);
        }
        drop(bus);
        for task in tasks {
            assert!(task.await.unwrap().into_iter().eq(0..50));
        }
    })
    .await;
}

async fn who_misses_nothing_holds_back_the_senders() {
    let bus = broadcast(2);
    let (mut slow, mut quick) = (bus.subscribe(), bus.subscribe());
    assert_eq!((bus.try_send(1), bus.try_send(2)), (Ok(2), Ok(2)));
    assert_eq!((quick.try_recv(), quick.try_recv()), (Ok(1), Ok(2)));
    assert_eq!(bus.try_send(3), Err(TrySendError::Full(3)));
    let mut send = pin!(bus.send(3));
    assert!(once(&mut send).await.is_pending());
    assert_eq!(quick.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(slow.try_recv(), Ok(1));
    // The room is for who waits, and it was used: a third party gets none of it.
    assert_eq!(bus.try_send(9), Err(TrySendError::Full(9)));
    assert_eq!(quick.try_recv(), Ok(3));
    assert_eq!(once(&mut send).await, Poll::Ready(2));
    assert_eq!((slow.try_recv(), slow.try_recv()), (Ok(2), Ok(3)));
}

async fn who_is_lossy_is_told_how_many_it_missed() {
    let bus = broadcast(3);
    let mut lossy = bus.subscribe_lossy();
    for item in 0..10 {
        assert_eq!(bus.try_send(item), Ok(1));
    }
    assert_eq!(lossy.try_recv(), Ok(heard(7, 7)));
    assert_eq!((lossy.try_recv(), bus.try_send(10)), (Ok(heard(0, 8)), Ok(1)));
    for item in 11..14 {
        assert_eq!(bus.try_send(item), Ok(1));
    }
    drop(bus);
    assert_eq!(lossy.recv().await, Ok(heard(2, 11)));
    assert_eq!((lossy.try_recv(), lossy.try_recv()), (Ok(heard(0, 12)), Ok(heard(0, 13))));
    assert_eq!(lossy.try_recv(), Err(TryRecvError::Closed));
}

async fn both_kinds_hear_one_channel() {
    let bus = broadcast(2);
    let (mut every, mut lossy, mut late) = (bus.subscribe(), bus.subscribe_lossy(), bus.subscribe_lossy());
    assert_eq!((bus.try_send(0), bus.try_send(1)), (Ok(3), Ok(3)));
    assert_eq!(bus.try_send(2), Err(TrySendError::Full(2)), "one of them misses nothing");
    assert_eq!(lossy.try_recv(), Ok(heard(0, 0)));
    assert_eq!(every.try_recv(), Ok(0));
    // Only a lossy one is at the oldest now.
    assert_eq!(bus.try_send(2), Ok(3));
    assert_eq!(bus.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!(late.try_recv(), Ok(heard(1, 1)));
    assert_eq!((every.try_recv(), every.try_recv()), (Ok(1), Ok(2)));
    assert_eq!((lossy.try_recv(), lossy.try_recv()), (Ok(heard(0, 1)), Ok(heard(0, 2))));
    assert_eq!((late.try_recv(), late.try_recv()), (Ok(heard(0, 2)), Err(TryRecvError::Empty)));
    assert_eq!(bus.statistics().used, 0);

    // The one that holds back goes: what is left is the lossy one's, and a sender that waits is let in.
    let bus = broadcast(1);
    let (every, mut lossy) = (bus.subscribe(), bus.subscribe_lossy());
    assert_eq!(bus.try_send(0), Ok(2));
    let mut send = pin!(bus.send(1));
    assert!(once(&mut send).await.is_pending());
    drop(every);
    assert_eq!(once(&mut send).await, Poll::Ready(1));
    assert_eq!(lossy.try_recv(), Ok(heard(1, 1)));
}

async fn without_a_subscriber_an_item_goes_at_once() {
    let (bus, dropped) = (broadcast(1), Dropped::new());
    assert!(bus.is_closed());
    bus.closed().await;
    for _ in 0..3 {
        assert_eq!(bus.send(Arc::new(dropped.tells())).await, 0);
        assert_eq!(dropped.live(), 0);
    }
    // One that comes later opens it again.
    let mut subscriber = bus.subscribe();
    assert!(!bus.is_closed());
    assert_eq!(bus.send(Arc::new(dropped.tells())).await, 1);
    assert!(subscriber.try_recv().is_ok());
    subscriber.close();
    assert!(bus.is_closed());
    assert_eq!(subscriber.recv().await.map(drop), Err(RecvError::Closed));

    let refused = panic_of(|| broadcast::<u8>(0)).expect("a broadcast that keeps nothing is refused");
    assert!(refused.contains("`broadcast(0)`"), "{refused}");
}

async fn a_clone_hears_what_the_other_is_still_to_hear() {
    let bus = broadcast(3);
    let mut first = bus.subscribe();
    (0..3).for_each(|item| assert_eq!(bus.try_send(item), Ok(1)));
    assert_eq!(first.try_recv(), Ok(0));
    let mut second = first.clone();
    assert_eq!(bus.try_send(3), Ok(2));
    drop(first);
    assert_eq!(bus.try_send(4), Err(TrySendError::Full(4)), "the clone holds back too");
    assert_eq!((second.try_recv(), second.try_recv(), second.try_recv()), (Ok(1), Ok(2), Ok(3)));

    // A lossy one that has missed some tells its clone of them.
    let bus = broadcast(1);
    let mut lossy = bus.subscribe_lossy();
    (0..5).for_each(|item| assert_eq!(bus.try_send(item), Ok(1)));
    let mut other = lossy.clone();
    assert_eq!((lossy.try_recv(), other.try_recv()), (Ok(heard(4, 4)), Ok(heard(4, 4))));
    lossy.close();
    assert_eq!(lossy.clone().try_recv(), Err(TryRecvError::Closed));
    assert_eq!(bus.statistics().receivers, 1);
}

async fn the_end_comes_after_the_last_item() {
    let bus = broadcast(2);
    let mut subscriber = bus.subscribe();
    let other = bus.clone();
    assert_eq!(bus.try_send(1), Ok(1));
    drop(bus);
    assert_eq!((subscriber.try_recv(), subscriber.try_recv()), (Ok(1), Err(TryRecvError::Empty)));
    together(|group| async move {
        let mut lossy = other.subscribe_lossy();
        let waits = group.spawn(async move { (subscriber.recv().await, next(&mut subscriber).await) });
        let lossy = group.spawn(async move { lossy.recv().await });
        until(|| other.statistics().waiting_receivers == 2).await;
        drop(other);
        assert_eq!(waits.await.unwrap(), (Err(RecvError::Closed), None));
        assert_eq!(lossy.await.unwrap(), Err(RecvError::Closed));
    })
    .await;
}

async fn a_vanished_sender_is_no_end_of_a_broadcast() {
    let bus = broadcast(2);
    let (mut every, mut lossy) = (bus.subscribe(), bus.subscribe_lossy());
    let other = bus.clone();
    let vanished = beside(move || {
        assert_eq!(other.try_send(1), Ok(2));
        resume_unwind(Box::new("vanished"));
    });
    assert!(vanished.join().is_err());
    assert_eq!((every.try_recv(), every.try_recv()), (Ok(1), Err(TryRecvError::Empty)));
    drop(bus);
    assert_eq!(every.try_recv(), Err(TryRecvError::Broken));
    assert_eq!((next(&mut every).await, next(&mut every).await), (Some(Err(RecvError::Broken)), None));
    assert_eq!((lossy.recv().await, lossy.recv().await), (Ok(heard(0, 1)), Err(RecvError::Broken)));

    // A child that is cancelled, while a subscriber waits.
    let bus = broadcast::<u8>(1);
    let mut every = bus.subscribe();
    together(|group| async move {
        let child = group.spawn(async move { bus.closed().await });
        let waits = group.spawn(async move { every.recv().await });
        give_way().await;
        child.cancel();
        assert!(child.await.unwrap_err().is_cancelled());
        assert_eq!(waits.await.unwrap(), Err(RecvError::Broken));
    })
    .await;
}

async fn a_subscriber_that_goes_lets_the_senders_on() {
    let bus = broadcast(1);
    let (mut quick, slow) = (bus.subscribe(), bus.subscribe());
    together(|group| async move {
        assert_eq!(bus.try_send(0), Ok(2));
        assert_eq!(quick.try_recv(), Ok(0));
        let (sender, other) = (bus.clone(), bus.clone());
        let sends = group.spawn(async move { (sender.send(1).await, sender.send(2).await) });
        until(|| bus.statistics().waiting_senders == 1).await;
        let closed = group.spawn(async move { other.closed().await });
        drop(slow);
        until(|| bus.statistics().waiting_senders == 1).await;
        assert_eq!(quick.try_recv(), Ok(1));
        assert_eq!(sends.await.unwrap(), (1, 1));
        drop(quick);
        closed.await.unwrap();
        assert_eq!(bus.statistics().used, 0);
    })
    .await;
}

async fn a_send_that_is_dropped_was_not_heard() {
    let (bus, dropped) = (broadcast(1), Dropped::new());
    let mut subscriber = bus.subscribe();
    let item = |number: u32| (number, Arc::new(dropped.tells()));
    assert_eq!(bus.send(item(0)).await, 1);
    {
        let (mut first, mut second) = (pin!(bus.send(item(1))), Box::pin(bus.send(item(2))));
        assert!(once(&mut first).await.is_pending());
        assert!(once(&mut second).await.is_pending());
        drop(second);
        assert_eq!((dropped.live(), bus.statistics().waiting_senders), (2, 1));
        assert_eq!(subscriber.try_recv().unwrap().0, 0);
        // It was let in, and is dropped before it looks: it was sent.
    }
    assert_eq!(subscriber.try_recv().unwrap().0, 1);
    assert_eq!((dropped.live(), bus.statistics().waiting_senders), (0, 0));
    assert_eq!(subscriber.try_recv().map(drop), Err(TryRecvError::Empty));
}

async fn a_wait_of_a_subscriber_leaves_nothing() {
    let bus = broadcast(1);
    let (mut first, mut second) = (bus.subscribe(), bus.subscribe_lossy());
    let wakes = Wakes::new();
    {
        let (mut recv, mut lossy) = (pin!(first.recv()), pin!(second.recv()));
        assert!(recv.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
        assert!(lossy.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
        assert_eq!((bus.statistics().waiting_receivers, wakes.held()), (2, 2));
        // Woken, and dropped before it looks: the item stays.
        assert_eq!(bus.try_send(1), Ok(2));
        assert_eq!(wakes.count(), 2);
    }
    assert_eq!((first.try_recv(), second.try_recv()), (Ok(1), Ok(heard(0, 1))));
    {
        let (mut recv, mut closed) = (pin!(first.recv()), pin!(bus.closed()));
        assert!(recv.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
        assert!(closed.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
    }
    assert_eq!((bus.statistics().waiting_receivers, wakes.held()), (0, 0));
}

async fn waiting_senders_are_let_in_in_turn() {
    let bus = broadcast(1);
    let mut subscriber = bus.subscribe();
    together(|group| async move {
        assert_eq!(bus.try_send(0), Ok(1));
        for number in 1..=5 {
            let sender = bus.clone();
            group.spawn(async move { sender.send(number).await });
            until(|| bus.statistics().waiting_senders == number).await;
        }
        for number in 0..=5 {
            assert_eq!(subscriber.recv().await, Ok(number));
        }
        assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
    })
    .await;
}

async fn a_cut_off_subscriber_is_told_nothing() {
    for sends in [false, true] {
        let run = Run::new("cut off", inherit, move |scope| {
            let scope = scope.clone();
            async move {
                let bus = broadcast::<u8>(1);
                let mut subscriber = bus.subscribe();
                if sends {
                    bus.send(0).await;
                    let mut send = pin!(bus.send(1));
                    assert!(once(&mut send).await.is_pending());
                    scope.cancel();
                    drop(subscriber);
                    let heard_by = send.await;
                    panic!("a task that was cut off was told that {heard_by} have heard it");
                }
                drop(bus);
                scope.cancel();
                let told = subscriber.recv().await;
                panic!("a task that was cut off was told {told:?}");
            }
        });
        assert_eq!(run.checked().await.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}

async fn several_items_are_received_at_once() {
    let bus = broadcast(4);
    let (mut every, mut lossy) = (bus.subscribe(), bus.subscribe_lossy());
    let (mut items, mut all_heard) = (vec![9], Vec::new());
    (0..4).for_each(|item| assert_eq!(bus.try_send(item), Ok(2)));
    assert_eq!((every.recv_many(&mut items, 0).await, every.recv_many(&mut items, 3).await), (Ok(0), Ok(3)));
    assert_eq!(items, [9, 0, 1, 2]);
    assert_eq!(bus.try_send(4), Ok(2), "there is room for what was taken");
    assert_eq!(every.recv_many(&mut items, usize::MAX).await, Ok(2));
    assert_eq!(items, [9, 0, 1, 2, 3, 4]);
    assert_eq!(lossy.recv_many(&mut all_heard, 2).await, Ok(2));
    assert_eq!(all_heard, [heard(1, 1), heard(0, 2)]);
    // It waits for the first alone, and has taken nothing where it is dropped.
    {
        let mut recv = pin!(every.recv_many(&mut items, 5));
        assert!(once(&mut recv).await.is_pending());
        assert_eq!(bus.try_send(5), Ok(2));
        assert_eq!(bus.statistics().waiting_receivers, 0);
    }
    assert_eq!(every.recv_many(&mut items, 5).await, Ok(1));
    assert_eq!(items[6..], [5]);
    drop(bus);
    assert_eq!(every.recv_many(&mut items, 5).await, Err(RecvError::Closed));
    assert_eq!(lossy.recv_many(&mut all_heard, 5).await, Ok(3));
    assert_eq!((items.len(), all_heard.len()), (7, 5));
}

async fn room_that_was_reserved_is_nobody_elses() {
    let bus = broadcast(2);
    let (mut every, mut lossy) = (bus.subscribe(), bus.subscribe_lossy());
    let permit = bus.reserve().await;
    assert_eq!(bus.try_send(0), Ok(2));
    assert_eq!(bus.try_send(9), Err(TrySendError::Full(9)), "there is room for the one that it is kept for");
    // In turn with those who send.
    let (mut second, mut send) = (Box::pin(bus.reserve()), Box::pin(bus.send(2)));
    let mut third = Box::pin(bus.reserve());
    assert!(once(&mut second).await.is_pending() && once(&mut send).await.is_pending());
    assert!(once(&mut third).await.is_pending());
    assert_eq!(bus.statistics().waiting_senders, 3);
    assert_eq!((permit.send(1), every.try_recv()), (2, Ok(0)));
    assert!(once(&mut send).await.is_pending(), "the room is that of who came before");
    let Poll::Ready(permit) = once(&mut second).await else { panic!("it was given the room") };
    // One that is not used, and one that was granted and not looked at, go to the next.
    drop(permit);
    assert_eq!((once(&mut send).await, every.try_recv()), (Poll::Ready(2), Ok(1)));
    assert_eq!(bus.try_send(9), Err(TrySendError::Full(9)), "it was given to the third");
    drop(third);
    assert_eq!(bus.try_send(3), Ok(2));
    // And one that waits leaves nothing.
    let wakes = Wakes::new();
    let mut waits = Box::pin(bus.reserve());
    assert!(waits.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
    drop(waits);
    assert_eq!((bus.statistics().waiting_senders, wakes.held()), (0, 0));
    assert_eq!((every.try_recv(), every.try_recv()), (Ok(2), Ok(3)));
    assert_eq!((lossy.try_recv(), lossy.try_recv()), (Ok(heard(2, 2)), Ok(heard(0, 3))));

    // Where only lossy ones hear, and where nobody does.
    drop(every);
    (0..2).for_each(|item| assert_eq!(bus.try_send(item), Ok(1)));
    let (one, two) = (bus.reserve().await, bus.reserve().await);
    let mut late = Box::pin(bus.reserve());
    assert!(once(&mut late).await.is_pending(), "all there is is kept");
    assert_eq!((one.send(4), two.send(5)), (1, 1));
    assert_eq!((lossy.try_recv(), lossy.try_recv()), (Ok(heard(2, 4)), Ok(heard(0, 5))));
    let Poll::Ready(one) = once(&mut late).await else { panic!("there is room") };
    drop(lossy);
    let two = bus.reserve().await;
    let mut late = Box::pin(bus.reserve());
    assert!(once(&mut late).await.is_pending());
    assert_eq!((bus.try_send(6), one.send(7)), (Ok(0), 0));
    assert!(once(&mut late).await.is_ready());
    drop((two, late));
    assert_eq!((bus.send(8).await, bus.statistics().used), (0, 0));
    // Who sends waits for no room once nobody subscribes, also behind one who reserves.
    let subscriber = bus.subscribe();
    let permits = (bus.reserve().await, bus.reserve().await);
    let (mut waits, mut send) = (Box::pin(bus.reserve()), Box::pin(bus.send(9)));
    assert!(once(&mut waits).await.is_pending() && once(&mut send).await.is_pending());
    drop(subscriber);
    assert_eq!(once(&mut send).await, Poll::Ready(0));
    assert!(once(&mut waits).await.is_pending());
    drop(permits);
    assert!(once(&mut waits).await.is_ready());
}

async fn a_subscriber_is_a_source_and_a_sender_a_sink() {
    let bus = broadcast(2);
    let (every, lossy) = (bus.subscribe(), bus.subscribe_lossy());
    let all = flow(source::from_channel(every)).collect();
    let heard = flow(source::from_channel(lossy)).pipe(stage::map(|heard: Heard<u32>| heard.missed + 1));
    let (all, heard) = together(|group| async move {
        let all = group.spawn(all);
        let heard = group.spawn(heard.collect());
        let sent = flow(source::from_iter(0..20)).into(sink::send_to(bus)).await;
        assert_eq!(sent, Ok(()));
        (all.await.unwrap(), heard.await.unwrap())
    })
    .await;
    assert!(all.into_iter().eq(0..20));
    assert_eq!(heard.iter().sum::<u64>(), 20, "heard and missed come to what was sent");

    // A sink ends where nobody subscribes any more.
    let bus = broadcast(2);
    let few = flow(source::from_channel(bus.subscribe())).pipe(stage::take(2)).collect();
    together(|group| async move {
        let few = group.spawn(few);
        let sent = flow(source::from_iter(0..)).into(sink::send_to(bus)).await;
        assert!(sent.unwrap_err().is_closed());
        assert_eq!(few.await.unwrap(), [0, 1]);
    })
    .await;

    // A sender that vanished fails the run that it was the source of.
    let bus = broadcast::<u8>(1);
    let run = flow(source::from_channel(bus.subscribe())).into(sink::drain());
    assert!(
        beside(move || {
            let _bus = bus;
            resume_unwind(Box::new("vanished"));
        })
        .join()
        .is_err()
    );
    assert_eq!(run.checked().await.unwrap_err().kind(), ErrorKind::Broken);
}

async fn threads_hear_a_broadcast() {
    let bus = broadcast(1);
    let subscribers: Vec<_> = (0..3).map(|_| bus.subscribe()).collect();
    let mut lossy = bus.subscribe_lossy();
    let threads: Vec<_> = subscribers
        .into_iter()
        .map(|mut subscriber| {
            beside(move || {
                let mut heard = Vec::new();
                while let Ok(item) = subscriber.recv_blocking() {
                    heard.push(item);
                }
                heard
            })
        })
        .collect();
    let counts = beside(move || {
        let mut count = 0;
        while let Ok(heard) = lossy.recv_blocking() {
            count += heard.missed + 1;
        }
        count
    });
    let sender = beside(move || (0..500).for_each(|item| assert_eq!(bus.send_blocking(item), 4)));
    sender.join().unwrap();
    for heard in threads {
        assert!(heard.join().unwrap().into_iter().eq(0..500));
    }
    assert_eq!(counts.join().unwrap(), 500);

    let checks = beside(|| {
        let (bus, short) = (broadcast(1), Duration::from_millis(1));
        let (mut every, mut lossy) = (bus.subscribe(), bus.subscribe_lossy());
        assert_eq!(every.recv_blocking_within(short), Err(TryRecvError::Empty));
        assert_eq!(bus.send_blocking_within(1, Duration::ZERO), Ok(2));
        assert_eq!(bus.send_blocking_within(2, short), Err(TrySendError::Full(2)));
        assert_eq!(every.recv_blocking_within(Duration::MAX), Ok(1));
        assert_eq!(lossy.recv_blocking_within(Duration::ZERO), Ok(heard(0, 1)));
        assert_eq!(lossy.recv_blocking_within(short), Err(TryRecvError::Empty));
        assert_eq!((bus.statistics().waiting_senders, bus.statistics().waiting_receivers), (0, 0));
    });
    checks.join().unwrap();

    // A thread that waits hears of the end; and a task may not wait so.
    for breaks in [false, true] {
        let bus = broadcast::<u8>(1);
        let (mut every, watch) = (bus.subscribe(), bus.subscribe_lossy());
        let waits = beside(move || every.recv_blocking());
        while watch.statistics().waiting_receivers == 0 {
            thread::yield_now();
        }
        let goes = beside(move || {
            let _bus = bus;
            if breaks {
                resume_unwind(Box::new("vanished"));
            }
        });
        assert_eq!(goes.join().is_err(), breaks);
        assert_eq!(waits.join().unwrap(), Err(if breaks { RecvError::Broken } else { RecvError::Closed }));
    }
    let bus = broadcast(1);
    let (mut every, mut lossy) = (bus.subscribe(), bus.subscribe_lossy());
    assert!(panic_of(|| bus.send_blocking(1)).is_some_and(|text| text.contains("await `send`")));
    assert!(panic_of(|| every.recv_blocking()).is_some_and(|text| text.contains("await `recv`")));
    assert!(panic_of(|| lossy.recv_blocking()).is_some_and(|text| text.contains("await `recv`")));
}
