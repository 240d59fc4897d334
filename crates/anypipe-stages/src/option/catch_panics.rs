use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use anypipe_core::RunError;
use anypipe_core::drive::{At, Threads, Work};
use anypipe_core::stage::catch_panic;

use super::Wrapping;

/// `.catch_panics()`: a panic in the work on an item becomes an `Err` of [`Panicked`] in its place.
#[derive(Clone, Copy, Debug)]
pub struct CatchPanics;

/// As [`CatchPanics`], for work that gives results whose error can be made of a [`Panicked`].
#[derive(Clone, Copy, Debug)]
pub struct TryCatchPanics;

/// A panic in the work on one item, that was caught.
#[derive(Debug)]
pub struct Panicked {
    error: RunError,
}

impl Panicked {
    /// The stage in which it happened.
    pub fn stage(&self) -> &str {
        self.error.stage().unwrap_or_default()
    }

    /// The failure that the run would have had; [`RunError::resume`] goes on with the panic.
    pub fn into_run_error(self) -> RunError {
        self.error
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for Panicked {}

impl<In, W> Wrapping<In, W> for CatchPanics
where
    In: Send + 'static,
    W: Work<In>,
{
    type Out = Result<W::Out, Panicked>;

    fn threads(&self, work: &W) -> Threads {
        work.threads()
    }

    fn is_err(made: &Self::Out) -> bool {
        made.is_err()
    }

    async fn call<'a>(
        &'a self,
        work: &'a W,
        state: &'a mut W::State,
        at: At<'a>,
        item: In,
    ) -> Option<Self::Out> {
        caught(work, state, at, item).await.transpose()
    }
}

impl<In, W, T, E> Wrapping<In, W> for TryCatchPanics
where
    In: Send + 'static,
    W: Work<In, Out = Result<T, E>>,
    T: Send + 'static,
    E: From<Panicked> + Send + 'static,
{
    type Out = Result<T, E>;

    fn threads(&self, work: &W) -> Threads {
        work.threads()
    }

    fn is_err(made: &Self::Out) -> bool {
        made.is_err()
    }

    async fn call<'a>(
        &'a self,
        work: &'a W,
        state: &'a mut W::State,
        at: At<'a>,
        item: In,
    ) -> Option<Self::Out> {
        let made = caught(work, state, at, item).await;
        made.unwrap_or_else(|panic| Some(Err(E::from(panic))))
    }
}

/// What the work gives, or its panic.
async fn caught<In, W: Work<In>>(
    work: &W,
    state: &mut W::State,
    at: At<'_>,
    item: In,
) -> Result<Option<W::Out>, Panicked> {
    let made = {
        // The call itself may panic, and so may each poll.
        let call = catch_panic(at.stage, || work.call(state, at, item));
        match call {
            Ok(future) => {
                let mut future = pin!(future);
                poll_fn(|cx| match catch_panic(at.stage, || future.as_mut().poll(cx)) {
                    Ok(polled) => polled.map(Ok),
                    Err(error) => Poll::Ready(Err(error)),
                })
                .await
            }
            Err(error) => Err(error),
        }
    };
    if made.is_err() {
        // A panic may have left the state half changed.
        *state = W::State::default();
    }
    made.map_err(|error| Panicked { error })
}
