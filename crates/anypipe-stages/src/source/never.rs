use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use anypipe_core::{Scope, Source};
use futures_core::Stream;

/// Neither an item nor an end; made by [`never()`].
#[derive(Clone, Copy, Debug)]
pub struct Never<T> {
    item: PhantomData<fn() -> T>,
}

/// The source of `Pipeline::never`, where all of it is told.
pub fn never<T>() -> Never<T> {
    Never { item: PhantomData }
}

impl<T: Send + 'static> Source for Never<T> {
    type Item = T;

    fn attach(self, _scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        Pending { item: PhantomData }
    }
}

struct Pending<T> {
    item: PhantomData<fn() -> T>,
}

impl<T> Stream for Pending<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<T>> {
        // Whoever polls waits for a stop or for a cancel besides.
        Poll::Pending
    }
}
