use std::error::Error;
use std::fmt::{self, Debug, Display};

use anypipe_core::drive::{At, Threads, Work};

use super::Wrapping;

/// `.located()`: errors tell where they happened, as [`Located`].
#[derive(Clone, Copy, Debug)]
pub struct Locate;

/// An error, with the stage it happened in and the item it happened to.
///
/// It is an [`Error`] itself, whatever the inner one is, and tells it in its message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Located<E> {
    /// The stage's name: that of its operator, or the one it was given by `.named(..)`.
    pub stage: String,
    /// The item's place in the stage's input, counted from 0.
    pub index: u64,
    /// The error itself.
    pub error: E,
}

impl<E: Display> Display for Located<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stage, index, error } = self;
        write!(f, "stage `{stage}`, item {index}: {error}")
    }
}

impl<E: Display + Debug> Error for Located<E> {}

impl<In, W, T, E> Wrapping<In, W> for Locate
where
    In: Send + 'static,
    W: Work<In, Out = Result<T, E>>,
    T: Send + 'static,
    E: Send + 'static,
{
    type Out = Result<T, Located<E>>;

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
        let made = work.call(state, at, item).await?;
        Some(made.map_err(|error| Located { stage: at.stage.to_owned(), index: at.index, error }))
    }
}
