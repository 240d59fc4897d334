//! What happens to items on their way, one operator a file.

mod accumulate;
mod accumulate_from;
mod and_then;
mod beside;
mod boundary;
mod broadcast;
mod buffer_lossy;
mod chunks;
mod chunks_timeout;
mod concat_map;
mod dead_letter;
mod debounce;
mod dedup;
mod dedup_by_key;
mod delay;
mod enumerate;
mod err_only;
mod expand;
mod fan_out;
mod filter;
mod filter_async;
mod filter_map;
mod filter_map_async;
mod flat_map;
mod flat_map_stream;
mod flatten;
mod group_by;
mod hand_written;
mod inspect;
mod inspect_err;
mod inspect_ok;
mod intersperse;
mod map;
mod map_err;
mod map_ok;
mod map_with;
mod nth;
mod ok_only;
mod or_else;
mod pairwise;
mod recover;
mod route;
mod sample;
mod scan;
mod siding;
mod skip;
mod skip_last;
mod skip_while;
mod space_out;
mod step_by;
mod switch_map;
mod take;
mod take_last;
mod take_while;
mod tee;
mod then;
mod then_with;
mod throttle;
mod timeout;
mod try_filter;
mod try_then;
mod until;
mod window_time;
mod windows;

pub use self::accumulate::{Accumulate, accumulate};
pub use self::accumulate_from::{AccumulateFrom, accumulate_from};
pub use self::and_then::and_then;
pub use self::beside::{
    Beside, chain, merge, merge_first, merge_sorted_by, race, zip, zip_latest, zip_latest_partial, zip_strict,
};
pub use self::boundary::{BoundaryStage, boundary, buffer};
pub use self::broadcast::{Broadcast, broadcast};
pub use self::buffer_lossy::{BufferLossy, Overflow, buffer_lossy, latest};
pub use self::chunks::{Chunks, chunks};
pub use self::chunks_timeout::{ChunksTimeout, chunks_timeout};
pub use self::concat_map::{ConcatMap, concat_map};
pub use self::dead_letter::{DeadLetter, dead_letter};
pub use self::debounce::{Debounce, debounce};
pub use self::dedup::{Dedup, dedup};
pub use self::dedup_by_key::{DedupByKey, dedup_by_key};
pub use self::delay::{Delay, delay};
pub use self::enumerate::{Enumerate, enumerate, enumerate_from};
pub use self::err_only::{ErrOnly, err_only};
pub use self::expand::{
    Branching, EveryItem, Expand, FirstOfKey, MappedRows, Rows, TryRows, expand, expand_map, try_expand,
};
pub use self::fan_out::{BranchOutput, Branches};
pub use self::filter::{Filter, filter};
pub use self::filter_async::{FilterAsync, filter_async};
pub use self::filter_map::{FilterMap, filter_map};
pub use self::filter_map_async::{FilterMapAsync, filter_map_async};
pub use self::flat_map::{FlatMap, flat_map, flat_map_async};
pub use self::flat_map_stream::{FlatMapStream, flat_map_stream};
pub use self::flatten::{Flatten, flatten};
pub use self::group_by::{GroupBy, group_by};
pub use self::hand_written::{HandWritten, Input, stage};
pub use self::inspect::{Inspect, inspect};
pub use self::inspect_err::{InspectErr, inspect_err};
pub use self::inspect_ok::{InspectOk, inspect_ok};
pub use self::intersperse::{Intersperse, intersperse};
pub use self::map::{Map, map};
pub use self::map_err::{MapErr, map_err};
pub use self::map_ok::{MapOk, map_ok};
pub use self::map_with::{MapWith, map_with};
pub use self::nth::{Nth, nth};
pub use self::ok_only::{OkOnly, ok_only};
pub use self::or_else::{OrElse, or_else};
pub use self::pairwise::{Pairwise, pairwise};
pub use self::recover::{Recover, recover};
pub use self::route::{Route, route};
pub use self::sample::{Sample, sample};
pub use self::scan::{Scan, scan};
pub use self::skip::{Skip, skip};
pub use self::skip_last::{SkipLast, skip_last};
pub use self::skip_while::{SkipWhile, skip_while};
pub use self::space_out::{SpaceOut, space_out};
pub use self::step_by::{StepBy, step_by};
pub use self::switch_map::{SwitchMap, switch_map};
pub use self::take::{Take, take};
pub use self::take_last::{TakeLast, take_last};
pub use self::take_while::{TakeWhile, take_while};
pub use self::tee::{Tee, tee};
pub use self::then::{Then, then};
pub use self::then_with::{ThenWith, TryThenWith, then_with, try_then_with};
pub use self::throttle::{Rate, Throttle, throttle, throttle_by};
pub use self::timeout::{Timeout, timeout};
pub use self::try_filter::{TryFilter, try_filter};
pub use self::try_then::try_then;
pub use self::until::{Until, until};
pub use self::window_time::{
    TimeWindow, TooLate, WindowEventTime, WindowTime, window_event_time, window_time,
};
pub use self::windows::{Windows, windows};

/// The three forms of a stage with a synchronous closure: fused, with workers, on the blocking pool. Writes
/// `Stage`, `Configure` and `Named` for it.
///
/// `$Stage` has a field `name: Name`, and is `Synchronous` itself; a fused one gives what
/// [`Synchronous::apply`](crate::Synchronous::apply) gives.
///
/// # Examples
///
/// ```
/// # mod anypipe { pub use anypipe_stages as author; }
/// use anypipe::author::{Name, Synchronous, synchronous_stage};
///
/// /// Adds a number.
/// #[derive(Clone, Debug)]
/// struct Add<N> {
///     name: Name,
///     number: N,
/// }
///
/// impl Synchronous<u32> for Add<u32> {
///     type Out = u32;
///     type State = ();
///
///     fn apply(&self, (): &mut (), item: u32) -> Option<u32> {
///         item.checked_add(self.number)
///     }
/// }
///
/// synchronous_stage!(Add<N>);
/// # let _ = Add { name: Name::new("add"), number: 7 };
/// ```
#[macro_export]
macro_rules! synchronous_stage {
    ($Stage:ident<$($P:ident),+>) => {
        impl<In, $($P),+> $crate::__private::core::Stage<In> for $Stage<$($P),+>
        where
            In: Send + 'static,
            Self: $crate::Synchronous<In>,
        {
            type Out = <Self as $crate::Synchronous<In>>::Out;

            fn attach(
                self,
                input: impl $crate::__private::Stream<Item = In> + Send + 'static,
                _scope: &$crate::__private::core::Scope,
            ) -> impl $crate::__private::Stream<Item = Self::Out> + Send + 'static {
                // A closure that is made here would have the input in its type, which would be twice as long with each stage.
                fn on_item<In: Send + 'static, $($P),+>(
                    stage: $Stage<$($P),+>,
                ) -> impl FnMut(In) -> Option<<$Stage<$($P),+> as $crate::Synchronous<In>>::Out> + Send
                where
                    $Stage<$($P),+>: $crate::Synchronous<In>,
                {
                    let mut state = <$Stage<$($P),+> as $crate::Synchronous<In>>::State::default();
                    move |item| stage.name.guard(|| $crate::Synchronous::apply(&stage, &mut state, item))
                }
                $crate::__private::core::stage::each(input, on_item(self))
            }
        }

        impl<$($P),+> $crate::__private::core::option::Configure for $Stage<$($P),+> {
            type Can = $crate::__private::core::option::OfEach;
            type Last = Self;
            type Work = $crate::Tasks<Self>;
            type Key = $crate::__private::core::option::NoKey;
            type Weight = $crate::__private::core::option::NoWeight;
            type With<NewWork, NewKey, NewWeight> =
                $crate::__private::core::option::Parallel<NewWork, NewKey, NewWeight>;

            fn configure<NewWork, NewKey, NewWeight>(
                self,
                edit: impl FnOnce(
                    $crate::Parallel<$crate::Tasks<Self>>,
                ) -> $crate::Parallel<NewWork, NewKey, NewWeight>,
            ) -> $crate::Parallel<NewWork, NewKey, NewWeight> {
                edit($crate::Parallel::new(self.name.0.clone(), $crate::Tasks(self)))
            }
        }

        impl<$($P),+> $crate::__private::core::option::Named for $Stage<$($P),+> {
            fn named(mut self, name: std::borrow::Cow<'static, str>) -> Self {
                self.name = $crate::Name(name);
                self
            }
        }
    };
}
pub(crate) use synchronous_stage;

/// The options of a stage whose items depend on each other: one task behind it, that it is fused
/// into. `$operator` is the name of the function that makes it. Writes `Configure` for it.
///
/// With `named` the stage has a field `name: Name`, for its closures, and `.named(..)` changes it: writes `Named`
/// too.
#[macro_export]
macro_rules! sequential_stage {
    ($Stage:ident $(<$($P:ident),+>)?, $operator:literal) => {
        $crate::one_task!($Stage $(<$($P),+>)?, Joined, |stage| {
            ($crate::Parallel::new($operator, $crate::Pass), stage)
        }, |first, second| $crate::Joined { first, second });
    };
    ($Stage:ident $(<$($P:ident),+>)?, named) => {
        $crate::one_task!($Stage $(<$($P),+>)?, Sequential, |stage| {
            ($crate::Parallel::new(stage.name.0.clone(), $crate::Pass), stage)
        }, $crate::Sequential::new);

        impl $(<$($P),+>)? $crate::__private::core::option::Named for $Stage $(<$($P),+>)? {
            fn named(mut self, name: std::borrow::Cow<'static, str>) -> Self {
                self.name = $crate::Name(name);
                self
            }
        }
    };
}
pub(crate) use sequential_stage;

/// A stage or a source that takes options by a task behind it, that it is fused into.
///
/// `$Both` is the type that has the task behind it; the first closure makes the task, the second puts the two
/// together.
#[doc(hidden)]
#[macro_export]
macro_rules! one_task {
    ($Stage:ident $(<$($P:ident $(: $Bound:path)?),+>)?, $Both:ident, $task:expr, $both:expr) => {
        impl $(<$($P $(: $Bound)?),+>)? $crate::__private::core::option::Configure for $Stage $(<$($P),+>)? {
            type Can = $crate::__private::core::option::OfTask;
            type Last = Self;
            type Work = $crate::Pass;
            type Key = $crate::__private::core::option::NoKey;
            type Weight = $crate::__private::core::option::NoWeight;
            type With<NewWork, NewKey, NewWeight> = $crate::$Both<Self, $crate::__private::core::option::Parallel<NewWork, NewKey, NewWeight>>;

            fn configure<NewWork, NewKey, NewWeight>(
                self,
                edit: impl FnOnce($crate::Parallel<$crate::Pass>) -> $crate::Parallel<NewWork, NewKey, NewWeight>,
            ) -> Self::With<NewWork, NewKey, NewWeight> {
                let task: fn(Self) -> ($crate::Parallel<$crate::Pass>, Self) = $task;
                let (task, stage) = task(self);
                let both: fn(Self, $crate::Parallel<NewWork, NewKey, NewWeight>) -> Self::With<NewWork, NewKey, NewWeight> = $both;
                both(stage, edit(task))
            }
        }
    };
}
pub(crate) use one_task;
