//! Something that happens once, and that many wait for.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use crate::guarded::{Guarded, wake_each};
use crate::statistics::EventStatistics;
use crate::turn::Turn;
use crate::wait_list::{Left, Place, WaitList};

/// Something that happens once, and that many may wait for.
///
/// Once it is set it stays so: all who wait go on, and so does whoever asks later. There is no way to clear it, since
/// nobody could tell then who has seen it and who has not; what happens again and again is a new event each time, or a
/// channel.
///
/// # Examples
///
/// ```
/// # use anypipe_sync::__anypipe as anypipe;
/// use anypipe::sync::Event;
///
/// static READY: Event = Event::new();
///
/// anypipe::run(async {
///     READY.set();
///     READY.wait().await;
///     assert!(READY.is_set());
/// });
/// ```
#[doc(alias("Notify", "Parker"))]
pub struct Event {
    /// Changed under the lock of the list, once.
    is_set: AtomicBool,
    /// Those who wait; taken out when it is set.
    list: Guarded<WaitList<()>>,
}

impl Event {
    /// An event that has not happened.
    pub const fn new() -> Self {
        Self { is_set: AtomicBool::new(false), list: Guarded::new(WaitList::new()) }
    }

    /// Says that it has happened; a second time changes nothing.
    ///
    /// Those who wait are woken in the order in which they came.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let event = anypipe::sync::Event::new();
    /// event.set();
    /// event.set();
    /// assert!(event.is_set());
    /// ```
    pub fn set(&self) {
        if self.is_set() {
            return;
        }
        let waited = self.list.with(|list, _| {
            self.is_set.store(true, Ordering::Release);
            std::mem::replace(list, WaitList::new())
        });
        wake_each(waited.into_wakers());
    }

    /// True once it has happened.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// assert!(!anypipe::sync::Event::new().is_set());
    /// ```
    pub fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Acquire)
    }

    /// Waits until it has happened.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the waiting and nothing else.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use std::sync::Arc;
    /// use anypipe::sync::Event;
    ///
    /// let event = Arc::new(Event::new());
    /// let sets = Arc::clone(&event);
    /// let thread = std::thread::spawn(move || sets.set());
    /// anypipe::run(event.wait());
    /// thread.join().unwrap();
    /// ```
    pub async fn wait(&self) {
        Wait { event: self, place: None, turn: Turn::default() }.await;
    }

    /// What the event is doing now.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let statistics = anypipe::sync::Event::new().statistics();
    /// assert_eq!((statistics.is_set, statistics.waiting), (false, 0));
    /// ```
    pub fn statistics(&self) -> EventStatistics {
        self.list.look(|list| EventStatistics { is_set: self.is_set(), waiting: list.len() })
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EventStatistics { is_set, waiting } = self.statistics();
        f.debug_struct("Event").field("is_set", &is_set).field("waiting", &waiting).finish()
    }
}

/// The wait of [`Event::wait`].
struct Wait<'a> {
    event: &'a Event,
    /// Where it stands, once it waits.
    place: Option<Place>,
    turn: Turn,
}

impl Future for Wait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { event, place, turn } = &mut *self;
        if !event.is_set() {
            // Cloned before the lock is taken: that may run anybody's code.
            let waker = cx.waker().clone();
            let is_set = event.list.with(|list, wakes| {
                let is_set = event.is_set();
                match place {
                    _ if is_set => wakes.put_away(waker),
                    Some(place) => wakes.put_away(list.rewake(place, waker)),
                    None => *place = Some(list.enter((), waker)),
                }
                is_set
            });
            if !is_set {
                return Poll::Pending;
            }
        }
        turn.poll(cx)
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let Some(place) = self.place.take().filter(|_| !self.event.is_set()) else { return };
        self.event.list.with(|list, wakes| {
            // Once it is set all places are void.
            if self.event.is_set() {
                return;
            }
            if let Left::Waited((), waker) = list.leave(place) {
                wakes.put_away(waker);
            }
        });
    }
}
