use anypipe_core::{Holds, Scope, Sink, Stage};
use futures_core::Stream;

use crate::Name;
use crate::sink::NothingToTell;
use crate::stage::sequential_stage;
use crate::stage::siding::{HOLDS, Split, siding};

/// A sink for errors beside the way of the values; made by [`dead_letter`].
#[derive(Clone, Debug)]
pub struct DeadLetter<K> {
    name: Name,
    sink: K,
}

/// The stage of `Pipeline::dead_letter`, where all of it is told.
pub fn dead_letter<K>(sink: K) -> DeadLetter<K> {
    DeadLetter { name: Name::new("dead_letter"), sink }
}

impl<T, E, K> Stage<Result<T, E>> for DeadLetter<K>
where
    T: Send + 'static,
    E: Send + 'static,
    K: Sink<E, Output: NothingToTell>,
{
    type Out = T;

    fn attach(
        self,
        input: impl Stream<Item = Result<T, E>> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = T> + Send + 'static {
        let split = Errors { name: self.name.clone() };
        siding(input, &self.name, self.sink, split, scope)
    }

    fn holds(&self) -> Holds {
        HOLDS
    }
}

sequential_stage!(DeadLetter<K>, named);

struct Errors {
    name: Name,
}

impl<T, E> Split<Result<T, E>> for Errors
where
    T: Send + 'static,
    E: Send + 'static,
{
    type Aside = E;
    type On = T;

    fn split(&mut self, item: Result<T, E>, _wanted: bool) -> (Option<E>, Option<T>) {
        match item {
            Ok(value) => (None, Some(value)),
            Err(error) => (Some(error), None),
        }
    }

    fn refused(&mut self, _error: E) {
        self.name.guard(|| panic!("an error came after the sink for errors had ended"));
    }
}
