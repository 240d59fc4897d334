//! The options of the stage before.

use std::borrow::Cow;
use std::hash::Hash;

use anypipe_core::drive::{Order, WorkerCount};
use anypipe_core::option::{
    HasBoundary, IntoBlocking, IntoBoundary, KeyedBy, Named, WeighedBy, Workers, pass_options,
};

use anypipe_core::Source;
use anypipe_stages::Piped;

use super::{Pipeline, Segment};

/// Writes the options for `Pipeline` and for `Segment`: they are the same.
macro_rules! options {
    ($Of:ident, $inner:ident) => {
        impl<G> $Of<G> {
            /// Has `n` tasks of the stage before share its input: `n` items are worked on at the same time.
            ///
            /// Results come in input order unless [`unordered`](Self::unordered) is asked for.
            ///
            /// `n` is a number, or [`auto(1..=most)`](crate::auto): as many as are worth having.
            ///
            /// # Panics
            ///
            /// Where `n` is 0, or a range that is empty or begins with 0.
            #[doc(alias("buffered", "num_threads", "observeOn"))]
            #[track_caller]
            pub fn workers<P>(self, n: impl WorkerCount) -> $Of<P>
            where
                G: Workers + IntoBoundary<Boundary = P>,
                P: HasBoundary,
            {
                $Of { $inner: self.$inner.into_boundary().edit(|boundary| n.apply(boundary)) }
            }

            /// Has at most `n` finished items wait behind the stage before. The default is 64.
            ///
            /// # Panics
            ///
            /// Where `n` is 0: that is [`rendezvous`](Self::rendezvous).
            #[doc(alias("backpressure"))]
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
            #[doc(alias(
                "buffer_unordered",
                "mapAsyncUnordered",
                "parEvalMapUnordered",
                "par_map_unordered"
            ))]
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
            /// A job on the pool goes on with item after item while they are quick, and ends with one that is slow (50 µs); each
            /// result is shown before the next item begins, so none waits for another. A job costs some 30 µs to 50 µs, an item in one
            /// that goes on about 1 µs. Options that have nothing to do beside the work (`retry`, `located`, `with_input`, `catch_panics`)
            /// change nothing in that; in a wait between two tries no thread is held. With `timeout_each`, which looks at the
            /// clock meanwhile, each item is a job. What is fused before the stage runs on the pool as well.
            ///
            /// Blocking work can't be interrupted: a run that is cancelled waits for what has started, and work
            /// that is given up by `.timeout_each(d)` runs on. It keeps its worker until it has ended, so no more
            /// is ever on threads than there are workers; [`StageStats::overdue`](crate::StageStats::overdue)
            /// counts it.
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

        impl<G: Named> Named for $Of<G> {
            fn named(self, name: Cow<'static, str>) -> Self {
                $Of { $inner: self.$inner.named(name) }
            }
        }
    };
}

options!(Pipeline, source);
options!(Segment, stage);
pass_options!(Pipeline<[G]>, G::Can, G::Last, |of, edit| Pipeline { source: of.source.configure(edit) });
pass_options!(Segment<[G]>, G::Can, G::Last, |of, edit| Segment { stage: of.stage.configure(edit) });

// The form that an option gives is a parameter of its method: with the trait's associated type in the
// signature instead, the compiler tells of a missing method and not of the trait and its advice.

impl<S, G> Pipeline<Piped<S, G>> {
    /// Keeps order per key: the stage before works on items of one key one after the other, and gives
    /// their results in that order; items of different keys overtake each other.
    ///
    /// An item that waits for its key keeps its place in the bound. Without `.workers(n)` this changes
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn replay(events: Vec<(u32, String)>) -> Vec<usize> {
    ///     Pipeline::from_iter(events)
    ///         .then(async |(_customer, event)| event.len())
    ///         .workers(8)
    ///         .keyed(|(customer, _)| *customer)
    ///         .collect()
    ///         .await
    /// }
    /// ```
    #[doc(alias("mapAsyncPartitioned"))]
    pub fn keyed<F, K, P>(self, key: F) -> Pipeline<Piped<S, P>>
    where
        S: Source,
        F: Fn(&S::Item) -> K + Send + Sync + 'static,
        K: Hash,
        G: KeyedBy<F, Keyed = P>,
    {
        let Piped { source, stage } = self.source;
        Pipeline { source: Piped { source, stage: stage.keyed_by(key) } }
    }
}

impl<S> Pipeline<S> {
    /// Lets finished items wait behind the stage before up to the weight `max`, instead of up to a
    /// number: a new item is begun while less than `max` waits. So the weight passes `max` by one item
    /// for each worker at the most.
    ///
    /// # Panics
    ///
    /// Where `max` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn sizes(urls: Vec<String>) -> Vec<usize> {
    ///     Pipeline::from_iter(urls)
    ///         .then(async |url| url.into_bytes())
    ///         .buffer_weight(1 << 20, |page| page.len()) // a mebibyte of pages, however many
    ///         .map(|page| page.len())
    ///         .collect()
    ///         .await
    /// }
    /// ```
    #[track_caller]
    pub fn buffer_weight<F, P>(self, max: usize, weigh: F) -> Pipeline<P>
    where
        S: Source,
        F: Fn(&S::Item) -> usize + Send + Sync + 'static,
        S: WeighedBy<F, Weighed = P>,
    {
        Pipeline { source: self.source.weighed_by(max, weigh) }
    }
}

impl<G> Segment<G> {
    /// As [`Pipeline::keyed`].
    pub fn keyed<F, P>(self, key: F) -> Segment<P>
    where
        G: KeyedBy<F, Keyed = P>,
    {
        Segment { stage: self.stage.keyed_by(key) }
    }

    /// As [`Pipeline::buffer_weight`].
    ///
    /// # Panics
    ///
    /// Where `max` is 0.
    #[track_caller]
    pub fn buffer_weight<F, P>(self, max: usize, weigh: F) -> Segment<P>
    where
        G: WeighedBy<F, Weighed = P>,
    {
        Segment { stage: self.stage.weighed_by(max, weigh) }
    }
}
