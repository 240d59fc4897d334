use crate::stage::synchronous_stage;
use crate::{Name, Synchronous};

/// Lets some values through; made by [`try_filter`].
#[derive(Clone, Debug)]
pub struct TryFilter<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::try_filter`, where all of it is told.
pub fn try_filter<F>(f: F) -> TryFilter<F> {
    TryFilter { name: Name::new("try_filter"), f }
}

impl<T, E, F> Synchronous<Result<T, E>> for TryFilter<F>
where
    T: Send + 'static,
    E: Send + 'static,
    F: Fn(&T) -> bool + Send + Sync + 'static,
{
    type Out = Result<T, E>;
    type State = ();

    #[inline]
    fn apply(&self, (): &mut (), item: Result<T, E>) -> Option<Result<T, E>> {
        match item {
            Ok(value) => (self.f)(&value).then_some(Ok(value)),
            Err(error) => Some(Err(error)),
        }
    }
}

synchronous_stage!(TryFilter<F>);
