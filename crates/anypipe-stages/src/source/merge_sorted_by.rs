use std::cmp::Ordering;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use anypipe_core::stage::in_stage;
use anypipe_core::{Holds, Scope, Source};
use futures_core::Stream;

use super::combine::{Combine, CombineMany, How, Several, attach_all};
use super::lanes::{Lane, Row};
use crate::attached::Attached;

/// Makes one sorted source of several; see [`merge_sorted_by`].
pub struct MergeSortedBy<F> {
    compare: Arc<F>,
}

impl<F> MergeSortedBy<F> {
    /// By this order.
    pub fn new(compare: F) -> Self {
        Self { compare: Arc::new(compare) }
    }
}

/// The source of `source::merge_sorted_by`, where all of it is told.
pub fn merge_sorted_by<S: Source, F>(
    sources: impl IntoIterator<Item = S>,
    compare: F,
) -> Several<MergeSortedBy<F>, S> {
    Several::new(MergeSortedBy::new(compare), sources)
}

impl<F: Send + Sync + 'static> How for MergeSortedBy<F> {
    const NAME: &'static str = "merge_sorted_by";
}

impl<T, F> Combine<T, T> for MergeSortedBy<F>
where
    T: Send + 'static,
    F: Fn(&T, &T) -> Ordering + Send + Sync + 'static,
{
    type Out = T;

    fn combine<Y: Source<Item = T>>(
        self,
        first: impl Source<Item = T>,
        second: Y,
        scope: &Scope,
    ) -> impl Stream<Item = T> + Send + 'static {
        Sorted::new(vec![Attached::source(first, scope), Attached::source(second, scope)], self.compare)
    }

    fn holds(first: Holds, second: Holds) -> Holds {
        first + second + Holds::at_most(2)
    }
}

impl<T, F> CombineMany<T> for MergeSortedBy<F>
where
    T: Send + 'static,
    F: Fn(&T, &T) -> Ordering + Send + Sync + 'static,
{
    type Out = T;

    fn combine_many<S: Source<Item = T>>(
        self,
        sources: Vec<S>,
        scope: &Scope,
    ) -> impl Stream<Item = T> + Send + 'static {
        Sorted::new(attach_all(sources, scope), self.compare)
    }

    fn holds_many(sources: &mut dyn ExactSizeIterator<Item = Holds>) -> Holds {
        let items = Holds::at_most(sources.len());
        sources.sum::<Holds>() + items
    }
}

impl<F> Clone for MergeSortedBy<F> {
    fn clone(&self) -> Self {
        Self { compare: Arc::clone(&self.compare) }
    }
}

impl<F> fmt::Debug for MergeSortedBy<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MergeSortedBy").finish_non_exhaustive()
    }
}

struct Sorted<T, F> {
    row: Row<Vec<Lane<T>>>,
    /// The lanes that have an item, as a heap: none comes before the one that it hangs on, half as far from the front.
    heap: Vec<usize>,
    compare: Arc<F>,
}

impl<T, F> Sorted<T, F>
where
    T: Send + 'static,
    F: Fn(&T, &T) -> Ordering,
{
    fn new(sources: Vec<Attached<T>>, compare: Arc<F>) -> Self {
        let lanes: Vec<_> = sources.into_iter().map(Lane::new).collect();
        Self { row: Row::new(lanes), heap: Vec::new(), compare }
    }

    /// Whether the item of one lane goes before that of another; of equal ones that of the first lane.
    fn is_before(&self, one: usize, other: usize) -> bool {
        let lanes = &self.row.lanes;
        let (Some(item), Some(other_item)) = (lanes[one].item(), lanes[other].item()) else { return false };
        let order = in_stage(<MergeSortedBy<fn()> as How>::NAME, || (self.compare)(item, other_item));
        order.then(one.cmp(&other)).is_lt()
    }

    /// Adds a lane that has got an item.
    fn add(&mut self, lane: usize) {
        let mut at = self.heap.len();
        self.heap.push(lane);
        while at > 0 && self.is_before(self.heap[at], self.heap[(at - 1) / 2]) {
            self.heap.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
    }

    /// Takes the lane out whose item is next.
    fn pop(&mut self) -> Option<usize> {
        if self.heap.is_empty() {
            return None;
        }
        let first = self.heap.swap_remove(0);
        let (mut at, len) = (0, self.heap.len());
        while 2 * at + 1 < len {
            let mut below = 2 * at + 1;
            if below + 1 < len && self.is_before(self.heap[below + 1], self.heap[below]) {
                below += 1;
            }
            if !self.is_before(self.heap[below], self.heap[at]) {
                break;
            }
            self.heap.swap(at, below);
            at = below;
        }
        Some(first)
    }
}

// The items are only ever moved.
impl<T, F> Unpin for Sorted<T, F> {}

impl<T, F> Stream for Sorted<T, F>
where
    T: Send + 'static,
    F: Fn(&T, &T) -> Ordering,
{
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        while let Some(lane) = ready!(this.row.poll_missing(cx)) {
            this.add(lane);
        }
        let Some(next) = this.pop() else { return Poll::Ready(None) };
        Poll::Ready(Some(this.row.take(next)))
    }
}
