//! Where items come from.

mod gated;

use futures_core::Stream;

pub use self::gated::{Gated, gated, gated_until};
use crate::holds::Holds;
use crate::scope::Scope;

/// Starts a stream inside a scope.
///
/// # What an implementer MUST do
///
/// 1. Nothing MUST happen before [`attach`](Source::attach): a source is a description.
/// 2. Tasks MUST be spawned into the scope, never elsewhere.
/// 3. The stream MUST release what it holds when it is dropped.
/// 4. A stream that can be ready for ever need not yield: the task that pulls it does.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of items",
    note = "wrap an iterator with `Pipeline::from_iter(..)`, a stream with `Pipeline::from_stream(..)`"
)]
pub trait Source: Sized + Send + 'static {
    /// What comes out.
    type Item: Send + 'static;

    /// Starts the stream; its tasks run in `scope`.
    fn attach(self, scope: &Scope) -> impl Stream<Item = Self::Item> + Send + 'static;

    /// Starts the stream so that it obeys the run's [`Control`](crate::run::Control): it ends at a stop, and gives
    /// nothing during a pause. Every pipeline starts its source so.
    ///
    /// A source that holds items which were handed to it, and which a stop must not lose, does this itself
    /// with [`gated_until`]; so does one that is made of sources that obey already.
    fn attach_gated(self, scope: &Scope) -> impl Stream<Item = Self::Item> + Send + 'static {
        gated(self.attach(scope), scope)
    }

    /// How many items it can hold between them coming into being and going out.
    fn holds(&self) -> Holds {
        Holds::NONE
    }
}
