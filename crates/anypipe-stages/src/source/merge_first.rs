use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::stage::{drop_each, poll_go_on};
use anypipe_core::{Scope, Source};
use futures_core::Stream;

use super::combine::{Combine, CombineMany, How, Several};
use crate::attached::Attached;
use crate::bells::Bells;
use crate::ranks::Ranks;

/// Gives the items of a source before those of the sources behind it; see [`merge_first`].
#[derive(Clone, Copy, Debug)]
pub struct MergeFirst {
    most: usize,
}

impl MergeFirst {
    /// Up to `most` items of each before it is another's turn.
    ///
    /// # Panics
    ///
    /// Where `most` is 0.
    #[track_caller]
    pub fn new(most: usize) -> Self {
        assert!(most > 0, "`merge_first(.., 0)`: the other would come first");
        Self { most }
    }
}

/// The source of `source::merge_first`, where all of it is told.
///
/// # Panics
///
/// Where `most` is 0.
#[track_caller]
pub fn merge_first<S: Source>(sources: impl IntoIterator<Item = S>, most: usize) -> Several<MergeFirst, S> {
    Several::new(MergeFirst::new(most), sources)
}

impl How for MergeFirst {
    const NAME: &'static str = "merge_first";
}

impl<T: Send + 'static> Combine<T, T> for MergeFirst {
    type Out = T;

    fn combine<Y: Source<Item = T>>(
        self,
        first: impl Source<Item = T>,
        second: Y,
        scope: &Scope,
    ) -> impl Stream<Item = T> + Send + 'static {
        let first = Side::new(Attached::stream(first.attach(scope)));
        let second = Side::new(Attached::stream(second.attach(scope)));
        Merged { first, second, in_row: 0, most: self.most }
    }
}

impl<T: Send + 'static> CombineMany<T> for MergeFirst {
    type Out = T;

    fn combine_many<S: Source<Item = T>>(
        self,
        sources: Vec<S>,
        scope: &Scope,
    ) -> impl Stream<Item = T> + Send + 'static {
        let members: Vec<_> =
            sources.into_iter().map(|source| Some(Attached::stream(source.attach(scope)))).collect();
        Ranked::new(members, self.most)
    }
}

/// A source, until it has ended.
struct Side<T>(Option<Attached<T>>);

impl<T> Side<T> {
    fn new(source: Attached<T>) -> Self {
        Self(Some(source))
    }

    /// The next item; pending at the end, too.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let Some(source) = &mut self.0 else { return Poll::Pending };
        match source.poll_next(cx) {
            Poll::Ready(Some(item)) => Poll::Ready(item),
            Poll::Ready(None) => {
                self.0 = None;
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

struct Merged<T> {
    first: Side<T>,
    second: Side<T>,
    /// How many items of the first were given since the last of the second.
    in_row: usize,
    most: usize,
}

impl<T> Stream for Merged<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = &mut *self;
        let is_seconds_turn = this.in_row >= this.most;
        if is_seconds_turn {
            if let Poll::Ready(item) = this.second.poll_next(cx) {
                this.in_row = 0;
                return Poll::Ready(Some(item));
            }
        }
        if let Poll::Ready(item) = this.first.poll_next(cx) {
            this.in_row = this.in_row.saturating_add(1);
            return Poll::Ready(Some(item));
        }
        if !is_seconds_turn {
            if let Poll::Ready(item) = this.second.poll_next(cx) {
                this.in_row = 0;
                return Poll::Ready(Some(item));
            }
        }
        if this.first.0.is_none() && this.second.0.is_none() { Poll::Ready(None) } else { Poll::Pending }
    }
}

/// Any number of sources, of which each goes before those behind it.
///
/// A source that has none now is asked again when it is woken, and not before; so what an item costs doesn't grow with their number.
struct Ranked<T> {
    /// The sources by their rank; a hole where one has ended.
    members: Vec<Option<Attached<T>>>,
    /// How many have not ended.
    open: usize,
    /// Who was woken.
    bells: Bells,
    /// Whose turn it is, of those that may have an item now.
    ranks: Ranks,
}

impl<T> Ranked<T> {
    fn new(members: Vec<Option<Attached<T>>>, most: usize) -> Self {
        let count = members.len();
        Self { members, open: count, bells: Bells::new(count), ranks: Ranks::new(count, most) }
    }
}

impl<T> Stream for Ranked<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        this.bells.register(cx);
        let mut first = true;
        loop {
            // The task is told to sleep only where nobody may have an item: that is dear.
            while this.ranks.is_empty() || this.bells.has_next() {
                let Some((rank, _)) = this.bells.next() else { break };
                // One that has ended may have been woken all the same.
                if this.members[rank].is_some() {
                    this.ranks.set(rank, true);
                }
            }
            let Some(rank) = this.ranks.next() else {
                return if this.open == 0 { Poll::Ready(None) } else { Poll::Pending };
            };
            let Some(member) = &mut this.members[rank] else {
                this.ranks.set(rank, false);
                continue;
            };
            match member.poll_next(&mut Context::from_waker(this.bells.waker(rank))) {
                Poll::Ready(Some(item)) => {
                    this.ranks.gave(rank);
                    return Poll::Ready(Some(item));
                }
                Poll::Ready(None) => {
                    this.ranks.set(rank, false);
                    this.open -= 1;
                    let ended = this.members[rank].take();
                    drop(ended);
                }
                Poll::Pending => {
                    this.ranks.set(rank, false);
                    // One that waits costs no more than the poll itself.
                    if !this.ranks.is_empty() && !mem::take(&mut first) {
                        ready!(poll_go_on(cx));
                    }
                }
            }
        }
    }
}

impl<T> Drop for Ranked<T> {
    fn drop(&mut self) {
        drop_each(self.members.drain(..));
    }
}
