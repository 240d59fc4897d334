//! What a stage takes items from.

use std::any::{Any, TypeId};
use std::fmt;
use std::iter::Rev;
use std::pin::Pin;
use std::slice;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::Outlet;

/// A stage's input, which knows what lies at hand where it comes straight out of a boundary.
///
/// # Examples
///
/// ```
/// use std::task::{Context, Poll};
///
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::author::Inlet;
///
/// /// Gives an item, and how many follow it at once.
/// fn poll_next<In: Send + 'static>(
///     input: &mut Inlet<In>,
///     cx: &mut Context<'_>,
/// ) -> Poll<Option<(In, usize)>> {
///     input.poll_next(cx).map(|item| item.map(|item| (item, input.at_hand().len())))
/// }
/// ```
pub struct Inlet<In>(Kind<In>);

enum Kind<In> {
    /// What comes out of another boundary, with nothing in between: the most common.
    Hop(Outlet<In>),
    /// Boxed, so that the loops are built once for an item's type and not once for each stream's.
    Stream(Pin<Box<dyn Stream<Item = In> + Send>>),
}

impl<In: Send + 'static> Inlet<In> {
    /// The items of this stream.
    pub fn new<S: Stream<Item = In> + Send + 'static>(stream: S) -> Self {
        // What it is is known where this is built, and only that is left of it.
        if TypeId::of::<S>() == TypeId::of::<Outlet<In>>() {
            return Self::of_outlet(&mut Some(stream));
        }
        Self(Kind::Stream(Box::pin(stream)))
    }

    /// That of an outlet.
    #[inline(never)]
    fn of_outlet(stream: &mut dyn Any) -> Self {
        let outlet = stream.downcast_mut::<Option<Outlet<In>>>().and_then(Option::take);
        Self(Kind::Hop(outlet.expect("it is one")))
    }

    /// For a consumer that calls [`take_at_hand`](Inlet::take_at_hand).
    pub(crate) fn for_stream<S: Stream<Item = In> + Send + 'static>(stream: S) -> Self {
        let mut input = Self::new(stream);
        if let Kind::Hop(outlet) = &mut input.0 {
            outlet.count_each();
        }
        input
    }

    /// The items that are sure to come next, at once, in this order: what was taken out of a buffer and not given yet.
    /// None where the input is anything else than the output of a boundary.
    pub fn at_hand(&self) -> Rev<slice::Iter<'_, In>> {
        let items = match &self.0 {
            Kind::Hop(outlet) => outlet.at_hand(),
            Kind::Stream(_) => &[],
        };
        items.iter().rev()
    }

    /// The next item where it is at hand, and taking it runs nothing of others but wakers.
    #[inline]
    pub(crate) fn take_at_hand(&mut self) -> Option<In> {
        match &mut self.0 {
            Kind::Hop(outlet) => outlet.take_at_hand(),
            Kind::Stream(_) => None,
        }
    }

    /// Takes up to so many of the items that are [at hand](Inlet::at_hand), and adds them to `items`: for less than one by
    /// one, and nothing of others runs. None where they are weighed, which is done one by one.
    #[inline]
    pub fn drain_at_hand(&mut self, most: usize, items: &mut Vec<In>) {
        match &mut self.0 {
            Kind::Hop(outlet) => outlet.drain_at_hand(most, items),
            Kind::Stream(_) => {}
        }
    }

    /// The next item; `None` at the end, after which it must not be polled.
    #[inline]
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<In>> {
        match &mut self.0 {
            Kind::Hop(outlet) => Pin::new(outlet).poll_next(cx),
            Kind::Stream(stream) => stream.as_mut().poll_next(cx),
        }
    }
}

impl<In> fmt::Debug for Inlet<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inlet").finish_non_exhaustive()
    }
}
