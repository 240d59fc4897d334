//! Pipelines, without the facade.

use std::ops::RangeInclusive;

use anypipe_core::drive::{Boundary, Order, WorkerCount, auto};
use anypipe_core::option::{HasBoundary, IntoBlocking, IntoBoundary, KeyedBy, Named, WeighedBy, WrapWith};
use anypipe_core::run::{RunStream, inherit};
use anypipe_core::source::Gated;
use anypipe_core::{Run, Sink, Source, Stage};
use anypipe_stages::{Piped, sink};

/// A pipeline that is being put together; options go to its last stage.
#[derive(Clone)]
pub(crate) struct Flow<S>(pub(crate) S);

/// Begins a pipeline.
pub(crate) fn flow<S: Source>(source: S) -> Flow<Gated<S>> {
    Flow(Gated::new(source))
}

impl<S: Source> Flow<S> {
    pub(crate) fn pipe<G: Stage<S::Item>>(self, stage: G) -> Flow<Piped<S, G>> {
        Flow(Piped { source: self.0, stage })
    }

    pub(crate) fn into<K: Sink<S::Item>>(self, sink: K) -> Run<K::Output> {
        Run::drain("sink", inherit, self.0, sink)
    }

    pub(crate) fn stream(self) -> RunStream<S::Item> {
        RunStream::new(inherit, self.0)
    }

    pub(crate) fn collect(self) -> Run<Vec<S::Item>> {
        self.into(sink::collect())
    }
}

impl<S, B> Flow<S>
where
    S: IntoBoundary<Boundary = B>,
    B: HasBoundary,
{
    fn edit(self, edit: impl FnOnce(Boundary) -> Boundary) -> Flow<B> {
        Flow(self.0.into_boundary().edit(edit))
    }

    pub(crate) fn workers(self, n: usize) -> Flow<B> {
        self.edit(|boundary| boundary.workers(n))
    }

    pub(crate) fn auto(self, range: RangeInclusive<usize>) -> Flow<B> {
        self.edit(|boundary| auto(range).apply(boundary))
    }

    pub(crate) fn buffer_size(self, n: usize) -> Flow<B> {
        self.edit(|boundary| boundary.buffer_size(n))
    }

    pub(crate) fn rendezvous(self) -> Flow<B> {
        self.edit(Boundary::rendezvous)
    }

    pub(crate) fn unordered(self) -> Flow<B> {
        self.edit(|boundary| boundary.order(Order::Unordered))
    }
}

impl<S> Flow<S> {
    pub(crate) fn wrap<K>(self, how: K) -> Flow<S::Wrapped>
    where
        S: WrapWith<K>,
    {
        Flow(self.0.wrap_with(how))
    }
}

impl<S: IntoBlocking> Flow<S> {
    pub(crate) fn blocking(self) -> Flow<S::Blocking> {
        Flow(self.0.into_blocking())
    }
}

impl<S> Flow<S> {
    pub(crate) fn keyed<F>(self, key: F) -> Flow<S::Keyed>
    where
        S: KeyedBy<F>,
    {
        Flow(self.0.keyed_by(key))
    }
}

impl<S> Flow<S> {
    pub(crate) fn buffer_weight<F>(self, max: usize, weigh: F) -> Flow<S::Weighed>
    where
        S: WeighedBy<F>,
    {
        Flow(self.0.weighed_by(max, weigh))
    }
}

impl<S: Named> Flow<S> {
    pub(crate) fn named(self, name: &'static str) -> Flow<S> {
        Flow(self.0.named(name.into()))
    }
}
