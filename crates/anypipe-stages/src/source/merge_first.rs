use std::pin::Pin;
use std::task::{Context, Poll};

use anypipe_core::{Scope, Source};
use futures_core::Stream;

use super::combine::{Combine, How, Pair};
use crate::attached::Attached;

/// Gives the items of one source before those of another; see [`merge_first`].
#[derive(Clone, Copy, Debug)]
pub struct MergeFirst {
    most: usize,
}

impl MergeFirst {
    /// Up to `most` items of the first in a row.
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

/// The source of `Pipeline::merge_first`, where all of it is told.
///
/// # Panics
///
/// Where `most` is 0.
#[track_caller]
pub fn merge_first<A, B>(first: A, second: B, most: usize) -> Pair<MergeFirst, A, B> {
    Pair { how: MergeFirst::new(most), first, second }
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
