//! Permits and events against a model, and among tasks: whatever is drawn, nothing is lost.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use anypipe_sync::Event;

use crate::registry::Draw;
use crate::subjects::{Held, Subject, Wait, subjects};
use crate::tools::{Crumb, Wakes, drop_after, give_way, is_virtual, steps, together};

crate::suite::cases! { ($) permit_models as __permit_models {
    permits_follow_the_model(seed),
    an_event_follows_the_model(seed),
    nothing_is_lost_among_tasks(seed),
} }

/// One who waits, and how it is woken.
struct Waiter {
    id: usize,
    wanted: usize,
    wait: Wait,
    wakes: Wakes,
}

impl Waiter {
    /// Polls it with its own waker, in a poll of the case's that has just begun.
    async fn poll(&mut self) -> Poll<Held> {
        give_way().await;
        self.wait.as_mut().poll(&mut Context::from_waker(&self.wakes.waker()))
    }
}

/// What permits mean: so many free ones, and a queue.
struct Model {
    /// Below nothing where there are fewer than were handed out.
    free: isize,
    queue: VecDeque<(usize, usize)>,
    /// Who was granted what it wanted, and has not looked.
    granted: BTreeSet<usize>,
}

impl Model {
    fn is_open(&self, wanted: usize) -> bool {
        wanted == 0 || (self.queue.is_empty() && size(wanted) <= self.free)
    }

    fn take(&mut self, wanted: usize) {
        self.free -= size(wanted);
    }

    fn give(&mut self, permits: usize) {
        self.free += size(permits);
        self.settle();
    }

    fn settle(&mut self) {
        while let Some((id, wanted)) = self.queue.front().copied().filter(|(_, n)| size(*n) <= self.free) {
            self.queue.pop_front();
            self.take(wanted);
            self.granted.insert(id);
        }
    }

    /// Takes one out who waits or was granted what it wanted.
    fn leave(&mut self, id: usize, wanted: usize) {
        if self.granted.remove(&id) {
            return self.give(wanted);
        }
        self.queue.retain(|(other, _)| *other != id);
        self.settle();
    }
}

fn size(permits: usize) -> isize {
    isize::try_from(permits).expect("not that many")
}

async fn permits_follow_the_model(seed: u64) {
    let mut draw = Draw::new(seed);
    let total = draw.within(2..=4);
    for subject in subjects(total) {
        follow_the_model(subject, &mut draw).await;
    }
}

async fn follow_the_model(subject: Subject, draw: &mut Draw) {
    let crumb = Crumb::new(subject.name);
    let mut model = Model { free: size(subject.total), queue: VecDeque::new(), granted: BTreeSet::new() };
    let (mut waiters, mut held): (Vec<Waiter>, Vec<(usize, Held)>) = (Vec::new(), Vec::new());
    let mut total = size(subject.total);
    for id in 0..steps() {
        let kind = draw.below(8);
        match kind {
            0 | 1 => {
                let wanted = (subject.wants)(draw);
                let mut waiter = Waiter { id, wanted, wait: subject.acquire(wanted), wakes: Wakes::new() };
                match waiter.poll().await {
                    Poll::Ready(permits) => {
                        assert!(model.is_open(wanted), "{wanted} were had before others, or were not there");
                        model.take(wanted);
                        held.push((wanted, permits));
                    }
                    Poll::Pending => {
                        assert!(!model.is_open(wanted), "{wanted} were free");
                        model.queue.push_back((id, wanted));
                        waiters.push(waiter);
                    }
                }
            }
            2 => {
                let wanted = (subject.wants)(draw);
                let permits = subject.try_acquire(wanted);
                assert_eq!(permits.is_some(), model.is_open(wanted), "a try for {wanted}");
                if let Some(permits) = permits {
                    model.take(wanted);
                    held.push((wanted, permits));
                }
            }
            3 if !held.is_empty() => {
                let (permits, value) = held.swap_remove(draw.below(held.len()));
                drop(value);
                model.give(permits);
            }
            4 if !waiters.is_empty() => {
                let waiter = waiters.swap_remove(draw.below(waiters.len()));
                model.leave(waiter.id, waiter.wanted);
                let wakes = waiter.wakes.clone();
                drop(waiter);
                assert_eq!(wakes.held(), 0, "a waker is kept of one who went");
            }
            5 | 6 if !waiters.is_empty() => {
                let index = draw.below(waiters.len());
                let waiter = &mut waiters[index];
                let granted = model.granted.contains(&waiter.id);
                if !granted && draw.coin() {
                    // It goes on elsewhere.
                    waiter.wakes = Wakes::new();
                }
                match waiter.poll().await {
                    Poll::Ready(permits) => {
                        assert!(model.granted.remove(&waiter.id), "it was not its turn");
                        held.push((waiter.wanted, permits));
                        waiters.swap_remove(index);
                    }
                    Poll::Pending => assert!(!granted, "what it was granted is its own"),
                }
            }
            7 => {
                if let Some(resize) = &subject.resize {
                    let by = size(draw.below(4)) - 1;
                    if total + by >= 0 {
                        resize(by);
                        (total, model.free) = (total + by, model.free + by);
                        model.settle();
                    }
                }
            }
            _ => {}
        }
        let told = (model.free.max(0).unsigned_abs(), model.queue.len());
        assert_eq!(subject.counts(), told, "after step {id}, a {kind}");
        for waiter in &waiters {
            let granted = model.granted.contains(&waiter.id);
            assert_eq!(
                waiter.wakes.count(),
                usize::from(granted),
                "{} wakes in vain or not at all",
                waiter.id
            );
        }
    }
    drop(waiters);
    drop(held);
    assert_eq!(subject.counts(), (total.unsigned_abs(), 0), "something was lost");
    crumb.done();
}

async fn an_event_follows_the_model(seed: u64) {
    let mut draw = Draw::new(seed);
    let (event, mut waiters) = (Arc::new(Event::new()), Vec::new());
    let waits = || {
        let event = Arc::clone(&event);
        let wait: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move { event.wait().await });
        (wait, Wakes::new())
    };
    let set_at = draw.below(steps());
    for step in 0..steps() {
        if step == set_at {
            event.set();
            for (_, wakes) in &waiters {
                let wakes: &Wakes = wakes;
                assert_eq!(wakes.count(), 1, "each is woken once");
            }
        }
        let is_set = step >= set_at;
        match draw.below(4) {
            0 | 1 => {
                let (mut wait, wakes) = waits();
                give_way().await;
                let polled = wait.as_mut().poll(&mut Context::from_waker(&wakes.waker()));
                assert_eq!(polled.is_ready(), is_set);
                if polled.is_pending() {
                    waiters.push((wait, wakes));
                }
            }
            2 if !waiters.is_empty() => {
                let (wait, wakes) = waiters.swap_remove(draw.below(waiters.len()));
                drop(wait);
                assert_eq!(wakes.held(), 0, "a waker is kept of one who went");
            }
            3 if !waiters.is_empty() => {
                let index = draw.below(waiters.len());
                let (wait, wakes) = &mut waiters[index];
                give_way().await;
                let polled = wait.as_mut().poll(&mut Context::from_waker(&wakes.waker()));
                assert_eq!(polled.is_ready(), is_set);
                if is_set {
                    drop(waiters.swap_remove(index));
                }
            }
            _ => {}
        }
        let told = event.statistics();
        assert_eq!((told.is_set, told.waiting), (is_set, if is_set { 0 } else { waiters.len() }));
    }
}

/// Tasks that take permits, and give up, as they draw.
async fn nothing_is_lost_among_tasks(seed: u64) {
    let mut draw = Draw::new(seed);
    let (total, turns) = (draw.within(2..=3), if is_virtual() { 12 } else { 60 });
    for subject in subjects(total) {
        let crumb = Crumb::new(subject.name);
        let (subject, inside) = (Arc::new(subject), Arc::new(AtomicUsize::new(0)));
        let (used, seeds): (_, Vec<_>) = (Arc::clone(&subject), (0..6).map(|_| draw.any()).collect());
        together(move |group| async move {
            for seed in seeds {
                let (subject, inside) = (Arc::clone(&subject), Arc::clone(&inside));
                group.spawn(async move {
                    let mut draw = Draw::new(seed);
                    for _ in 0..turns {
                        let wanted = (subject.wants)(&mut draw);
                        let held = match draw.below(4) {
                            0 => subject.try_acquire(wanted),
                            1 => drop_after(draw.within(1..=3), subject.acquire(wanted)).await,
                            _ => Some(subject.acquire(wanted).await),
                        };
                        let Some(held) = held else { continue };
                        let before = inside.fetch_add(wanted, Ordering::SeqCst);
                        assert!(before + wanted <= subject.total, "{} are inside", before + wanted);
                        for _ in 0..draw.below(3) {
                            give_way().await;
                        }
                        inside.fetch_sub(wanted, Ordering::SeqCst);
                        drop(held);
                    }
                });
            }
        })
        .await;
        assert_eq!(used.counts(), (used.total, 0), "something was lost");
        crumb.done();
    }
}
