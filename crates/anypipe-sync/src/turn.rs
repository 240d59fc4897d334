//! How a loop that never waits gives way.

use std::future::poll_fn;
use std::task::{Context, Poll};

use anypipe_core::scope::poll_go_on;

/// Takes a turn where there is nothing to wait for.
pub(crate) async fn go_on() {
    let mut turn = Turn::default();
    poll_fn(|cx| turn.poll(cx)).await;
}

/// The turn of one wait, asked for before it is over.
///
/// A loop that takes what is always free would otherwise keep its thread for ever, and not hear that it was
/// cancelled. One wait gives way once at the most: what polls it by hand, in a destructor perhaps, gets to its end.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    given_way: bool,
}

impl Turn {
    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.given_way {
            return Poll::Ready(());
        }
        let polled = poll_go_on(cx);
        self.given_way = polled.is_pending();
        polled
    }
}
