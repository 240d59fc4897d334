//! What a broadcast keeps: one of each item, in exact counts, at a cost that does not grow, and as a model has it.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use anypipe_core::channel::broadcast::{Heard, LossyReceiver, Permit, Receiver, Sender};
use anypipe_core::channel::{TryRecvError, broadcast};

use crate::broadcasts::heard;
use crate::registry::Draw;
use crate::tools::{Wakes, crowd, drop_after, once, together};

crate::suite::cases! { ($) broadcast_ring as __broadcast_ring {
    an_item_is_kept_once_and_goes_with_the_last(),
    a_clone_is_made_without_a_lock(),
    statistics_of_a_broadcast_are_exact(),
    a_broadcast_of_any_capacity_hears(),
    an_item_costs_the_same_among_many_subscribers(),
    many_waiting_senders_leave_in_any_order(),
    everybody_waits_and_all_goes(),
    broadcasts_in_any_order_lose_nothing(seed),
} }

/// Counts how often it is cloned.
struct Cloned {
    clones: Arc<AtomicUsize>,
    live: Arc<()>,
}

impl Clone for Cloned {
    fn clone(&self) -> Self {
        self.clones.fetch_add(1, Ordering::SeqCst);
        Self { clones: Arc::clone(&self.clones), live: Arc::clone(&self.live) }
    }
}

async fn an_item_is_kept_once_and_goes_with_the_last() {
    const SUBSCRIBERS: usize = 100;
    let (clones, live) = (Arc::new(AtomicUsize::new(0)), Arc::new(()));
    let bus = broadcast(4);
    let mut subscribers: Vec<_> = (0..SUBSCRIBERS).map(|_| bus.subscribe()).collect();
    for _ in 0..4 {
        let item = Cloned { clones: Arc::clone(&clones), live: Arc::clone(&live) };
        assert_eq!(bus.try_send(item).ok(), Some(SUBSCRIBERS));
    }
    assert_eq!((Arc::strong_count(&live), clones.load(Ordering::SeqCst)), (5, 0), "one of each is kept");
    for subscriber in &mut subscribers {
        drop(subscriber.try_recv().expect("there is one"));
    }
    // The last one took it as it was.
    assert_eq!((Arc::strong_count(&live), clones.load(Ordering::SeqCst)), (4, SUBSCRIBERS - 1));
    subscribers.truncate(1);
    assert_eq!(Arc::strong_count(&live), 4);
    // With the last subscriber all goes, at once.
    drop(subscribers);
    assert_eq!((Arc::strong_count(&live), bus.statistics().used), (1, 0));
}

/// Asks the channel while it is cloned and while it is dropped, and may panic while it is cloned.
struct Asks {
    bus: Sender<Asks>,
    panics: bool,
}

impl Clone for Asks {
    fn clone(&self) -> Self {
        assert!(self.bus.statistics().receivers > 0 && !self.panics, "a clone that panics");
        Self { bus: self.bus.clone(), panics: self.panics }
    }
}

impl Drop for Asks {
    fn drop(&mut self) {
        self.bus.statistics();
    }
}

async fn a_clone_is_made_without_a_lock() {
    let bus = broadcast(1);
    let (mut first, mut second, mut lossy) = (bus.subscribe(), bus.subscribe(), bus.subscribe_lossy());
    for panics in [false, true, false] {
        assert_eq!(bus.send(Asks { bus: bus.clone(), panics }).await, 3);
        // A clone that panics is that subscriber's own: it goes on with the next.
        assert_eq!(catch_unwind(AssertUnwindSafe(|| first.try_recv().is_ok())).is_err(), panics);
        assert_eq!(catch_unwind(AssertUnwindSafe(|| lossy.try_recv().is_ok())).is_err(), panics);
        assert!(second.try_recv().is_ok());
    }
    // What is dropped unheard, for want of room and with the last subscriber.
    drop((first, second));
    for _ in 0..3 {
        assert_eq!(bus.try_send(Asks { bus: bus.clone(), panics: false }).ok(), Some(1));
    }
    drop(lossy);
    assert_eq!(bus.statistics().senders, 1);
}

async fn statistics_of_a_broadcast_are_exact() {
    let bus = broadcast(2);
    let now = || {
        let now = bus.statistics();
        (now.used, now.high_water, now.receivers, now.waiting_senders, now.waiting_receivers)
    };
    assert_eq!((bus.statistics().capacity, bus.statistics().senders, now()), (2, 1, (0, 0, 0, 0, 0)));
    let (mut every, mut lossy) = (bus.subscribe(), bus.subscribe_lossy());
    assert_eq!((now(), every.statistics()), ((0, 0, 2, 0, 0), lossy.statistics()));
    let mut recv = Box::pin(every.recv());
    assert!(once(&mut recv).await.is_pending());
    assert_eq!(now(), (0, 0, 2, 0, 1));
    drop(recv);
    assert_eq!((bus.try_send(1), bus.try_send(2)), (Ok(2), Ok(2)));
    let sends: Vec<_> = (3..6).map(|item| Box::pin(bus.send(item))).collect();
    let mut waiting = 0;
    let mut sends = sends;
    for send in &mut sends {
        assert!(once(send).await.is_pending());
        waiting += 1;
        assert_eq!(now(), (2, 2, 2, waiting, 0));
    }
    for (item, waiting) in [(1, 2), (2, 1), (3, 0)] {
        assert_eq!(every.try_recv(), Ok(item));
        assert_eq!(now(), (2, 2, 2, waiting, 0));
    }
    assert_eq!((every.try_recv(), every.try_recv()), (Ok(4), Ok(5)));
    assert_eq!(now(), (2, 2, 2, 0, 0), "the lossy one has them still");
    assert_eq!(lossy.try_recv(), Ok(heard(3, 4)));
    assert_eq!(lossy.try_recv(), Ok(heard(0, 5)));
    drop((every, lossy));
    assert_eq!(now(), (0, 2, 0, 0, 0));
}

async fn a_broadcast_of_any_capacity_hears() {
    for capacity in [1, 2, usize::MAX / 2 + 1, usize::MAX] {
        let bus = broadcast(capacity);
        let (mut every, mut lossy) = (bus.subscribe(), bus.subscribe_lossy());
        for item in 0..3 {
            assert_eq!(bus.send(item).await, 2);
            assert_eq!((every.try_recv(), lossy.try_recv()), (Ok(item), Ok(heard(0, item))));
        }
    }
}

async fn an_item_costs_the_same_among_many_subscribers() {
    // Were a send or a leave to look at each of them, this would take the product of both numbers.
    let (subscribers, items) = (crowd(), crowd() as u64);
    let bus = broadcast(1000);
    let mut lossy: Vec<_> = (0..subscribers).map(|_| bus.subscribe_lossy()).collect();
    let mut every = bus.subscribe();
    for item in 0..items {
        assert_eq!(bus.try_send(item), Ok(subscribers + 1));
        assert_eq!(every.try_recv(), Ok(item));
    }
    assert_eq!(bus.statistics().used, 1000);
    for lossy in &mut lossy {
        assert_eq!(lossy.try_recv(), Ok(heard(items - 1000, items - 1000)));
    }
    drop(lossy);
    assert_eq!((bus.statistics().used, bus.statistics().receivers), (0, 1));
}

async fn many_waiting_senders_leave_in_any_order() {
    let waiting = crowd();
    let bus = broadcast(1);
    let mut subscriber = bus.subscribe();
    assert_eq!(bus.try_send(0), Ok(1));
    let mut sends: Vec<_> = (1..=waiting).map(|item| Box::pin(bus.send(item))).collect();
    let wakes = Wakes::new();
    for send in &mut sends {
        assert!(send.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
    }
    // From the middle, and those that are left in turn.
    drop(sends.drain(waiting / 4..waiting * 3 / 4));
    let left = (0..=waiting / 4).chain(waiting * 3 / 4 + 1..=waiting);
    for item in left {
        assert_eq!(subscriber.try_recv(), Ok(item));
    }
    assert_eq!((subscriber.try_recv(), wakes.count()), (Err(TryRecvError::Empty), waiting / 2));
    for send in &mut sends {
        assert_eq!(once(send).await, Poll::Ready(1));
    }
}

async fn everybody_waits_and_all_goes() {
    let waiting = crowd();
    let bus = broadcast(1);
    let mut subscribers: Vec<Receiver<u8>> = (0..waiting).map(|_| bus.subscribe()).collect();
    let wakes = Wakes::new();
    let waker = wakes.waker();
    let mut waits: Vec<Pin<Box<dyn Future<Output = _> + Send + '_>>> = Vec::new();
    for subscriber in &mut subscribers {
        waits.push(Box::pin(subscriber.recv()));
    }
    for wait in &mut waits {
        assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    drop(waits.drain(waiting / 2..));
    assert_eq!(bus.try_send(1), Ok(waiting));
    assert_eq!(wakes.count(), waiting / 2);
    for wait in &mut waits {
        assert_eq!(wait.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Ready(Ok(1)));
    }
    drop(waits);
    let mut sends = [bus.send(2), bus.send(3)];
    for send in &mut sends {
        assert!(Pin::new(send).poll(&mut Context::from_waker(&waker)).is_pending());
    }
    drop(subscribers);
    assert_eq!(wakes.count(), waiting / 2 + 2);
    for send in &mut sends {
        assert_eq!(once(send).await, Poll::Ready(0));
    }
    assert!(bus.is_closed());
}

/// What a subscriber of the game has heard, and what it is to hear.
struct Player {
    every: Option<Receiver<u64>>,
    lossy: Option<LossyReceiver<u64>>,
    /// The number it hears or misses next.
    next: u64,
}

impl Player {
    fn holds(&self) -> bool {
        self.every.is_some()
    }

    /// Takes an item, and checks that it is the next, or comes after as many as it was told.
    fn take(&mut self, sent: u64, kept: u64) {
        let received = match (&mut self.every, &mut self.lossy) {
            (Some(every), _) => every.try_recv().map(|item| heard(0, item)),
            (None, Some(lossy)) => lossy.try_recv(),
            (None, None) => unreachable!("it is one of both"),
        };
        match received {
            Ok(Heard { missed, item }) => {
                assert_eq!(item, self.next + missed);
                assert!(missed == 0 || sent - item == kept, "what is kept is not missed");
                self.next = item + 1;
            }
            Err(end) => assert_eq!((end, self.next), (TryRecvError::Empty, sent)),
        }
    }
}

/// A model of it all: whoever misses nothing hears each item, the lossy are told exactly what they missed, and a
/// sender waits for nobody else.
async fn broadcasts_in_any_order_lose_nothing(seed: u64) {
    let mut draw = Draw::new(seed);
    let capacity = draw.within(1..=4);
    let (bus, kept) = (broadcast(capacity), capacity as u64);
    let (mut players, mut permits): (Vec<Player>, Vec<Permit<'_, u64>>) = (Vec::new(), Vec::new());
    let mut sent = 0;
    for _ in 0..2000 {
        let slowest = players.iter().filter(|player| player.holds()).map(|player| player.next).min();
        let has_room = slowest.map_or(0, |next| sent - next) + (permits.len() as u64) < kept;
        match draw.below(13) {
            0 if players.len() < 6 => {
                let (every, lossy) = if draw.coin() {
                    (Some(bus.subscribe()), None)
                } else {
                    (None, Some(bus.subscribe_lossy()))
                };
                players.push(Player { every, lossy, next: sent });
            }
            1 if !players.is_empty() => drop(players.swap_remove(draw.below(players.len()))),
            2 if !players.is_empty() && players.len() < 6 => {
                let Player { every, lossy, next } = &players[draw.below(players.len())];
                players.push(Player { every: every.clone(), lossy: lossy.clone(), next: *next });
            }
            3..=5 => match bus.try_send(sent) {
                Ok(heard_by) => {
                    assert!(has_room || players.is_empty());
                    assert_eq!(heard_by, players.len());
                    sent += 1;
                    if players.is_empty() {
                        continue;
                    }
                }
                Err(full) => assert!(!has_room && full.is_full()),
            },
            10 => match once(&mut Box::pin(bus.reserve())).await {
                Poll::Ready(permit) => {
                    assert!(has_room);
                    permits.push(permit);
                }
                Poll::Pending => assert!(!has_room),
            },
            11 if !permits.is_empty() => drop(permits.swap_remove(draw.below(permits.len()))),
            12 if !permits.is_empty() => {
                let permit = permits.swap_remove(draw.below(permits.len()));
                assert_eq!(permit.send(sent), players.len());
                sent += 1;
            }
            _ if !players.is_empty() => {
                let index = draw.below(players.len());
                players[index].take(sent, kept);
            }
            _ => {}
        }
        let oldest = players.iter().map(|player| player.next).min().unwrap_or(sent);
        let used = usize::try_from((sent - oldest).min(kept)).expect("a few");
        assert_eq!((bus.statistics().used, bus.statistics().receivers), (used, players.len()));
    }

    // The same in tasks, with sends and receives that are dropped at any poll.
    let (subscribers, polls) = (draw.within(1..=4), draw.below(5));
    let bus = broadcast(capacity);
    let heard_all = together(move |group| async move {
        let mut tasks = Vec::new();
        for _ in 0..subscribers {
            let mut every = bus.subscribe();
            tasks.push(group.spawn(async move {
                let mut heard = Vec::new();
                loop {
                    match drop_after(polls, every.recv()).await {
                        Some(Ok(item)) => heard.push(item),
                        Some(Err(_)) => return heard,
                        None => match every.recv().await {
                            Ok(item) => heard.push(item),
                            Err(_) => return heard,
                        },
                    }
                }
            }));
        }
        let mut sent = Vec::new();
        for item in 0..30 {
            // One that was dropped may have been let in before, and then it was heard.
            if drop_after(polls, bus.send(item)).await.is_some() {
                sent.push(item);
            }
        }
        drop(bus);
        let mut heard_all = Vec::new();
        for task in tasks {
            heard_all.push(task.await.unwrap());
        }
        assert!(sent.iter().all(|item| heard_all[0].contains(item)));
        heard_all
    })
    .await;
    assert!(heard_all.iter().all(|heard| heard == &heard_all[0] && heard.is_sorted()));
}
