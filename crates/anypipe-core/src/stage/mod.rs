//! What happens to items on their way.

mod fused;
mod tuple;

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use futures_core::Stream;

pub use self::fused::{Fused, Step, ended, fused};
use crate::scope::Scope;
pub use crate::scope::{catch_panic, drop_each, in_stage};

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
/// 4. A stage that needs no more items MUST drop its input.
/// 5. An input that is pending MUST make the output pending or give an item: never the end.
/// 6. [`holds`](Stage::holds) MUST NOT tell fewer items than it can hold at once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stage for items of type `{In}`",
    label = "the items that come here are `{In}`",
    note = "check that the stage takes the items that the one before it gives",
    note = "a closure becomes a stage with `map(..)`, or with `then(..)` where it is asynchronous"
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

/// How many items something can hold at once: a number, or no bound.
///
/// # Examples
///
/// ```
/// use anypipe_core::Holds;
///
/// assert_eq!(Holds::at_most(3) + Holds::at_most(4), Holds::at_most(7));
/// assert_eq!(Holds::at_most(3) + Holds::UNBOUNDED, Holds::UNBOUNDED);
/// assert_eq!(Holds::at_most(7).limit(), Some(7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Holds {
    limit: Option<usize>,
}

impl Holds {
    /// Holds nothing.
    pub const NONE: Self = Self { limit: Some(0) };
    /// Can hold any number of items.
    pub const UNBOUNDED: Self = Self { limit: None };

    /// Holds this many items at most.
    pub const fn at_most(items: usize) -> Self {
        Self { limit: Some(items) }
    }

    /// The most items; `None` where there is no bound.
    pub const fn limit(self) -> Option<usize> {
        self.limit
    }
}

impl Add for Holds {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let limit = self.limit.zip(other.limit).and_then(|(a, b)| a.checked_add(b));
        Self { limit }
    }
}

impl Sum for Holds {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::NONE, Add::add)
    }
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Some(items) => write!(f, "{items}"),
            None => f.write_str("unbounded"),
        }
    }
}
