use crate::stage::synchronous_stage;
use crate::{Name, Synchronous};

/// A synchronous closure with a state of its worker; made by [`map_with`].
#[derive(Clone, Debug)]
pub struct MapWith<I, F> {
    name: Name,
    init: I,
    f: F,
}

/// The stage of `Pipeline::map_with`, where all of it is told.
pub fn map_with<I, F>(init: I, f: F) -> MapWith<I, F> {
    MapWith { name: Name::new("map_with"), init, f }
}

impl<In, St, U, I, F> Synchronous<In> for MapWith<I, F>
where
    St: Send + 'static,
    U: Send + 'static,
    I: Fn() -> St + Send + Sync + 'static,
    F: Fn(&mut St, In) -> U + Send + Sync + 'static,
{
    type Out = U;
    type State = Option<St>;

    #[inline]
    fn apply(&self, state: &mut Option<St>, item: In) -> Option<U> {
        Some((self.f)(state.get_or_insert_with(&self.init), item))
    }
}

synchronous_stage!(MapWith<I, F>);
