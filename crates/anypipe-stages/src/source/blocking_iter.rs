use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use anypipe_core::drive::{At, Boundary, Outlet, Threads, Work};
use anypipe_core::runtime::{Alarm, RuntimeHandle};
use anypipe_core::scope::block_here;
use anypipe_core::source::{gated, gated_until};
use anypipe_core::stage::in_stage;
use anypipe_core::{Holds, Scope, Source};
use futures_core::Stream;

use crate::generate::only_a_buffer;

/// How long a stop or a cancel waits for an iterator that doesn't return.
const PATIENCE: Duration = Duration::from_secs(1);

/// The items of an iterator that blocks; made by [`blocking_iter`].
#[derive(Clone, Debug)]
pub struct BlockingIter<I> {
    boundary: Boundary,
    iter: I,
}

/// The source of `Pipeline::blocking_iter`, where all of it is told.
pub fn blocking_iter<I: IntoIterator>(iter: I) -> BlockingIter<I> {
    BlockingIter { boundary: Boundary::new("blocking_iter"), iter }
}

impl<I> Source for BlockingIter<I>
where
    I: IntoIterator + Send + 'static,
    I::IntoIter: Send + 'static,
    I::Item: Send + 'static,
{
    type Item = I::Item;

    fn attach(self, scope: &Scope) -> impl Stream<Item = I::Item> + Send + 'static {
        let items = pull(&self.boundary, self.iter);
        patient(self.boundary, items, scope)
    }

    fn attach_gated(self, scope: &Scope) -> impl Stream<Item = I::Item> + Send + 'static {
        let items = pull(&self.boundary, self.iter);
        patient_gated(self.boundary, items, scope)
    }

    fn holds(&self) -> Holds {
        self.boundary.holds()
    }
}

only_a_buffer!(BlockingIter<I>);

/// The items of an iterator that blocks, for a task on the threads for that.
pub(super) fn pull<I: IntoIterator>(boundary: &Boundary, iter: I) -> Pulled<I> {
    Pulled { name: boundary.name().to_owned(), start: Some(iter), iter: None }
}

pub(super) struct Pulled<I: IntoIterator> {
    name: String,
    /// What the iterator is made of, which may block as well.
    start: Option<I>,
    /// The iterator, until its end.
    iter: Option<I::IntoIter>,
}

// The iterator is never pinned.
impl<I: IntoIterator> Unpin for Pulled<I> {}

impl<I: IntoIterator> Stream for Pulled<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        let this = &mut *self;
        let item = block_here(|| {
            in_stage(&this.name, || {
                if let Some(start) = this.start.take() {
                    this.iter = Some(start.into_iter());
                }
                let item = this.iter.as_mut().and_then(Iterator::next);
                if item.is_none() {
                    this.iter = None;
                }
                item
            })
        });
        Poll::Ready(item)
    }
}

/// Takes items that block in a task on the threads for blocking work.
pub(super) fn patient<T: Send + 'static>(
    boundary: Boundary,
    items: impl Stream<Item = T> + Send + 'static,
    scope: &Scope,
) -> Patient<T> {
    let outlet = boundary.attach(items, PassOnPool, scope);
    Patient { outlet: Some(outlet), runtime: scope.runtime().clone(), stopping: None }
}

/// As [`patient`], behind a gate. At a stop what was taken is given, and what doesn't return is left alone.
pub(super) fn patient_gated<T, S>(
    boundary: Boundary,
    items: S,
    scope: &Scope,
) -> impl Stream<Item = T> + Send + use<T, S>
where
    T: Send + 'static,
    S: Stream<Item = T> + Send + 'static,
{
    // One gate where the items come from, since those behind it are on their way.
    let given = patient(boundary, gated(items, scope), scope);
    gated_until(given, scope, |given| given.get_mut().stop())
}

/// Passes items on, in a task on the threads for blocking work, where its input blocks.
struct PassOnPool;

impl<In: Send + 'static> Work<In> for PassOnPool {
    type Out = In;
    type State = ();

    async fn call(&self, (): &mut (), _at: At<'_>, item: In) -> Option<In> {
        Some(item)
    }

    fn threads(&self) -> Threads {
        Threads::BlockingFor(PATIENCE)
    }

    fn one_task(&self) -> bool {
        true
    }

    fn call_now(&self, (): &mut (), _at: At<'_>, item: In) -> Result<Option<In>, In> {
        Ok(Some(item))
    }
}

/// What comes of a task that blocks, which after a stop is waited for so long and no longer.
pub(super) struct Patient<T> {
    /// `None` once it was left alone.
    outlet: Option<Outlet<T>>,
    runtime: RuntimeHandle,
    /// Goes off when the stop has waited long enough.
    stopping: Option<Alarm>,
}

// The items are only ever moved.
impl<T> Unpin for Patient<T> {}

impl<T> Patient<T> {
    fn stop(&mut self) {
        let mut alarm = Alarm::new(&self.runtime);
        alarm.set(PATIENCE);
        self.stopping = Some(alarm);
    }
}

impl<T: Send + 'static> Stream for Patient<T> {
    type Item = T;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = &mut *self;
        let Some(outlet) = &mut this.outlet else { return Poll::Ready(None) };
        if let Poll::Ready(item) = Pin::new(outlet).poll_next(cx) {
            return Poll::Ready(item);
        }
        let Some(alarm) = &mut this.stopping else { return Poll::Pending };
        ready!(alarm.poll(cx));
        this.outlet = None;
        Poll::Ready(None)
    }
}
