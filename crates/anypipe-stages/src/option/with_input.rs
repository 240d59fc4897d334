use std::error::Error;
use std::fmt::{self, Debug, Display};

use anypipe_core::drive::{At, Threads, Work};

use super::Wrapping;

/// `.with_input()`: errors carry the item that they happened to, as [`Failed`].
#[derive(Clone, Copy, Debug)]
pub struct WithInput;

/// An error, with the item that it happened to.
///
/// It is an [`Error`] itself, whatever the inner one is, and tells it as its message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Failed<In, E> {
    /// The item, as it came to the stage.
    pub input: In,
    /// The error itself.
    pub error: E,
}

impl<In, E: Display> Display for Failed<In, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.error, f)
    }
}

impl<In: Debug, E: Display + Debug> Error for Failed<In, E> {}

impl<In, W, T, E> Wrapping<In, W> for WithInput
where
    In: Clone + Send + 'static,
    W: Work<In, Out = Result<T, E>>,
    T: Send + 'static,
    E: Send + 'static,
{
    type Out = Result<T, Failed<In, E>>;

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
        let input = item.clone();
        let made = work.call(state, at, item).await?;
        Some(made.map_err(|error| Failed { input, error }))
    }
}
