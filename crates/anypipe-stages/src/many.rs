//! Any number of streams, polled in turn.

use std::fmt;
use std::task::{Context, Poll, Waker, ready};

use anypipe_core::stage::{drop_each, poll_go_on};

use crate::attached::Attached;
use crate::bells::Bells;

/// Streams of which each has its turn: only those that were woken are polled, and one that gave an item
/// goes to the end of the line.
pub(crate) struct Many<T> {
    /// The streams by their index; a hole where one has ended.
    members: Vec<Option<Attached<T>>>,
    /// The holes.
    holes: Vec<usize>,
    /// The stream that gave the last item, and has yet to go to the end of the line.
    turn: Option<usize>,
    bells: Bells,
}

impl<T> Many<T> {
    pub(crate) fn new() -> Self {
        Self { members: Vec::new(), holes: Vec::new(), turn: None, bells: Bells::new(0) }
    }

    /// Adds a stream, at the next index that is free; gives that.
    pub(crate) fn push(&mut self, stream: Attached<T>) -> usize {
        let index = self.holes.pop().unwrap_or_else(|| {
            self.members.push(None);
            self.members.len() - 1
        });
        self.members[index] = Some(stream);
        self.bells.line_up(index);
        index
    }

    /// The waker with which a stream is polled.
    pub(crate) fn waker(&self, index: usize) -> &Waker {
        self.bells.waker(index)
    }

    /// Has a stream polled that was to be woken: for less than a wake, where the task itself knows.
    pub(crate) fn line_up(&mut self, index: usize) {
        self.bells.line_up(index);
    }

    /// How many have not ended.
    pub(crate) fn len(&self) -> usize {
        self.members.len() - self.holes.len()
    }

    /// Takes a stream out that has not ended.
    pub(crate) fn take(&mut self, index: usize) -> Option<Attached<T>> {
        self.holes.push(index);
        self.members[index].take()
    }

    /// Takes all out that have not ended.
    pub(crate) fn take_all(&mut self) -> Vec<Attached<T>> {
        self.holes.clear();
        self.members.drain(..).flatten().collect()
    }

    /// Has the first in the order of their indices be asked first, once.
    pub(crate) fn in_order(&mut self) {
        self.bells.in_order();
    }

    /// The next item of any of them with the stream's index, or the end of that stream; `None` once all
    /// have ended.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, Option<T>)>> {
        if let Some(index) = self.turn.take() {
            self.bells.line_up(index);
        }
        self.bells.register(cx);
        let mut first = true;
        while let Some((index, waker)) = self.bells.next() {
            // A stream that has ended may have been woken all the same.
            let Some(stream) = &mut self.members[index] else { continue };
            match stream.poll_next(&mut Context::from_waker(waker)) {
                Poll::Ready(Some(item)) => {
                    self.turn = Some(index);
                    return Poll::Ready(Some((index, Some(item))));
                }
                Poll::Ready(None) => {
                    let ended = self.take(index);
                    drop(ended);
                    return Poll::Ready(Some((index, None)));
                }
                // One that waits costs no more than the poll itself.
                Poll::Pending if self.bells.has_next() && !std::mem::take(&mut first) => {
                    ready!(poll_go_on(cx));
                }
                Poll::Pending => {}
            }
        }
        if self.len() == 0 { Poll::Ready(None) } else { Poll::Pending }
    }

    /// The next item of the stream that gave the last one, for less than a turn of another's. `None` where that has none
    /// now, and it is another's turn.
    #[inline]
    pub(crate) fn next_in_turn(&mut self) -> Option<T> {
        let index = self.turn?;
        let stream = self.members[index].as_mut()?;
        match stream.poll_next(&mut Context::from_waker(self.bells.waker(index))) {
            // One that has ended is asked again in its turn.
            Poll::Ready(item) => item,
            Poll::Pending => {
                // It is to be polled when it is woken, and not before.
                self.turn = None;
                None
            }
        }
    }
}

impl<T> Drop for Many<T> {
    fn drop(&mut self) {
        drop_each(self.members.drain(..));
    }
}

impl<T> fmt::Debug for Many<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Many").field("len", &self.len()).finish_non_exhaustive()
    }
}
