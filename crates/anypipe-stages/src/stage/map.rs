use crate::stage::synchronous_stage;
use crate::{Name, Synchronous};

/// Turns each item into another; made by [`map`].
#[derive(Clone, Debug)]
pub struct Map<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::map`, where all of it is told.
pub fn map<F>(f: F) -> Map<F> {
    Map { name: Name::new("map"), f }
}

impl<In, U, F> Synchronous<In> for Map<F>
where
    F: Fn(In) -> U + Send + Sync + 'static,
    U: Send + 'static,
{
    type Out = U;
    type State = ();

    #[inline]
    fn apply(&self, (): &mut (), item: In) -> Option<U> {
        Some((self.f)(item))
    }
}

synchronous_stage!(Map<F>);
