//! The options of a stage: what `.workers(n)`, `.buffer_size(n)` and the rest ask of it.
//!
//! An option that makes no sense for a stage is a trait that the stage doesn't implement. An operator
//! from elsewhere takes part by implementing the same traits.

use std::borrow::Cow;

use crate::drive::Boundary;

/// A stage that can run in tasks of its own: `.buffer_size(n)`, `.rendezvous()` and `.boundary()`.
///
/// A fused stage has another form for this; a boundary is its own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no buffer of its own",
    label = "this option belongs to the stage before it, and that one can't take it",
    note = "put `.boundary()` or `.buffer(n)` behind it for a task and a buffer of its own"
)]
pub trait IntoBoundary: Sized {
    /// The form that runs in tasks of its own.
    type Boundary: HasBoundary;

    /// Gives the stage tasks of its own.
    fn into_boundary(self) -> Self::Boundary;
}

/// A stage that is a boundary.
pub trait HasBoundary: Sized {
    /// Changes how many tasks it has, and how they behave.
    fn edit(self, edit: impl FnOnce(Boundary) -> Boundary) -> Self;
}

/// A stage whose items can be worked on at the same time: `.workers(n)`, `.ordered()`,
/// `.unordered()` and `.keyed(f)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't have workers",
    label = "its items depend on each other, or it is a source",
    note = "`.workers(n)` goes behind a stage that works on each item alone, such as `then`, `map` or `filter`",
    note = "state that each worker has for itself goes into `map_with(..)` or `then_with(..)`"
)]
pub trait Workers: IntoBoundary {}

/// A synchronous stage that can run on the blocking pool: `.blocking()`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't run on the blocking pool",
    label = "only a synchronous closure can block",
    note = "`.blocking()` goes behind a stage with a synchronous closure, such as `map` or `filter_map`"
)]
pub trait IntoBlocking: Sized {
    /// The form that runs on the blocking pool.
    type Blocking: HasBoundary;

    /// Moves the stage's closure to the blocking pool.
    fn into_blocking(self) -> Self::Blocking;
}

/// A stage whose items can be kept in order by key: `.keyed(f)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be keyed",
    label = "its items depend on each other, or it is a source",
    note = "`.keyed(f)` goes behind a stage that works on each item alone, such as `then` or `map`"
)]
pub trait KeyedBy<F>: Sized {
    /// The stage with keys.
    type Keyed;

    /// Works on items of one key, as `key` tells it, one after the other.
    fn keyed_by(self, key: F) -> Self::Keyed;
}

/// A stage whose finished items can be bounded by weight: `.buffer_weight(max, weigh)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no buffer to bound by weight",
    label = "this option belongs to the stage before it, and that one can't take it",
    note = "put `.boundary()` behind it and weigh what waits there"
)]
pub trait WeighedBy<F>: Sized {
    /// The stage with a bound by weight.
    type Weighed;

    /// Lets finished items wait up to the weight `max`.
    fn weighed_by(self, max: usize, weigh: F) -> Self::Weighed;
}

/// A stage whose work on each item can be wrapped: `.timeout_each(d)`, `.retry(policy)`, `.located()`,
/// `.with_input()` and `.catch_panics()`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does no work on each item by itself that could be wrapped",
    label = "this option belongs to the stage before it, and that one can't take it",
    note = "it goes behind a stage that works on each item alone, such as `then`, `and_then` or `map`"
)]
pub trait WrapWith<K>: Sized {
    /// The stage with its work wrapped.
    type Wrapped;

    /// Wraps the work in the way of `how`.
    fn wrap_with(self, how: K) -> Self::Wrapped;
}

/// A stage that can be called something else: `.named("fetch")`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no name to change",
    label = "this option belongs to the stage before it, and that one can't take it",
    note = "`.named(..)` goes behind a stage with a closure or a task of its own"
)]
pub trait Named: Sized {
    /// Calls the stage something else, in panics and reports.
    fn named(self, name: Cow<'static, str>) -> Self;
}
