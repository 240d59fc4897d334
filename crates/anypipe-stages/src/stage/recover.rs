use crate::stage::synchronous_stage;
use crate::{Name, Synchronous};

/// Turns each error into a value; made by [`recover`].
#[derive(Clone, Debug)]
pub struct Recover<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::recover`, where all of it is told.
pub fn recover<F>(f: F) -> Recover<F> {
    Recover { name: Name::new("recover"), f }
}

impl<T, E, F> Synchronous<Result<T, E>> for Recover<F>
where
    T: Send + 'static,
    E: Send + 'static,
    F: Fn(E) -> T + Send + Sync + 'static,
{
    type Out = T;
    type State = ();

    #[inline]
    fn apply(&self, (): &mut (), item: Result<T, E>) -> Option<T> {
        Some(item.unwrap_or_else(&self.f))
    }
}

synchronous_stage!(Recover<F>);
