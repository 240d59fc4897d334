use crate::stage::synchronous_stage;
use crate::{Name, Synchronous};

/// Looks at each error; made by [`inspect_err`].
#[derive(Clone, Debug)]
pub struct InspectErr<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::inspect_err`, where all of it is told.
pub fn inspect_err<F>(f: F) -> InspectErr<F> {
    InspectErr { name: Name::new("inspect_err"), f }
}

impl<T, E, F> Synchronous<Result<T, E>> for InspectErr<F>
where
    T: Send + 'static,
    E: Send + 'static,
    F: Fn(&E) + Send + Sync + 'static,
{
    type Out = Result<T, E>;
    type State = ();

    #[inline]
    fn apply(&self, (): &mut (), item: Result<T, E>) -> Option<Result<T, E>> {
        Some(item.inspect_err(&self.f))
    }
}

synchronous_stage!(InspectErr<F>);
