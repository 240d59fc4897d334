use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use anypipe_core::channel::{Receiver, Sender, bounded, rendezvous};
use anypipe_core::drive::Boundary;
use anypipe_core::run::picture::StageKind;
use anypipe_core::scope::{Charted, waits_for_input};
use anypipe_core::stage::{Breakable, drop_each, in_stage};
use anypipe_core::{RunError, Scope};
use futures_core::Stream;

/// As [`generate`], for a source.
pub(crate) fn generate_source<T, Fut>(
    boundary: &Boundary,
    scope: &Scope,
    start: impl FnOnce(Sender<T>) -> Fut,
) -> Generated<T>
where
    T: Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    generate(boundary, scope.charted(boundary.name().to_owned(), StageKind::Source), scope, start)
}

/// Spawns a task that sends items, called as `boundary` is, and gives them; as many wait as it has a buffer for.
///
/// They end when the task has returned and every sender is gone. The task ends when nobody takes its items
/// any more, even while its future is pending.
pub(crate) fn generate<T, Fut>(
    boundary: &Boundary,
    charted: Charted,
    scope: &Scope,
    start: impl FnOnce(Sender<T>) -> Fut,
) -> Generated<T>
where
    T: Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let name = boundary.name();
    // It has one worker, and the rest is the buffer.
    let buffer = boundary.holds().limit().map_or(usize::MAX, |holds| holds - 1);
    let (sender, receiver) = if buffer == 0 { rendezvous() } else { bounded(buffer) };
    let watched = sender.clone();
    let future = Breakable::new(in_stage(name, || start(sender)));
    charted.spawn(scope, name.to_owned(), async move {
        let mut future = pin!(future);
        let mut closed = pin!(watched.closed());
        std::future::poll_fn(|cx| {
            if closed.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            watched.poll_task(|| future.as_mut().poll(cx))
        })
        .await;
    });
    Generated {
        receiver: Some(receiver),
        rest: Vec::new().into_iter(),
        name: name.to_owned(),
        scope: scope.clone(),
        charted: Some(charted),
    }
}

/// The items of [`generate`]'s task.
pub(crate) struct Generated<T> {
    /// Where they come from, until a stop.
    receiver: Option<Receiver<T>>,
    /// What was sent before the stop.
    rest: std::vec::IntoIter<T>,
    name: String,
    scope: Scope,
    /// Until it is polled: its place in pictures of the run.
    charted: Option<Charted>,
}

impl<T> Generated<T> {
    /// Ends the task; what it has sent by then is still given.
    pub(crate) fn stop(&mut self) {
        if let Some(receiver) = self.receiver.take() {
            self.rest = receiver.into_rest().into_iter();
        }
    }
}

impl<T> Drop for Generated<T> {
    fn drop(&mut self) {
        drop_each(&mut self.rest);
    }
}

// The items are only ever moved.
impl<T> Unpin for Generated<T> {}

impl<T> Stream for Generated<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if let Some(charted) = self.charted.take() {
            charted.note_asked();
        }
        let Some(receiver) = &mut self.receiver else { return Poll::Ready(self.rest.next()) };
        let polled = Pin::new(receiver).poll_next(cx);
        if polled.is_pending() {
            waits_for_input();
        }
        match ready!(polled) {
            Some(Ok(item)) => Poll::Ready(Some(item)),
            Some(Err(_)) => {
                // Not an end: the stream stays pending, and the run fails.
                if !self.scope.is_cancelled() {
                    self.scope.fail(RunError::broken(self.name.clone()));
                }
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }
}

/// The options of what has a field `boundary` and sends its items by itself: a buffer, and a name.
macro_rules! only_a_buffer {
    ($Stage:ident $(<$($P:ident),+>)?) => {
        impl $(<$($P),+>)? anypipe_core::option::Configure for $Stage $(<$($P),+>)? {
            type Can = anypipe_core::option::OfBuffer;
            type Last = Self;
            type Work = $crate::Pass;
            type Key = anypipe_core::option::NoKey;
            type Weight = anypipe_core::option::NoWeight;
            type With<NewWork, NewKey, NewWeight> = Self;

            fn configure<NewWork, NewKey, NewWeight>(
                mut self,
                edit: impl FnOnce($crate::Parallel<$crate::Pass>) -> $crate::Parallel<NewWork, NewKey, NewWeight>,
            ) -> Self {
                self.boundary = edit($crate::Parallel::within(self.boundary, $crate::Pass)).into_boundary();
                self
            }
        }

        impl $(<$($P),+>)? anypipe_core::option::Named for $Stage $(<$($P),+>)? {
            fn named(mut self, name: std::borrow::Cow<'static, str>) -> Self {
                self.boundary = self.boundary.named(name);
                self
            }
        }
    };
}
pub(crate) use only_a_buffer;
