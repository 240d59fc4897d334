//! How many items a fused stage takes in a row.

use std::fmt;

use super::pace::{Next, Pace};
use crate::scope::Scope;

/// How many items a fused stage may take of its input, one after the other, before it shows others what it has made of
/// them: a chunk while they are quick, and one where they are not.
///
/// # Examples
///
/// ```
/// use std::pin::Pin;
/// use std::task::{Context, Poll};
///
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::author::{Burst, Scope};
/// use futures_core::Stream;
///
/// /// Takes items for somebody else, who is called once for all of them.
/// fn poll_take<S: Stream>(
///     mut input: Pin<&mut S>,
///     burst: &mut Burst,
///     taken: &mut Vec<S::Item>,
///     cx: &mut Context<'_>,
/// ) -> Poll<Option<()>> {
///     burst.begin();
///     loop {
///         match input.as_mut().poll_next(cx) {
///             Poll::Ready(Some(item)) => taken.push(item),
///             Poll::Ready(None) => return Poll::Ready(None),
///             Poll::Pending if taken.is_empty() => return Poll::Pending,
///             // Nothing waits for a chunk to fill.
///             Poll::Pending => return Poll::Ready(Some(())),
///         }
///         if !burst.goes_on() {
///             return Poll::Ready(Some(()));
///         }
///     }
/// }
/// ```
pub struct Burst {
    pace: Pace,
    scope: Scope,
    /// True where each burst is of another input's items.
    of_turns: bool,
}

impl Burst {
    /// For a stage that is attached in `scope`.
    pub fn new(scope: &Scope) -> Self {
        Self { pace: Pace::new(), scope: scope.clone(), of_turns: false }
    }

    /// For a stage that takes items of several inputs in turn, and shows nobody anything: how many of one input.
    pub fn of_turns(scope: &Scope) -> Self {
        Self { pace: Pace::of_turns(), scope: scope.clone(), of_turns: true }
    }

    /// The stage begins to take items. What was done since it last did so is not counted.
    pub fn begin(&mut self) {
        if self.of_turns {
            self.pace.turn();
        } else {
            self.pace.waited();
        }
        self.pace.begin(&self.scope);
    }

    /// An item was taken; `false` where what there is must be shown before the next: the items are slow, or a chunk is
    /// full. And after a cancel, where none is to be taken any more.
    #[inline]
    pub fn goes_on(&mut self) -> bool {
        !self.scope.is_cancelled() && (!self.pace.item() || self.look())
    }

    #[inline(never)]
    fn look(&mut self) -> bool {
        let next = self.pace.look(self.scope.runtime(), None);
        self.pace.offer(self.scope.runtime());
        next == Next::Go
    }
}

impl fmt::Debug for Burst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Burst").finish_non_exhaustive()
    }
}
