use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::stage::drop_each;
use anypipe_core::{Holds, Scope, Source};
use futures_core::Stream;

use super::combine::{Combine, CombineMany, How, Several, attach_all};
use crate::attached::Attached;
use crate::many::Many;

/// Gives the items of the source that gives one first; see [`race`].
#[derive(Clone, Copy, Debug)]
pub struct Race;

/// The source of `Pipeline::race` and of `source::race`, where all of it is told.
pub fn race<S: Source>(sources: impl IntoIterator<Item = S>) -> Several<Race, S> {
    Several::new(Race, sources)
}

impl How for Race {
    const NAME: &'static str = "race";
}

impl<T: Send + 'static> Combine<T, T> for Race {
    type Out = T;

    fn combine<Y: Source<Item = T>>(
        self,
        first: impl Source<Item = T>,
        second: Y,
        scope: &Scope,
    ) -> impl Stream<Item = T> + Send + 'static {
        Racing::new(vec![Attached::source(first, scope), Attached::source(second, scope)])
    }

    fn holds(first: Holds, second: Holds) -> Holds {
        first + second + Holds::at_most(1)
    }
}

impl<T: Send + 'static> CombineMany<T> for Race {
    type Out = T;

    fn combine_many<S: Source<Item = T>>(
        self,
        sources: Vec<S>,
        scope: &Scope,
    ) -> impl Stream<Item = T> + Send + 'static {
        Racing::new(attach_all(sources, scope))
    }

    fn holds_many(sources: &mut dyn ExactSizeIterator<Item = Holds>) -> Holds {
        sources.sum::<Holds>() + Holds::at_most(1)
    }
}

struct Racing<T> {
    /// Those in the race.
    running: Many<T>,
    /// Those that have lost, until they are closed.
    others: Vec<Attached<T>>,
    /// The one that has won.
    winner: Option<Attached<T>>,
    /// The winner's first item, until the others are closed.
    first: Option<T>,
}

impl<T> Racing<T> {
    fn new(sources: Vec<Attached<T>>) -> Self {
        let mut running = Many::new();
        for source in sources {
            running.push(source);
        }
        Self { running, others: Vec::new(), winner: None, first: None }
    }

    /// Waits for the first item of any; `Ready` without a winner where all have ended.
    fn poll_race(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.running.in_order();
        while let Some((index, item)) = ready!(self.running.poll_next(cx)) {
            if item.is_some() {
                self.first = item;
                self.winner = self.running.take(index);
                self.others = self.running.take_all();
                self.others.iter_mut().for_each(Attached::close);
                break;
            }
        }
        Poll::Ready(())
    }
}

// The items are only ever moved.
impl<T> Unpin for Racing<T> {}

impl<T> Stream for Racing<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if self.winner.is_none() {
            ready!(self.poll_race(cx));
        }
        while let Some(other) = self.others.last_mut() {
            ready!(other.poll_closed(cx));
            self.others.pop();
        }
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        match &mut self.winner {
            Some(winner) => winner.poll_next(cx),
            None => Poll::Ready(None),
        }
    }
}

impl<T> Drop for Racing<T> {
    fn drop(&mut self) {
        drop_each(self.others.drain(..));
    }
}
