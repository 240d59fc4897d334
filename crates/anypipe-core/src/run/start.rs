//! How a child says that it is ready, and what its starter hears where it never does.

// For maintainers. A `Started` that is dropped tells nothing of what becomes of the child: a `?` drops it a moment
// before the error is there, and so does a panic. So while the child is polled or dropped, whoever does that keeps
// the news until it is over, and tells it together with the outcome; the rest of the time it is told at once.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::error::RunError;
use crate::scope::{Giver, Promise, promise};
use crate::sync::Mutex;

/// What a child's [`Started`] and whoever polls the child know of each other.
pub(super) struct Door<V> {
    /// Tells the starter; gone once it has been told, one way or the other.
    giver: Option<Giver<V>>,
    /// True while the child is polled or dropped: what becomes of it is known when that is over.
    busy: bool,
    /// True once the `Started` was dropped.
    let_go: bool,
}

/// The child's way to say that it is ready, what watches over it, and what the starter waits for: `None` there once it
/// can't come any more.
pub(super) fn door<V>() -> (Started<V>, Arc<Mutex<Door<V>>>, Promise<V>) {
    let (giver, ready) = promise();
    let door = Arc::new(Mutex::new(Door { giver: Some(giver), busy: false, let_go: false }));
    (Started { door: Arc::clone(&door) }, door, ready)
}

/// A child's way to say that it is ready, given by [`TaskGroup::start`](super::TaskGroup::start).
///
/// Where it is dropped and the child goes on, the starter hears at once that readiness can't come any more.
#[doc(alias("TaskStatus"))]
pub struct Started<V> {
    door: Arc<Mutex<Door<V>>>,
}

impl<V> Started<V> {
    /// Lets [`TaskGroup::start`](super::TaskGroup::start) go on with `value`.
    pub fn ready(self, value: V) {
        let giver = self.door.lock().giver.take();
        if let Some(giver) = giver {
            // A starter that was dropped waits for nothing.
            drop(giver.give(value));
        }
    }
}

impl<V> Drop for Started<V> {
    fn drop(&mut self) {
        let mut door = self.door.lock();
        door.let_go = true;
        let giver = if door.busy { None } else { door.giver.take() };
        drop(door);
        // It wakes the starter as it goes.
        drop(giver);
    }
}

impl<V> fmt::Debug for Started<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").finish_non_exhaustive()
    }
}

pin_project! {
    /// A child that was started: after each poll its starter hears of a [`Started`] that was let go in it.
    pub(super) struct Starting<C, V> {
        // Gives its outcome in its last poll, or when it is dropped.
        #[pin]
        child: Option<C>,
        door: Arc<Mutex<Door<V>>>,
    }

    impl<C, V> PinnedDrop for Starting<C, V> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.door.lock().busy = true;
            // Told whatever the child's destructor does.
            let _told = Told(this.door);
            this.child.set(None);
        }
    }
}

/// Tells the starter that nothing comes any more, where it was told nothing yet.
struct Told<'a, V>(&'a Mutex<Door<V>>);

impl<V> Drop for Told<'_, V> {
    fn drop(&mut self) {
        let giver = self.0.lock().giver.take();
        drop(giver);
    }
}

impl<C, V> Starting<C, V> {
    pub(super) fn new(child: C, door: Arc<Mutex<Door<V>>>) -> Self {
        Self { child: Some(child), door }
    }
}

impl<C: Future<Output = ()>, V> Future for Starting<C, V> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(child) = this.child.as_mut().as_pin_mut() else { return Poll::Ready(()) };
        this.door.lock().busy = true;
        let polled = child.poll(cx);
        let mut door = this.door.lock();
        door.busy = false;
        // Whoever is over has given its outcome, and is asked for it.
        let giver = if door.let_go || polled.is_ready() { door.giver.take() } else { None };
        drop(door);
        drop(giver);
        polled
    }
}

/// Where the error of a child is left for its starter, while that waits.
pub(super) struct Answer<E> {
    slot: Mutex<Slot<E>>,
}

enum Slot<E> {
    /// The starter waits.
    Waiting,
    Failed(E),
    /// The starter waits no more: an error is the group's.
    Over,
}

impl<E> Answer<E> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { slot: Mutex::new(Slot::Waiting) })
    }

    /// Leaves the error of a child for its starter, unless that was told something else already, or waits no more.
    pub(super) fn give<V>(&self, door: &Mutex<Door<V>>, error: E) -> Result<(), E> {
        let giver = door.lock().giver.take();
        let Some(giver) = giver else { return Err(error) };
        let mut slot = self.slot.lock();
        if matches!(*slot, Slot::Over) {
            return Err(error);
        }
        *slot = Slot::Failed(error);
        drop(slot);
        drop(giver);
        Ok(())
    }

    /// What was left; from now on the starter waits no more.
    pub(super) fn take(&self) -> Option<E> {
        let slot = std::mem::replace(&mut *self.slot.lock(), Slot::Over);
        if let Slot::Failed(error) = slot { Some(error) } else { None }
    }
}

/// Why a child that was started by [`TaskGroup::start_try`](super::TaskGroup::start_try) is not ready.
#[derive(Debug)]
pub enum StartError<E> {
    /// The child failed with this before it was ready; the group goes on.
    Failed(E),
    /// The child was cancelled, panicked, was never spawned, or can't say any more that it is ready.
    NotReady(RunError),
}

impl<E: fmt::Display> fmt::Display for StartError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::NotReady(error) => error.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for StartError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => error.source(),
            Self::NotReady(error) => error.source(),
        }
    }
}
