use std::future::Future;
use std::marker::PhantomData;

use anypipe_core::channel::Sender;
use anypipe_core::drive::DEFAULT_BUFFER;
use anypipe_core::source::gated_until;
use anypipe_core::{Holds, Scope, Source};
use futures_core::Stream;

use crate::generate::generate;

/// An asynchronous generator; made by [`from_fn`].
#[derive(Clone, Debug)]
pub struct FromFn<F, T> {
    f: F,
    item: PhantomData<fn() -> T>,
}

/// The source of `Pipeline::from_fn`, where all of it is told.
pub fn from_fn<T, F, Fut>(f: F) -> FromFn<F, T>
where
    F: FnOnce(Sender<T>) -> Fut,
    Fut: Future<Output = ()>,
{
    FromFn { f, item: PhantomData }
}

impl<T, F, Fut> Source for FromFn<F, T>
where
    T: Send + 'static,
    F: FnOnce(Sender<T>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    type Item = T;

    fn attach(self, scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        generate("from_fn", DEFAULT_BUFFER, scope, self.f)
    }

    fn attach_gated(self, scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        gated_until(generate("from_fn", DEFAULT_BUFFER, scope, self.f), scope, |items| items.get_mut().stop())
    }

    fn holds(&self) -> Holds {
        Holds::at_most(DEFAULT_BUFFER) + Holds::at_most(1)
    }
}
