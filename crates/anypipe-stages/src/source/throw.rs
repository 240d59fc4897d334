use std::marker::PhantomData;

use anypipe_core::{Scope, Source};
use futures_core::Stream;

use crate::produce::produce;

/// One `Err`; made by [`throw`].
#[derive(Clone, Debug)]
pub struct Throw<T, E> {
    error: E,
    value: PhantomData<fn() -> T>,
}

/// The source of `Pipeline::throw`, where all of it is told.
pub fn throw<T, E>(error: E) -> Throw<T, E> {
    Throw { error, value: PhantomData }
}

impl<T, E> Source for Throw<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    type Item = Result<T, E>;

    fn attach(self, _scope: &Scope) -> impl Stream<Item = Result<T, E>> + Send + 'static {
        let mut error = Some(self.error);
        produce(move || error.take().map(Err))
    }
}
