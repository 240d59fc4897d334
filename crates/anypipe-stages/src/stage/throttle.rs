use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use anypipe_core::stage::{Place, Waiters};
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::stage::sequential_stage;
use anypipe_core::runtime::Alarm;

/// At most so many items in a time; made by [`throttle`] and [`throttle_by`].
#[derive(Clone, Debug)]
pub struct Throttle {
    rate: Rate,
}

/// The stage of `Pipeline::throttle`, where all of it is told.
///
/// # Panics
///
/// Where `n` is 0.
#[track_caller]
pub fn throttle(n: usize, per: Duration) -> Throttle {
    throttle_by(Rate::new(n, per))
}

/// The stage of `Pipeline::throttle_by`, where all of it is told.
pub fn throttle_by(rate: Rate) -> Throttle {
    Throttle { rate }
}

impl<In: Send + 'static> Stage<In> for Throttle {
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        Throttled {
            input: Some(Box::pin(input)),
            waiting: None,
            rate: self.rate,
            place: Place::default(),
            log: VecDeque::new(),
            alarm: Alarm::new(scope.runtime()),
        }
    }

    fn holds(&self) -> Holds {
        Holds::at_most(1)
    }
}

sequential_stage!(Throttle, "throttle");

/// How many items may pass in which time: what a [`throttle_by`] obeys. All clones are the same rate.
///
/// Several stages may share a rate; each counts its own items.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use anypipe_stages as anypipe;
/// use anypipe::stage::Rate;
///
/// let rate = Rate::new(100, Duration::from_secs(1));
/// rate.set(20, Duration::from_secs(1)); // any time, from anywhere
/// assert_eq!(rate.get(), (20, Duration::from_secs(1)));
/// ```
#[derive(Clone)]
pub struct Rate {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    n: usize,
    per: Duration,
    /// Stages that wait.
    waiting: Waiters,
}

impl Rate {
    /// At most `n` items in any window of `per`.
    ///
    /// # Panics
    ///
    /// Where `n` is 0.
    #[track_caller]
    pub fn new(n: usize, per: Duration) -> Self {
        assert!(n > 0, "a rate of 0 items lets nothing through, ever");
        Self { shared: Arc::new(Mutex::new(Shared { n, per, waiting: Waiters::default() })) }
    }

    /// Changes the rate: at most `n` items in any window of `per` from now on, those that have passed
    /// included.
    ///
    /// # Panics
    ///
    /// Where `n` is 0.
    #[track_caller]
    pub fn set(&self, n: usize, per: Duration) {
        assert!(n > 0, "a rate of 0 items lets nothing through, ever: pause the run instead");
        let mut shared = self.lock();
        (shared.n, shared.per) = (n, per);
        let waiting = shared.waiting.take();
        drop(shared);
        waiting.for_each(Waker::wake);
    }

    /// The rate as it is now.
    pub fn get(&self) -> (usize, Duration) {
        let shared = self.lock();
        (shared.n, shared.per)
    }

    /// The rate; the task is woken when it changes.
    fn watch(&self, place: &mut Place, cx: &mut Context<'_>) -> (usize, Duration) {
        let mut shared = self.lock();
        let old = shared.waiting.enter(place, cx.waker());
        let rate = (shared.n, shared.per);
        drop(shared);
        drop(old);
        rate
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing of others runs under it.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, per) = self.get();
        f.debug_struct("Rate").field("n", &n).field("per", &per).finish()
    }
}

struct Throttled<S, T> {
    /// The input, until it has ended.
    input: Option<Pin<Box<S>>>,
    /// The item that waits.
    waiting: Option<T>,
    rate: Rate,
    /// The place among those who wait for a change of the rate.
    place: Place,
    /// When the last items passed, as far as they count.
    log: VecDeque<Instant>,
    alarm: Alarm,
}

// The items are only ever moved.
impl<S, T> Unpin for Throttled<S, T> {}

impl<S, T> Throttled<S, T> {
    /// Waits until one more item may pass, and counts it.
    fn poll_pass(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let now = self.alarm.now();
            let (n, per) = self.rate.get();
            while self.log.front().is_some_and(|passed| now.duration_since(*passed) >= per) {
                self.log.pop_front();
            }
            if self.log.len() < n {
                self.log.push_back(now);
                return Poll::Ready(());
            }
            // After the entry among those who wait: a change in between is seen here.
            if self.rate.watch(&mut self.place, cx) != (n, per) {
                continue;
            }
            match self.log[self.log.len() - n].checked_add(per) {
                Some(at) => self.alarm.set_at(at),
                None => return Poll::Pending,
            }
            ready!(self.alarm.poll(cx));
        }
    }
}

impl<S, T> Drop for Throttled<S, T> {
    fn drop(&mut self) {
        let waker = self.rate.lock().waiting.leave(self.place);
        drop(waker);
    }
}

impl<S: Stream> Stream for Throttled<S, S::Item> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.get_mut();
        if this.waiting.is_none() {
            let Some(input) = &mut this.input else { return Poll::Ready(None) };
            this.waiting = ready!(input.as_mut().poll_next(cx));
            if this.waiting.is_none() {
                this.input = None;
                return Poll::Ready(None);
            }
        }
        ready!(this.poll_pass(cx));
        Poll::Ready(this.waiting.take())
    }
}
