//! A place where so many wait for each other.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use crate::guarded::Guarded;
use crate::statistics::BarrierStatistics;
use crate::turn::Turn;
use crate::wait_list::{Left, Place, WaitList};

/// A place where so many wait for each other, again and again.
///
/// The one that comes last lets all of them go on, and is told so: it [leads](BarrierWaitResult::is_leader). The next to
/// come begin anew.
///
/// # Examples
///
/// ```
/// # use anypipe_sync::__anypipe as anypipe;
/// use std::sync::Arc;
/// use anypipe::sync::Barrier;
///
/// let barrier = Arc::new(Barrier::new(2));
/// let other = Arc::clone(&barrier);
/// let thread = std::thread::spawn(move || anypipe::run(other.wait()).is_leader());
/// let leads = anypipe::run(barrier.wait()).is_leader();
/// assert_ne!(leads, thread.join().unwrap());
/// ```
#[doc(alias("BrokenBarrierError"))]
pub struct Barrier {
    /// How many wait for each other; never 0.
    parties: usize,
    /// Those who have come.
    list: Guarded<WaitList<()>>,
}

impl Barrier {
    /// A barrier for so many.
    ///
    /// # Panics
    ///
    /// For 0: nobody could ever come last. In a `static` that is an error of the compiler.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// static START: anypipe::sync::Barrier = anypipe::sync::Barrier::new(1);
    /// assert!(anypipe::run(START.wait()).is_leader());
    /// ```
    #[track_caller]
    pub const fn new(parties: usize) -> Self {
        assert!(parties > 0, "a barrier for 0 lets nobody through: say how many wait for each other");
        Self { parties, list: Guarded::new(WaitList::new()) }
    }

    /// Waits until so many have come.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it leaves the barrier: one more has to come. Where all had come by then, the others go on.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// anypipe::run(async {
    ///     let barrier = anypipe::sync::Barrier::new(1);
    ///     assert!(barrier.wait().await.is_leader());
    /// });
    /// ```
    pub async fn wait(&self) -> BarrierWaitResult {
        Wait { barrier: self, place: None, turn: Turn::default() }.await
    }

    /// What the barrier is doing now.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let statistics = anypipe::sync::Barrier::new(3).statistics();
    /// assert_eq!((statistics.parties, statistics.waiting), (3, 0));
    /// ```
    pub fn statistics(&self) -> BarrierStatistics {
        BarrierStatistics { parties: self.parties, waiting: self.list.look(WaitList::len) }
    }

    /// True where the next to come is the last.
    fn lacks_one(&self, list: &WaitList<()>) -> bool {
        list.len() + 1 >= self.parties
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BarrierStatistics { parties, waiting } = self.statistics();
        f.debug_struct("Barrier").field("parties", &parties).field("waiting", &waiting).finish()
    }
}

/// What one is told who has waited at a [`Barrier`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult {
    is_leader: bool,
}

impl BarrierWaitResult {
    /// True for one of those who go on together: the one that came last.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let barrier = anypipe::sync::Barrier::new(1);
    /// assert!(anypipe::run(barrier.wait()).is_leader());
    /// ```
    pub fn is_leader(self) -> bool {
        self.is_leader
    }
}

/// The wait of [`Barrier::wait`].
struct Wait<'a> {
    barrier: &'a Barrier,
    /// Where it stands, once it has come.
    place: Option<Place>,
    turn: Turn,
}

impl Wait<'_> {
    /// Comes; true where it is the last, and all go on.
    fn come(&mut self, waker: Waker) -> bool {
        let barrier = self.barrier;
        let (place, is_last) = barrier.list.with(|list, wakes| {
            if !barrier.lacks_one(list) {
                return (Some(list.enter((), waker)), false);
            }
            wakes.put_away(waker);
            while let Some(waker) = list.grant_first() {
                wakes.add(Some(waker));
            }
            (None, true)
        });
        self.place = place;
        is_last
    }
}

impl Future for Wait<'_> {
    type Output = BarrierWaitResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let barrier = this.barrier;
        // Cloned before the lock is taken: that may run anybody's code.
        let waker = cx.waker().clone();
        let Some(place) = &this.place else {
            if barrier.list.look(|list| barrier.lacks_one(list)) {
                ready!(this.turn.poll(cx));
            }
            let is_leader = this.come(waker);
            return if is_leader { Poll::Ready(BarrierWaitResult { is_leader }) } else { Poll::Pending };
        };
        let all_came = barrier.list.with(|list, wakes| {
            wakes.put_away(list.rewake(place, waker));
            list.is_granted(place)
        });
        if !all_came {
            return Poll::Pending;
        }
        this.turn.poll(cx).map(|()| BarrierWaitResult { is_leader: false })
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.barrier.list.with(|list, wakes| {
                if let Left::Waited((), waker) = list.leave(place) {
                    wakes.put_away(waker);
                }
            });
        }
    }
}
