use crate::stage::synchronous_stage;
use crate::{Name, Synchronous};

/// Looks at each value; made by [`inspect_ok`].
#[derive(Clone, Debug)]
pub struct InspectOk<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::inspect_ok`, where all of it is told.
pub fn inspect_ok<F>(f: F) -> InspectOk<F> {
    InspectOk { name: Name::new("inspect_ok"), f }
}

impl<T, E, F> Synchronous<Result<T, E>> for InspectOk<F>
where
    T: Send + 'static,
    E: Send + 'static,
    F: Fn(&T) + Send + Sync + 'static,
{
    type Out = Result<T, E>;
    type State = ();

    #[inline]
    fn apply(&self, (): &mut (), item: Result<T, E>) -> Option<Result<T, E>> {
        Some(item.inspect(&self.f))
    }
}

synchronous_stage!(InspectOk<F>);
