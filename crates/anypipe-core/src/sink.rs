//! Where items go.

use std::future::Future;

use futures_core::Stream;

use crate::holds::Holds;
use crate::scope::Scope;

/// Drains a stream inside a scope, and gives a value.
///
/// # What an implementer MUST do
///
/// 1. A sink that needs no more items MUST drop the stream, so that what feeds it stops.
/// 2. It MUST call user closures through [`in_stage`](crate::stage::in_stage).
/// 3. A loop that can go on without waiting MUST yield; [`Items`](crate::drive::Items) does that.
/// 4. It MUST take its items through [`Items`](crate::drive::Items) where it is to give what it has at a deadline:
///    [`Run::deadline_partial`](crate::Run::deadline_partial) ends those.
/// 5. [`holds`](Sink::holds) MUST NOT tell fewer items than it can hold at once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a sink for items of type `{In}`",
    label = "the items that come here are `{In}`",
    note = "check that the sink takes the items that come to it",
    note = "a closure becomes a sink with `sink::for_each(..)`, or with `sink::try_each(..)` where it can fail",
    note = "stages become one with a sink behind them: `stages | sink::for_each(..)`"
)]
pub trait Sink<In>: Sized + Send + 'static {
    /// What comes of it.
    type Output: Send + 'static;

    /// Drains `input`; its tasks run in `scope`.
    fn drain(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = Self::Output> + Send + 'static;

    /// How many items it can hold on their way; none where it works on one after the other. What it gathers for its
    /// output isn't counted.
    fn holds(&self) -> Holds {
        Holds::NONE
    }
}
