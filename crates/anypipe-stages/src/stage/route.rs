use std::task::Poll;

use anypipe_core::run::picture::StageKind;
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::Name;
use crate::fan::Fan;
use crate::stage::fan_out::{Branches, Deal, fan_out, holds};
use crate::stage::sequential_stage;

/// Several branches of which each item goes to one; made by [`route`].
#[derive(Clone, Debug)]
pub struct Route<F, B> {
    name: Name,
    f: F,
    branches: B,
}

/// The stage of `Pipeline::route`, where all of it is told.
///
/// # Panics
///
/// The run, where `f` tells an index that there is no branch for.
pub fn route<F, B>(f: F, branches: B) -> Route<F, B> {
    Route { name: Name::new("route"), f, branches }
}

impl<In, F, B> Stage<In> for Route<F, B>
where
    In: Send + 'static,
    F: Fn(&In) -> usize + Send + Sync + 'static,
    B: Branches<In>,
{
    type Out = B::Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = B::Out> + Send + 'static {
        let count = self.branches.count();
        let charted = scope.charted(self.name.0.clone(), StageKind::Branch);
        let deal = ToOne { name: self.name, f: self.f, count, waiting: None };
        fan_out(input, self.branches, deal, charted, scope)
    }

    fn holds(&self) -> Holds {
        holds(&self.branches) + Holds::at_most(1)
    }
}

sequential_stage!(Route<F, B>, named);

struct ToOne<F, T> {
    name: Name,
    f: F,
    /// How many branches there are.
    count: usize,
    /// An item that waits for room in its branch.
    waiting: Option<(usize, T)>,
}

impl<F, T> Deal<T> for ToOne<F, T>
where
    T: Send + 'static,
    F: Fn(&T) -> usize + Send + 'static,
{
    fn poll_ready(&mut self, fan: &mut Fan<T>) -> Poll<()> {
        let Some((index, item)) = self.waiting.take() else { return Poll::Ready(()) };
        match fan.deal(index, item) {
            Err(item) => {
                self.waiting = Some((index, item));
                Poll::Pending
            }
            Ok(()) => Poll::Ready(()),
        }
    }

    fn deal(&mut self, fan: &mut Fan<T>, item: T) {
        let index = self.name.guard(|| {
            let index = (self.f)(&item);
            assert!(index < self.count, "the closure chose branch {index} of {}", self.count);
            index
        });
        self.waiting = Some((index, item));
        let _ = self.poll_ready(fan);
    }
    fn show(&mut self, fan: &mut Fan<T>) {
        fan.show();
    }
}
