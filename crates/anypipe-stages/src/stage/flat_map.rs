use std::borrow::Cow;

use anypipe_core::option::{Named, OfRows, Parallel, pass_options};

use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::stage::{Flatten, Map, Then, flatten, map, then};

/// Each item becomes a row of items; made by [`flat_map`] and [`flat_map_async`].
///
/// Options go to the making of the rows; they are flattened behind it, in the task that takes them.
#[derive(Clone, Debug)]
pub struct FlatMap<R> {
    rows: R,
    flatten: Flatten,
}

impl<R: Named> FlatMap<R> {
    fn new(operator: &'static str, rows: R) -> Self {
        Self { rows, flatten: flatten() }.named(Cow::Borrowed(operator))
    }
}

/// The stage of `Pipeline::flat_map`, where all of it is told.
pub fn flat_map<F>(f: F) -> FlatMap<Map<F>> {
    FlatMap::new("flat_map", map(f))
}

/// The stage of `Pipeline::flat_map_async`, where all of it is told.
pub fn flat_map_async<F>(f: F) -> FlatMap<Parallel<Then<F>>> {
    FlatMap::new("flat_map_async", then(f))
}

impl<In, R> Stage<In> for FlatMap<R>
where
    In: Send + 'static,
    R: Stage<In>,
    Flatten: Stage<R::Out>,
{
    type Out = <Flatten as Stage<R::Out>>::Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = Self::Out> + Send + 'static {
        self.flatten.attach(self.rows.attach(input, scope), scope)
    }

    fn holds(&self) -> Holds {
        Holds::UNBOUNDED
    }
}

pass_options!(FlatMap<[R]>, OfRows, Self, |map, edit| FlatMap {
    rows: map.rows.configure(edit),
    flatten: map.flatten
});

impl<R: Named> Named for FlatMap<R> {
    fn named(self, name: Cow<'static, str>) -> Self {
        Self { rows: self.rows.named(name.clone()), flatten: self.flatten.named(name) }
    }
}
