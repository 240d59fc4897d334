use anypipe_core::stage::in_stage;
use anypipe_core::{Holds, Scope, Sink, Stage};
use futures_core::Stream;

use crate::Name;
use crate::sink::NothingToTell;
use crate::stage::sequential_stage;
use crate::stage::siding::{HOLDS, Split, siding};

/// A sink beside the way of the items, that sees all of them; made by [`tee`].
#[derive(Clone, Debug)]
pub struct Tee<K> {
    name: Name,
    sink: K,
}

/// The stage of `Pipeline::tee`, where all of it is told.
pub fn tee<K>(sink: K) -> Tee<K> {
    Tee { name: Name::new("tee"), sink }
}

impl<In, K> Stage<In> for Tee<K>
where
    In: Clone + Send + 'static,
    K: Sink<In, Output: NothingToTell>,
{
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        siding(input, &self.name, self.sink, Both, scope)
    }

    fn holds(&self) -> Holds {
        HOLDS
    }
}

sequential_stage!(Tee<K>, named);

struct Both;

impl<In: Clone + Send + 'static> Split<In> for Both {
    type Aside = In;
    type On = In;

    fn split(&mut self, item: In, wanted: bool) -> (Option<In>, Option<In>) {
        let copy = wanted.then(|| in_stage("tee", || item.clone()));
        (copy, Some(item))
    }

    fn refused(&mut self, _copy: In) {}
}
