use crate::stage::synchronous_stage;
use crate::{Name, Synchronous};

/// Turns some items into others; made by [`filter_map`].
#[derive(Clone, Debug)]
pub struct FilterMap<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::filter_map`, where all of it is told.
pub fn filter_map<F>(f: F) -> FilterMap<F> {
    FilterMap { name: Name::new("filter_map"), f }
}

impl<In, U, F> Synchronous<In> for FilterMap<F>
where
    F: Fn(In) -> Option<U> + Send + Sync + 'static,
    U: Send + 'static,
{
    type Out = U;
    type State = ();

    #[inline]
    fn apply(&self, (): &mut (), item: In) -> Option<U> {
        (self.f)(item)
    }
}

synchronous_stage!(FilterMap<F>);
