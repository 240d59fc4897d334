//! The options of a stage: what `.workers(n)`, `.buffer_size(n)` and the rest ask of it.
//!
//! Everything that options set is carried by one type, [`Parallel`]. A stage that takes options implements
//! [`Configure`], whose one method has the carrier edited; what is composed of stages passes it on to the last.
//! The other traits, one for each kind of option, follow from it: an option that makes no sense for a stage
//! is refused by [`what it can be asked for`](Configure::Can). An operator from elsewhere takes part by the
//! same two traits, `Configure` and [`Named`].

mod parallel;
mod wrapped;

use std::borrow::Cow;

pub use self::parallel::{ByKey, ByWeight, NoKey, NoWeight, OfItems, Parallel};
pub use self::wrapped::{Wrapped, Wrapping};
use crate::drive::Boundary;
use crate::source::Gated;

/// A stage that takes options: it has tasks of its own, or can have them.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::author::option::{Configure, NoKey, NoWeight, OfEach, Parallel};
/// use anypipe::author::{At, Work};
///
/// /// Doubles numbers; fused until an option asks for tasks.
/// struct Double;
///
/// impl Work<u32> for Double {
///     type Out = u32;
///     type State = ();
///
///     async fn call(&self, _state: &mut (), _at: At<'_>, item: u32) -> Option<u32> {
///         Some(item * 2)
///     }
/// }
///
/// impl Configure for Double {
///     type Can = OfEach;
///     type Last = Self;
///     type Work = Self;
///     type Key = NoKey;
///     type Weight = NoWeight;
///     type With<W, K, V> = Parallel<W, K, V>;
///
///     fn configure<W, K, V>(
///         self,
///         edit: impl FnOnce(Parallel<Self>) -> Parallel<W, K, V>,
///     ) -> Parallel<W, K, V> {
///         edit(Parallel::new("double", self))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't have workers, and has no buffer of its own: it takes no options",
    label = "this option belongs to the stage before it, and that one can't take it",
    note = "`.workers(n)` goes behind a stage that works on each item alone, such as `then`, `map` or `filter`",
    note = "put `.boundary()` or `.buffer(n)` behind it for a task and a buffer of its own",
    note = "what is behind one type (`.boxed()`, `.shared()`, `impl Source`, `impl Stage`) takes its options before"
)]
pub trait Configure: Sized {
    /// What it can be asked for: [`OfEach`], [`OfRows`], [`OfTask`] or [`OfBuffer`].
    type Can;
    /// The stage that the options go to, told in messages.
    type Last;
    /// What its tasks do.
    type Work;
    /// The keys of its items.
    type Key;
    /// The weights of what it gives.
    type Weight;
    /// What it becomes with these in their place.
    type With<W, K, V>;

    /// Has what options set edited.
    fn configure<W, K, V>(
        self,
        edit: impl FnOnce(Parallel<Self::Work, Self::Key, Self::Weight>) -> Parallel<W, K, V>,
    ) -> Self::With<W, K, V>;
}

/// Passes options on: writes [`Configure`] for a type that stands around another, its last parameter.
///
/// `$Can` and `$Last` are those of `Configure`: what it can be asked for, and who is told in messages; mostly those
/// of the one inside.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::author::option::pass_options;
///
/// /// A stage with a note.
/// struct Noted<N, G> {
///     note: N,
///     stage: G,
/// }
///
/// pass_options!(Noted<N, [G]>, G::Can, G::Last, |noted, edit| {
///     Noted { note: noted.note, stage: noted.stage.configure(edit) }
/// });
/// # let _ = Noted { note: (), stage: () };
/// ```
#[macro_export]
macro_rules! pass_options {
    (
        $Outer:ident<$($Before:ident,)* [$Inner:ident]>,
        $Can:ty,
        $Last:ty,
        |$this:ident, $edit:ident| $made:expr
    ) => {
        impl<$($Before,)* $Inner: $crate::option::Configure> $crate::option::Configure for $Outer<$($Before,)* $Inner> {
            type Can = $Can;
            type Last = $Last;
            type Work = $Inner::Work;
            type Key = $Inner::Key;
            type Weight = $Inner::Weight;
            type With<NewWork, NewKey, NewWeight> = $Outer<$($Before,)* $Inner::With<NewWork, NewKey, NewWeight>>;

            fn configure<NewWork, NewKey, NewWeight>(
                self,
                $edit: impl FnOnce(
                    $crate::option::Parallel<$Inner::Work, $Inner::Key, $Inner::Weight>,
                ) -> $crate::option::Parallel<NewWork, NewKey, NewWeight>,
            ) -> Self::With<NewWork, NewKey, NewWeight> {
                let $this = self;
                $made
            }
        }
    };
}
pub use pass_options;

impl<W, K, V> Configure for Parallel<W, K, V> {
    type Can = OfEach;
    type Last = W;
    type Work = W;
    type Key = K;
    type Weight = V;
    type With<X, L, U> = Parallel<X, L, U>;

    fn configure<X, L, U>(self, edit: impl FnOnce(Self) -> Parallel<X, L, U>) -> Parallel<X, L, U> {
        edit(self)
    }
}

// Options go to what is behind the gate.
pass_options!(Gated<[S]>, S::Can, S::Last, |gated, edit| gated.map(|source| source.configure(edit)));

/// Can be asked for everything: works on each item alone.
#[derive(Clone, Copy, Debug)]
pub struct OfEach;

/// Can be asked for all but what regards single results: makes rows of each item.
#[derive(Clone, Copy, Debug)]
pub struct OfRows;

/// Can be asked for a buffer, by number or weight: its items depend on each other, so that it has one task.
#[derive(Clone, Copy, Debug)]
pub struct OfTask;

/// Can be asked for a buffer by number: it sends its items by itself.
#[derive(Clone, Copy, Debug)]
pub struct OfBuffer;

/// What can have workers; `Last` is the stage that is asked.
#[diagnostic::on_unimplemented(
    message = "`{Last}` can't have workers",
    label = "its items depend on each other, or it is a source",
    note = "`.workers(n)` goes behind a stage that works on each item alone, such as `then`, `map` or `filter`",
    note = "state that each worker has for itself goes into `map_with(..)` or `then_with(..)`"
)]
pub trait CanShare<Last> {}

impl<Last> CanShare<Last> for OfEach {}
impl<Last> CanShare<Last> for OfRows {}

/// What can be kept in order by key; `Last` is the stage that is asked.
#[diagnostic::on_unimplemented(
    message = "`{Last}` can't be keyed",
    label = "its items depend on each other, or it is a source",
    note = "`.keyed(f)` goes behind a stage that works on each item alone, such as `then` or `map`"
)]
pub trait CanKey<Last> {}

impl<Last> CanKey<Last> for OfEach {}
impl<Last> CanKey<Last> for OfRows {}

/// What can have a bound by weight; `Last` is the stage that is asked.
#[diagnostic::on_unimplemented(
    message = "`{Last}` has no buffer to bound by weight",
    label = "this option belongs to the stage before it, and that one can't take it",
    note = "put `.boundary()` behind it and weigh what waits there"
)]
pub trait CanWeigh<Last> {}

impl<Last> CanWeigh<Last> for OfEach {}
impl<Last> CanWeigh<Last> for OfTask {}

/// What can have its work on each item wrapped; `Last` is the stage that is asked.
#[diagnostic::on_unimplemented(
    message = "`{Last}` does no work on each item by itself that could be wrapped",
    label = "this option belongs to the stage before it, and that one can't take it",
    note = "it goes behind a stage that works on each item alone, such as `then`, `and_then` or `map`"
)]
pub trait CanWrap<Last> {}

impl<Last> CanWrap<Last> for OfEach {}

/// A stage that can run in tasks of its own: `.buffer_size(n)`, `.rendezvous()` and `.boundary()`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no buffer of its own",
    label = "this option belongs to the stage before it, and that one can't take it",
    note = "what is behind one type (`.boxed()`, `.shared()`, `impl Source`, `impl Stage`) takes its options before"
)]
pub trait IntoBoundary: Sized {
    /// The form that runs in tasks of its own.
    type Boundary;

    /// Gives the stage tasks of its own.
    fn into_boundary(self) -> Self::Boundary;
}

impl<G: Configure> IntoBoundary for G {
    type Boundary = G::With<G::Work, G::Key, G::Weight>;

    fn into_boundary(self) -> Self::Boundary {
        self.configure(|parallel| parallel)
    }
}

/// A stage that is a boundary.
pub trait HasBoundary: Sized {
    /// Changes how many tasks it has, and how they behave.
    fn edit(self, edit: impl FnOnce(Boundary) -> Boundary) -> Self;
}

impl<G, W, K, V> HasBoundary for G
where
    G: Configure<Work = W, Key = K, Weight = V, With<W, K, V> = G>,
{
    fn edit(self, edit: impl FnOnce(Boundary) -> Boundary) -> Self {
        self.configure(|parallel| parallel.edit(edit))
    }
}

/// A stage whose items can be worked on at the same time: `.workers(n)`, `.ordered()`,
/// `.unordered()` and `.keyed(f)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't have workers",
    label = "this option belongs to the stage before it, and that one can't take it",
    note = "what is behind one type (`.boxed()`, `.shared()`, `impl Source`, `impl Stage`) takes its options before"
)]
pub trait Workers: IntoBoundary {}

impl<G: Configure> Workers for G where G::Can: CanShare<G::Last> {}

/// Work that can be done on the blocking pool: `.blocking()`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't run on the blocking pool",
    label = "only a synchronous closure can block",
    note = "`.blocking()` goes behind a stage with a synchronous closure, such as `map` or `filter_map`"
)]
pub trait CanBlock {
    /// The form that runs there.
    type OnPool;

    /// Moves the work there.
    fn on_pool(self) -> Self::OnPool;
}

/// The work goes there; what wraps it stays in the task.
impl<How, W: CanBlock> CanBlock for Wrapped<How, W> {
    type OnPool = Wrapped<How, W::OnPool>;

    fn on_pool(self) -> Self::OnPool {
        self.map_work(CanBlock::on_pool)
    }
}

/// A synchronous stage that can run on the blocking pool: `.blocking()`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't run on the blocking pool",
    label = "this option belongs to the stage before it, and that one can't take it",
    note = "what is behind one type (`.boxed()`, `.shared()`, `impl Source`, `impl Stage`) takes its options before"
)]
pub trait IntoBlocking: Sized {
    /// The form that runs on the blocking pool.
    type Blocking;

    /// Moves the stage's closure to the blocking pool.
    fn into_blocking(self) -> Self::Blocking;
}

impl<G: Configure> IntoBlocking for G
where
    G::Work: CanBlock,
{
    type Blocking = G::With<<G::Work as CanBlock>::OnPool, G::Key, G::Weight>;

    fn into_blocking(self) -> Self::Blocking {
        self.configure(|parallel| parallel.map_work(CanBlock::on_pool))
    }
}

/// A stage whose items can be kept in order by key: `.keyed(f)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be keyed",
    label = "this option belongs to the stage before it, and that one can't take it",
    note = "what is behind one type (`.boxed()`, `.shared()`, `impl Source`, `impl Stage`) takes its options before"
)]
pub trait KeyedBy<F>: Sized {
    /// The stage with keys.
    type Keyed;

    /// Works on items of one key, as `key` tells it, one after the other.
    fn keyed_by(self, key: F) -> Self::Keyed;
}

impl<G: Configure, F> KeyedBy<F> for G
where
    G::Can: CanKey<G::Last>,
{
    type Keyed = G::With<G::Work, ByKey<F>, G::Weight>;

    fn keyed_by(self, key: F) -> Self::Keyed {
        self.configure(|parallel| parallel.keyed(key))
    }
}

/// A stage whose finished items can be bounded by weight: `.buffer_weight(max, weigh)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no buffer to bound by weight",
    label = "this option belongs to the stage before it, and that one can't take it",
    note = "what is behind one type (`.boxed()`, `.shared()`, `impl Source`, `impl Stage`) takes its options before"
)]
pub trait WeighedBy<F>: Sized {
    /// The stage with a bound by weight.
    type Weighed;

    /// Lets finished items wait up to the weight `max`.
    fn weighed_by(self, max: usize, weigh: F) -> Self::Weighed;
}

impl<G: Configure, F> WeighedBy<F> for G
where
    G::Can: CanWeigh<G::Last>,
{
    type Weighed = G::With<G::Work, G::Key, ByWeight<F>>;

    #[track_caller]
    fn weighed_by(self, max: usize, weigh: F) -> Self::Weighed {
        self.configure(|parallel| parallel.weighed(max, weigh))
    }
}

/// A stage whose work on each item can be wrapped: `.timeout_each(d)`, `.retry(policy)`, `.located()`,
/// `.with_input()` and `.catch_panics()`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does no work on each item by itself that could be wrapped",
    label = "this option belongs to the stage before it, and that one can't take it",
    note = "what is behind one type (`.boxed()`, `.shared()`, `impl Source`, `impl Stage`) takes its options before"
)]
pub trait WrapWith<How>: Sized {
    /// The stage with its work wrapped.
    type Wrapped;

    /// Wraps the work in the way of `how`.
    fn wrap_with(self, how: How) -> Self::Wrapped;
}

impl<G: Configure, How> WrapWith<How> for G
where
    G::Can: CanWrap<G::Last>,
{
    type Wrapped = G::With<Wrapped<How, G::Work>, G::Key, G::Weight>;

    fn wrap_with(self, how: How) -> Self::Wrapped {
        self.configure(|parallel| parallel.map_work(|work| Wrapped::new(how, work)))
    }
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

impl<W, K, V> Named for Parallel<W, K, V> {
    fn named(self, name: Cow<'static, str>) -> Self {
        self.edit(|boundary| boundary.named(name))
    }
}

impl<S: Named> Named for Gated<S> {
    fn named(self, name: Cow<'static, str>) -> Self {
        self.map(|source| source.named(name))
    }
}
