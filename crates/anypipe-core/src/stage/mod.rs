//! What happens to items on their way.

mod each;
mod fused;
mod tuple;

use futures_core::Stream;

pub use self::each::{Each, each};
pub use self::fused::{Fused, Step, ended, fused};
pub use crate::holds::Holds;
use crate::scope::Scope;
pub use crate::scope::{Breakable, Place, Waiters, catch_panic, drop_each, holding, in_stage, poll_go_on};

/// Turns a stream into a stream inside a scope.
///
/// A cheap synchronous stage wraps the stream: it is *fused* into the task that pulls it. A stage
/// that awaits, or has workers or a buffer of its own, is a *boundary*: it spawns its tasks into the
/// scope, and what it returns is the receiving end of a bounded channel; [`crate::drive`] has the
/// loops for that.
///
/// # What an implementer MUST do
///
/// 1. Nothing MUST happen before [`attach`](Stage::attach): a stage is a description.
/// 2. Tasks MUST be spawned into the scope, never elsewhere.
/// 3. User closures MUST be called through [`in_stage`], so that a panic names its stage.
/// 4. A stage that needs no more items, though its input has not ended, MUST drop it.
/// 5. An input that is pending MUST make the output pending or give an item: never the end.
/// 6. A loop that may go on without waiting MUST ask [`poll_go_on`] at each turn.
/// 7. A future of the user's that may be dropped before its end MUST be dropped in a [`Breakable`].
/// 8. [`holds`](Stage::holds) MUST NOT tell fewer items than it can hold at once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stage for items of type `{In}`",
    label = "the items that come here are `{In}`",
    note = "check that the stage takes the items that the one before it gives",
    note = "a closure becomes a stage with `map(..)`, or with `then(..)` where it is asynchronous",
    note = "a sink comes last, by `.into_sink(..)`; to be a branch it becomes a stage by `.into_stage()`"
)]
pub trait Stage<In>: Sized + Send + 'static {
    /// What comes out.
    type Out: Send + 'static;

    /// Attaches the stage to its input; its tasks run in `scope`.
    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = Self::Out> + Send + 'static;

    /// How many items it can hold between them coming in and going out; none where it is fused.
    fn holds(&self) -> Holds {
        Holds::NONE
    }
}
