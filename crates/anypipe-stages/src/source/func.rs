use std::future::Future;
use std::marker::PhantomData;

use anypipe_core::channel::Sender;
use anypipe_core::drive::Boundary;
use anypipe_core::source::gated_until;
use anypipe_core::{Holds, Scope, Source};
use futures_core::Stream;

use crate::generate::{generate_source, only_a_buffer};

/// An asynchronous generator; made by [`from_fn`].
#[derive(Clone, Debug)]
pub struct FromFn<F, T> {
    boundary: Boundary,
    f: F,
    item: PhantomData<fn() -> T>,
}

/// The source of `Pipeline::from_fn`, where all of it is told.
pub fn from_fn<T, F, Fut>(f: F) -> FromFn<F, T>
where
    F: FnOnce(Sender<T>) -> Fut,
    Fut: Future<Output = ()>,
{
    FromFn { boundary: Boundary::new("from_fn"), f, item: PhantomData }
}

impl<T, F, Fut> Source for FromFn<F, T>
where
    T: Send + 'static,
    F: FnOnce(Sender<T>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    type Item = T;

    fn attach(self, scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        generate_source(&self.boundary, scope, self.f)
    }

    fn attach_gated(self, scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        gated_until(generate_source(&self.boundary, scope, self.f), scope, |items| items.get_mut().stop())
    }

    fn holds(&self) -> Holds {
        // And the one that waits for room.
        self.boundary.holds()
    }
}

only_a_buffer!(FromFn<F, T>);
