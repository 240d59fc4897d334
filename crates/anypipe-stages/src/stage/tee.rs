use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::drive::Inlet;
use anypipe_core::stage::in_stage;
use anypipe_core::{Holds, Scope, Sink, Stage};
use futures_core::Stream;

use crate::Name;
use crate::fan::AHEAD;
use crate::sink::NothingToTell;
use crate::stage::sequential_stage;
use crate::stage::siding::Siding;

/// A sink beside the way of the items, that sees all of them; made by [`tee`].
#[derive(Clone, Debug)]
pub struct Tee<K> {
    name: Name,
    sink: K,
}

/// The stage of `Pipeline::tee`, where all of it is told.
pub fn tee<K>(sink: K) -> Tee<K> {
    Tee { name: Name::new("tee"), sink }
}

impl<In, K> Stage<In> for Tee<K>
where
    In: Clone + Send + 'static,
    K: Sink<In, Output: NothingToTell>,
{
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        let siding = Siding::new(&self.name, self.sink, scope);
        Teed { input: Some(Inlet::new(input)), siding, copied: 0 }
    }

    fn holds(&self) -> Holds {
        self.sink.holds() + Holds::at_most(AHEAD)
    }
}

sequential_stage!(Tee<K>, named);

struct Teed<T> {
    /// The input, until it has ended.
    input: Option<Inlet<T>>,
    siding: Siding<T>,
    /// Of how many items that come next the sink has copies, which it doesn't see yet.
    copied: usize,
}

// The items are only ever moved.
impl<T> Unpin for Teed<T> {}

impl<T: Clone + Send + 'static> Teed<T> {
    /// Gives the sink a copy of this item and of those at hand behind it, as far as there is room.
    #[inline(never)]
    fn copy(&mut self, item: &T, room: usize) {
        let Some(input) = &self.input else { return };
        let copy = |item: &T| in_stage("tee", || item.clone());
        let next = input.at_hand().take(room - 1).map(copy);
        self.copied = self.siding.put_unseen(copy(item), next);
    }
}

impl<T: Clone + Send + 'static> Stream for Teed<T> {
    type Item = T;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        let Some(input) = &mut this.input else {
            return this.siding.poll_end(cx).map(|()| None);
        };
        let mut room = None;
        let polled = if this.copied == 0 {
            this.siding.register(cx);
            room = ready!(this.siding.poll_room());
            this.siding.poll_in(|| input.poll_next(cx))
        } else {
            input.poll_next(cx)
        };
        let Some(item) = ready!(polled) else {
            this.input = None;
            this.siding.end();
            return this.siding.poll_end(cx).map(|()| None);
        };
        if let Some(room) = room {
            this.copy(&item, room);
        }
        if this.copied > 0 {
            this.copied -= 1;
            this.siding.show_next();
        }
        Poll::Ready(Some(item))
    }
}
