use crate::stage::synchronous_stage;
use crate::{Name, Synchronous};

/// Lets some items through; made by [`filter`].
#[derive(Clone, Debug)]
pub struct Filter<F> {
    name: Name,
    f: F,
}

/// The stage of `Pipeline::filter`, where all of it is told.
pub fn filter<F>(f: F) -> Filter<F> {
    Filter { name: Name::new("filter"), f }
}

impl<In, F> Synchronous<In> for Filter<F>
where
    In: Send + 'static,
    F: Fn(&In) -> bool + Send + Sync + 'static,
{
    type Out = In;
    type State = ();

    #[inline]
    fn apply(&self, (): &mut (), item: In) -> Option<In> {
        (self.f)(&item).then_some(item)
    }
}

synchronous_stage!(Filter<F>);
