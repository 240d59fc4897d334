//! The options of the stage before.

use std::borrow::Cow;

use anypipe_core::drive::Order;
use anypipe_core::option::{HasBoundary, IntoBlocking, IntoBoundary, Named, Workers};

use super::{Pipeline, Segment};

/// Writes the options for `Pipeline` and for `Segment`: they are the same.
macro_rules! options {
    ($Of:ident, $inner:ident) => {
        impl<G> $Of<G> {
            /// Has `n` tasks of the stage before share its input: `n` items are worked on at the same time.
            ///
            /// Results come in input order unless [`unordered`](Self::unordered) is asked for.
            ///
            /// # Panics
            ///
            /// Where `n` is 0.
            #[track_caller]
            pub fn workers<P>(self, n: usize) -> $Of<P>
            where
                G: Workers + IntoBoundary<Boundary = P>,
                P: HasBoundary,
            {
                $Of { $inner: self.$inner.into_boundary().edit(|boundary| boundary.workers(n)) }
            }

            /// Has at most `n` finished items wait behind the stage before. The default is 64.
            ///
            /// # Panics
            ///
            /// Where `n` is 0: that is [`rendezvous`](Self::rendezvous).
            #[track_caller]
            pub fn buffer_size<P>(self, n: usize) -> $Of<P>
            where
                G: IntoBoundary<Boundary = P>,
                P: HasBoundary,
            {
                $Of { $inner: self.$inner.into_boundary().edit(|boundary| boundary.buffer_size(n)) }
            }

            /// Has nothing wait behind the stage before: a worker takes its next item when its last
            /// result was taken.
            pub fn rendezvous<P>(self) -> $Of<P>
            where
                G: IntoBoundary<Boundary = P>,
                P: HasBoundary,
            {
                $Of { $inner: self.$inner.into_boundary().edit(|boundary| boundary.rendezvous()) }
            }

            /// Gives the results of the stage before in input order. This is the default.
            pub fn ordered<P>(self) -> $Of<P>
            where
                G: Workers + IntoBoundary<Boundary = P>,
                P: HasBoundary,
            {
                $Of { $inner: self.$inner.into_boundary().edit(|boundary| boundary.order(Order::Ordered)) }
            }

            /// Gives the results of the stage before as they are done.
            pub fn unordered<P>(self) -> $Of<P>
            where
                G: Workers + IntoBoundary<Boundary = P>,
                P: HasBoundary,
            {
                $Of { $inner: self.$inner.into_boundary().edit(|boundary| boundary.order(Order::Unordered)) }
            }

            /// Runs the synchronous closure of the stage before on the runtime's blocking pool, with as
            /// many threads at a time as the stage has workers.
            ///
            /// Blocking work can't be interrupted: a run that is cancelled waits for what has started.
            pub fn blocking<P>(self) -> $Of<P>
            where
                G: IntoBlocking<Blocking = P>,
                P: HasBoundary,
            {
                $Of { $inner: self.$inner.into_blocking() }
            }

            /// Calls the stage before something else, in panics and reports.
            pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self
            where
                G: Named,
            {
                $Of { $inner: self.$inner.named(name.into()) }
            }
        }

        impl<G: IntoBoundary> IntoBoundary for $Of<G> {
            type Boundary = $Of<G::Boundary>;

            fn into_boundary(self) -> Self::Boundary {
                $Of { $inner: self.$inner.into_boundary() }
            }
        }

        impl<G: HasBoundary> HasBoundary for $Of<G> {
            fn edit(
                self,
                edit: impl FnOnce(anypipe_core::drive::Boundary) -> anypipe_core::drive::Boundary,
            ) -> Self {
                $Of { $inner: self.$inner.edit(edit) }
            }
        }

        impl<G: Workers> Workers for $Of<G> {}

        impl<G: IntoBlocking> IntoBlocking for $Of<G> {
            type Blocking = $Of<G::Blocking>;

            fn into_blocking(self) -> Self::Blocking {
                $Of { $inner: self.$inner.into_blocking() }
            }
        }

        impl<G: Named> Named for $Of<G> {
            fn named(self, name: Cow<'static, str>) -> Self {
                $Of { $inner: self.$inner.named(name) }
            }
        }
    };
}

options!(Pipeline, source);
options!(Segment, stage);
