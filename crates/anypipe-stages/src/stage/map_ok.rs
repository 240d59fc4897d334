use crate::stage::synchronous_stage;
use crate::{Name, Synchronous};

/// Turns each value into another; made by [`map_ok`].
#[derive(Clone, Debug)]
pub struct MapOk<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::map_ok`, where all of it is told.
pub fn map_ok<F>(f: F) -> MapOk<F> {
    MapOk { name: Name::new("map_ok"), f }
}

impl<T, E, U, F> Synchronous<Result<T, E>> for MapOk<F>
where
    T: Send + 'static,
    E: Send + 'static,
    U: Send + 'static,
    F: Fn(T) -> U + Send + Sync + 'static,
{
    type Out = Result<U, E>;
    type State = ();

    #[inline]
    fn apply(&self, (): &mut (), item: Result<T, E>) -> Option<Result<U, E>> {
        Some(item.map(&self.f))
    }
}

synchronous_stage!(MapOk<F>);
