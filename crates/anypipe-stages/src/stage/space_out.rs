use std::time::Duration;

use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::stage::{Throttle, sequential_stage, throttle};

/// A gap between the items; made by [`space_out`].
#[derive(Clone, Debug)]
pub struct SpaceOut {
    // One item in any window of the gap.
    throttle: Throttle,
}

/// The stage of `Pipeline::space_out`, where all of it is told.
pub fn space_out(gap: Duration) -> SpaceOut {
    SpaceOut { throttle: throttle(1, gap) }
}

impl<In: Send + 'static> Stage<In> for SpaceOut {
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        self.throttle.attach(input, scope)
    }

    fn holds(&self) -> Holds {
        <Throttle as Stage<In>>::holds(&self.throttle)
    }
}

sequential_stage!(SpaceOut, "space_out");
