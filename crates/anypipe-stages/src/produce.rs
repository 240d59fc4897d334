use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

/// A stream of what a closure gives, up to the first `None`; the closure is then dropped.
pub(crate) fn produce<T, F: FnMut() -> Option<T>>(next: F) -> Produced<F> {
    Produced { next: Some(next) }
}

pub(crate) struct Produced<F> {
    next: Option<F>,
}

// The closure is never pinned.
impl<F> Unpin for Produced<F> {}

impl<T, F: FnMut() -> Option<T>> Stream for Produced<F> {
    type Item = T;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<T>> {
        let item = self.next.as_mut().and_then(|next| next());
        if item.is_none() {
            self.next = None;
        }
        Poll::Ready(item)
    }
}
