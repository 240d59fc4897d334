use std::future::Future;
use std::marker::PhantomData;

use anypipe_core::drive::fold_items;
use anypipe_core::{Scope, Sink};
use futures_core::Stream;

/// Gathers the halves of pairs apart; made by [`unzip`].
#[derive(Debug)]
pub struct Unzip<A, B> {
    collections: PhantomData<fn() -> (A, B)>,
}

/// The sink of `Pipeline::unzip`, where all of it is told.
pub fn unzip<A, B>() -> Unzip<A, B> {
    Unzip { collections: PhantomData }
}

impl<T, U, A, B> Sink<(T, U)> for Unzip<A, B>
where
    T: Send + 'static,
    U: Send + 'static,
    A: Default + Extend<T> + Send + 'static,
    B: Default + Extend<U> + Send + 'static,
{
    type Output = (A, B);

    fn drain(
        self,
        input: impl Stream<Item = (T, U)> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = (A, B)> + Send + 'static {
        let start = || (A::default(), B::default());
        fold_items(input, scope, start, |(mut first, mut second), (one, other)| {
            first.extend(Some(one));
            second.extend(Some(other));
            (first, second)
        })
    }
}
