//! Permits, handed out in the order in which they were asked for: what locks and semaphores are made of.

// For maintainers. One word tells how many permits are free and whether anybody waits. While nobody does, a permit is
// taken and given back by one exchange of that word. Once somebody waits the word is changed under the lock of the
// list alone, so nobody can take what is given back before it was handed to the first of those who wait. What was
// handed to one who is dropped before it looks is given back, and so goes to the next.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker, ready};

use crate::guarded::{Guarded, Wakes};
use crate::sync::AtomicUsize;
use crate::turn::Turn;
use crate::wait_list::{Left, Place, WaitList};

/// Set in the word while somebody waits.
const WAITED_FOR: usize = 1;
/// A permit in the word.
const PERMIT: usize = 2;

pub(crate) struct Gate {
    /// The permits that are free, and [`WAITED_FOR`].
    word: AtomicUsize,
    /// Those who wait, each with how many permits it wants.
    list: Guarded<WaitList<usize>>,
}

impl Gate {
    /// The most permits there can be.
    pub(crate) const MOST: usize = usize::MAX / PERMIT;

    /// A gate with so many permits, which are no more than [`MOST`](Self::MOST).
    pub(crate) const fn new(permits: usize) -> Self {
        Self { word: AtomicUsize::new(permits * PERMIT), list: Guarded::new(WaitList::new()) }
    }

    /// How many permits are free, and how many wait.
    pub(crate) fn counts(&self) -> (usize, usize) {
        self.list.look(|list| (self.word.load(Ordering::Relaxed) / PERMIT, list.len()))
    }

    /// How many permits are free.
    pub(crate) fn free(&self) -> usize {
        self.word.load(Ordering::Relaxed) / PERMIT
    }

    /// True where `wanted` permits are free and nobody waits before.
    #[inline]
    fn is_open(&self, wanted: usize) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        wanted == 0 || (word & WAITED_FOR == 0 && word / PERMIT >= wanted)
    }

    /// Takes permits that are free, unless somebody waits before.
    #[inline]
    pub(crate) fn try_take(&self, wanted: usize) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITED_FOR == 0 && word / PERMIT >= wanted {
            let left = word - wanted * PERMIT;
            match self.word.compare_exchange_weak(word, left, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        wanted == 0
    }

    /// Waits for permits.
    pub(crate) fn take(&self, wanted: usize) -> Take<'_> {
        Take { gate: self, wanted, place: None, has: false, turn: Turn::default() }
    }

    /// Gives permits back, or adds them: those who wait are handed theirs.
    #[inline]
    pub(crate) fn give(&self, permits: usize) {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITED_FOR == 0 {
            let more = word + permits * PERMIT;
            match self.word.compare_exchange_weak(word, more, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
        self.list.with(|list, wakes| self.hand_on(permits, list, wakes));
    }

    /// Gives permits to those who wait, as far as they reach, and leaves the rest to all. The list is locked.
    #[cold]
    fn hand_on(&self, permits: usize, list: &mut WaitList<usize>, wakes: &mut Wakes) {
        let mut given = 0;
        // Where nobody waits any more others change the word meanwhile.
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let mut free = word / PERMIT + permits - given;
            while let Some(wanted) = list.first().copied().filter(|wanted| *wanted <= free) {
                free -= wanted;
                given += wanted;
                wakes.add(list.grant_first());
            }
            let next = free * PERMIT + if list.is_empty() { 0 } else { WAITED_FOR };
            match self.word.compare_exchange(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
    }

    /// Takes permits, or notes that somebody waits. The list is locked.
    fn take_or_wait(&self, wanted: usize) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let is_open = word & WAITED_FOR == 0 && word / PERMIT >= wanted;
            let next = if is_open { word - wanted * PERMIT } else { word | WAITED_FOR };
            match self.word.compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return is_open,
                Err(now) => word = now,
            }
        }
    }
}

/// The wait of [`Gate::take`].
#[must_use = "nothing is taken unless this is awaited"]
pub(crate) struct Take<'a> {
    gate: &'a Gate,
    wanted: usize,
    /// Where it stands while it waits.
    place: Option<Place>,
    /// Set where it has what it wants, and gives way once more.
    has: bool,
    turn: Turn,
}

impl Take<'_> {
    /// Enters, or looks whether it was granted what it wants.
    #[cold]
    fn poll_list(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.has = self.has
            || match self.place.take() {
                None => self.enter(cx.waker().clone()),
                Some(place) => self.look(place, cx.waker()),
            };
        if !self.has {
            return Poll::Pending;
        }
        // Who was cancelled meanwhile is dropped here, and hands on what it was granted.
        ready!(self.turn.poll(cx));
        self.has = false;
        Poll::Ready(())
    }

    fn enter(&mut self, waker: Waker) -> bool {
        let (gate, wanted) = (self.gate, self.wanted);
        self.place = gate.list.with(|list, wakes| {
            if gate.take_or_wait(wanted) {
                // It was given back since the first look.
                wakes.put_away(waker);
                return None;
            }
            Some(list.enter(wanted, waker))
        });
        self.place.is_none()
    }

    fn look(&mut self, place: Place, waker: &Waker) -> bool {
        let (left, is_known) = self.gate.list.with(|list, _| {
            let is_known = list.is_woken_by(&place, waker);
            (list.leave_if_granted(place), is_known)
        });
        self.place = left;
        if is_known || self.place.is_none() {
            return self.place.is_none();
        }
        // Cloned with the lock let go: that may be anybody's code.
        let (place, waker) = (self.place.take(), waker.clone());
        self.place = self.gate.list.with(|list, wakes| {
            let place = place?;
            wakes.put_away(list.rewake(&place, waker));
            list.leave_if_granted(place)
        });
        self.place.is_none()
    }
}

impl Future for Take<'_> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let is_new = this.place.is_none() && !this.has;
        if is_new && this.gate.is_open(this.wanted) {
            ready!(this.turn.poll(cx));
            if this.gate.try_take(this.wanted) {
                return Poll::Ready(());
            }
        }
        this.poll_list(cx)
    }
}

impl Drop for Take<'_> {
    fn drop(&mut self) {
        if self.has {
            return self.gate.give(self.wanted);
        }
        let Some(place) = self.place.take() else { return };
        self.gate.list.with(|list, wakes| {
            let back = match list.leave(place) {
                Left::Granted(permits) => permits,
                Left::Waited(_, waker) => {
                    wakes.put_away(waker);
                    0
                }
            };
            // Who waits behind may want less.
            self.gate.hand_on(back, list, wakes);
        });
    }
}

/// Permits in hand, which go back when this is dropped.
pub(crate) struct Pass<'a> {
    gate: &'a Gate,
    permits: usize,
}

impl<'a> Pass<'a> {
    /// Stands for permits that were taken.
    pub(crate) fn new(gate: &'a Gate, permits: usize) -> Self {
        Self { gate, permits }
    }

    /// Gives all but so many of them back.
    pub(crate) fn keep(&mut self, kept: usize) {
        let back = std::mem::replace(&mut self.permits, kept) - kept;
        self.gate.give(back);
    }

    /// Instead of the only permit gives as many as there can be: nobody waits any more.
    pub(crate) fn open(mut self) {
        debug_assert_eq!(self.permits, 1, "the others would be too many");
        self.permits = Gate::MOST;
    }
}

impl Drop for Pass<'_> {
    #[inline]
    fn drop(&mut self) {
        self.gate.give(self.permits);
    }
}
