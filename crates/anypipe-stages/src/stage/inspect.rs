use crate::stage::synchronous_stage;
use crate::{Name, Synchronous};

/// Looks at each item; made by [`inspect`].
#[derive(Clone, Debug)]
pub struct Inspect<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::inspect`, where all of it is told.
pub fn inspect<F>(f: F) -> Inspect<F> {
    Inspect { name: Name::new("inspect"), f }
}

impl<In, F> Synchronous<In> for Inspect<F>
where
    In: Send + 'static,
    F: Fn(&In) + Send + Sync + 'static,
{
    type Out = In;
    type State = ();

    #[inline]
    fn apply(&self, (): &mut (), item: In) -> Option<In> {
        (self.f)(&item);
        Some(item)
    }
}

synchronous_stage!(Inspect<F>);
