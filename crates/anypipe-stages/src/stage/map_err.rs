use crate::stage::synchronous_stage;
use crate::{Name, Synchronous};

/// Turns each error into another; made by [`map_err`].
#[derive(Clone, Debug)]
pub struct MapErr<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::map_err`, where all of it is told.
pub fn map_err<F>(f: F) -> MapErr<F> {
    MapErr { name: Name::new("map_err"), f }
}

impl<T, E, E2, F> Synchronous<Result<T, E>> for MapErr<F>
where
    T: Send + 'static,
    E: Send + 'static,
    E2: Send + 'static,
    F: Fn(E) -> E2 + Send + Sync + 'static,
{
    type Out = Result<T, E2>;
    type State = ();

    #[inline]
    fn apply(&self, (): &mut (), item: Result<T, E>) -> Option<Result<T, E2>> {
        Some(item.map_err(&self.f))
    }
}

synchronous_stage!(MapErr<F>);
