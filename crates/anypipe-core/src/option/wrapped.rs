use std::future::Future;
use std::task::{Context, Poll};

use crate::drive::{At, Threads, Work};

/// A way to wrap work on one item, in an option of one's own: what `.retry(policy)` and `.timeout_each(d)` are.
pub trait Wrapping<In, W: Work<In>>: Send + Sync + 'static {
    /// What comes of an item.
    type Out: Send + 'static;

    /// Whether something is an `Err`, as [`Work::is_err`] tells it.
    fn is_err(made: &Self::Out) -> bool;

    /// Where the tasks of the stage are polled, as [`Work::threads`] tells it: where others are, unless this says that it is where the
    /// work wants them. Then work that blocks holds up what this does beside it, such as a limit of time, and need not go to a thread
    /// for each item.
    fn threads(&self, work: &W) -> Threads {
        let _ = work;
        Threads::Tasks
    }

    /// Does the work on one item, in this way.
    fn call<'a>(
        &'a self,
        work: &'a W,
        state: &'a mut W::State,
        at: At<'a>,
        item: In,
    ) -> impl Future<Output = Option<Self::Out>> + Send + 'a;
}

/// Work that is wrapped.
#[derive(Clone, Debug)]
pub struct Wrapped<How, W> {
    how: How,
    work: W,
}

impl<How, W> Wrapped<How, W> {
    /// Wraps `work` in the way of `how`.
    pub fn new(how: How, work: W) -> Self {
        Self { how, work }
    }

    /// Other work, wrapped in the same way.
    pub fn map_work<X>(self, map: impl FnOnce(W) -> X) -> Wrapped<How, X> {
        Wrapped { how: self.how, work: map(self.work) }
    }
}

impl<In, How, W> Work<In> for Wrapped<How, W>
where
    In: Send + 'static,
    W: Work<In>,
    How: Wrapping<In, W>,
{
    type Out = How::Out;
    type State = W::State;

    fn threads(&self) -> Threads {
        self.how.threads(&self.work)
    }

    fn is_err(made: &How::Out) -> bool {
        How::is_err(made)
    }

    fn call<'a>(
        &'a self,
        state: &'a mut W::State,
        at: At<'a>,
        item: In,
    ) -> impl Future<Output = Option<How::Out>> + Send + 'a {
        self.how.call(&self.work, state, at, item)
    }

    fn one_task(&self) -> bool {
        self.work.one_task()
    }

    fn poll_settled(&self, state: &mut W::State, cx: &mut Context<'_>) -> Poll<()> {
        self.work.poll_settled(state, cx)
    }
}
