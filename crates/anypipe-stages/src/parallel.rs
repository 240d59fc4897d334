//! Work in tasks of its own, and on the blocking pool.

use std::future::{Future, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use anypipe_core::drive::{At, Threads, Work};
use anypipe_core::option::CanBlock;
use anypipe_core::scope::is_on_pool;

use crate::Seat;
use crate::made::Made;

/// Work that passes items on: the work of `boundary()` and `buffer(n)`.
#[derive(Clone, Copy, Debug)]
pub struct Pass;

impl<In: Send + 'static> Work<In> for Pass {
    type Out = In;
    type State = ();

    fn call<'a>(
        &'a self,
        _state: &'a mut (),
        _at: At<'a>,
        item: In,
    ) -> impl Future<Output = Option<In>> + Send + 'a {
        Made::new(ready(item))
    }

    fn one_task(&self) -> bool {
        true
    }

    fn call_now(&self, _state: &mut (), _at: At<'_>, item: In) -> Result<Option<In>, In> {
        Ok(Some(item))
    }
}

/// What a synchronous stage does with one item: the one place from which its fused form, its form
/// with workers and its form on the blocking pool are made.
pub trait Synchronous<In>: Send + Sync + 'static {
    /// What comes of an item.
    type Out: Send + 'static;
    /// What each worker keeps for itself; `()` for most.
    type State: Default + Send + 'static;

    /// Works on one item; `None` filters it out. Whoever calls it names the stage, which has another name
    /// where it is a boundary that was [`named`](anypipe_core::option::Named::named).
    fn apply(&self, state: &mut Self::State, item: In) -> Option<Self::Out>;
}

/// A synchronous stage's work in tasks of its own.
#[derive(Clone, Debug)]
pub struct Tasks<Y>(pub Y);

impl<In, Y> Work<In> for Tasks<Y>
where
    In: Send + 'static,
    Y: Synchronous<In>,
{
    type Out = Y::Out;
    type State = Y::State;

    async fn call(&self, state: &mut Y::State, _at: At<'_>, item: In) -> Option<Y::Out> {
        self.0.apply(state, item)
    }

    fn call_now(&self, state: &mut Y::State, _at: At<'_>, item: In) -> Result<Option<Y::Out>, In> {
        Ok(self.0.apply(state, item))
    }
}

/// A synchronous stage's work on the blocking pool, in jobs that the scope joins. As many threads at a time as there are
/// workers, and no more.
///
/// A job goes on with item after item while they are quick. Where an option waits beside the work, as `timeout_each` does,
/// its tasks are polled where others are, and each item is a job; one whose item was given up keeps its worker until it has ended.
#[derive(Debug)]
pub struct OnPool<Y> {
    work: Arc<Y>,
}

impl<Y> CanBlock for Tasks<Y> {
    type OnPool = OnPool<Y>;

    fn on_pool(self) -> OnPool<Y> {
        OnPool { work: Arc::new(self.0) }
    }
}

/// All clones do the same work.
impl<Y> Clone for OnPool<Y> {
    fn clone(&self) -> Self {
        Self { work: Arc::clone(&self.work) }
    }
}

impl<In, Y> Work<In> for OnPool<Y>
where
    In: Send + 'static,
    Y: Synchronous<In>,
{
    type Out = Y::Out;
    type State = Seat<Y::State, Y::Out>;

    fn threads(&self) -> Threads {
        Threads::Blocking
    }

    fn call_now(&self, state: &mut Self::State, _at: At<'_>, item: In) -> Result<Option<Y::Out>, In> {
        Ok(state.work_here(|state| self.work.apply(state, item)))
    }

    async fn call(&self, state: &mut Self::State, at: At<'_>, item: In) -> Option<Y::Out> {
        // Inside an option that has nothing to do beside it.
        if is_on_pool() {
            return state.work_here(|state| self.work.apply(state, item));
        }
        let work = Arc::clone(&self.work);
        state.work(at, move |state| work.apply(state, item)).await
    }

    fn poll_settled(&self, state: &mut Self::State, cx: &mut Context<'_>) -> Poll<()> {
        state.poll_settled(cx)
    }
}
