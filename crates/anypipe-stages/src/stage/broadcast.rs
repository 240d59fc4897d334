use std::task::Poll;

use anypipe_core::drive::Inlet;
use anypipe_core::run::picture::StageKind;
use anypipe_core::stage::in_stage;
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::fan::Fan;
use crate::stage::fan_out::{Branches, Deal, fan_out, holds};
use crate::stage::sequential_stage;

/// Several branches that each see every item; made by [`broadcast`].
#[derive(Clone, Debug)]
pub struct Broadcast<B> {
    branches: B,
}

/// The stage of `Pipeline::broadcast`, where all of it is told.
pub fn broadcast<B>(branches: B) -> Broadcast<B> {
    Broadcast { branches }
}

impl<In, B> Stage<In> for Broadcast<B>
where
    In: Clone + Send + 'static,
    B: Branches<In>,
{
    type Out = B::Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = B::Out> + Send + 'static {
        fan_out(input, self.branches, ToAll, scope.charted("broadcast", StageKind::Branch), scope)
    }

    fn holds(&self) -> Holds {
        holds(&self.branches)
    }
}

sequential_stage!(Broadcast<B>, "broadcast");

struct ToAll;

impl<T: Clone + Send + 'static> Deal<T> for ToAll {
    #[inline]
    fn poll_ready(&mut self, fan: &mut Fan<T>) -> Poll<()> {
        fan.poll_room_of_all()
    }

    #[inline]
    fn deal(&mut self, fan: &mut Fan<T>, item: T) {
        fan.deal_to_all(item);
    }

    #[inline]
    fn deal_at_hand(&mut self, fan: &mut Fan<T>, input: &mut Inlet<T>) -> bool {
        fan.deal_to_all_at_hand(input)
    }

    fn show(&mut self, fan: &mut Fan<T>) {
        fan.show_to_all(|item| in_stage("broadcast", || item.clone()));
    }
}
