use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use anypipe_core::drive::{At, Work};
use anypipe_core::run::TimedOut;
use anypipe_core::runtime::Alarm;
use anypipe_core::scope::current_runtime;
use anypipe_core::stage::Breakable;

use super::Wrapping;

/// `.timeout_each(limit)`: limits the work on one item.
///
/// Work that [blocks](anypipe_core::drive::Threads) is a job for each item behind it: the clock is looked at by the task, which must not be
/// on the thread that blocks.
#[derive(Clone, Copy, Debug)]
pub struct TimeoutEach {
    /// The longest that the work on one item may take.
    pub limit: Duration,
}

/// As [`TimeoutEach`], for work that gives results whose error can be made of a [`TimedOut`].
#[derive(Clone, Copy, Debug)]
pub struct TryTimeoutEach {
    /// The longest that the work on one item may take.
    pub limit: Duration,
}

impl<In, W> Wrapping<In, W> for TimeoutEach
where
    In: Send + 'static,
    W: Work<In>,
{
    type Out = Result<W::Out, TimedOut>;

    fn is_err(made: &Self::Out) -> bool {
        made.is_err()
    }

    async fn call<'a>(
        &'a self,
        work: &'a W,
        state: &'a mut W::State,
        at: At<'a>,
        item: In,
    ) -> Option<Self::Out> {
        within(self.limit, work.call(state, at, item)).await.transpose()
    }
}

impl<In, W, T, E> Wrapping<In, W> for TryTimeoutEach
where
    In: Send + 'static,
    W: Work<In, Out = Result<T, E>>,
    T: Send + 'static,
    E: From<TimedOut> + Send + 'static,
{
    type Out = Result<T, E>;

    fn is_err(made: &Self::Out) -> bool {
        made.is_err()
    }

    async fn call<'a>(
        &'a self,
        work: &'a W,
        state: &'a mut W::State,
        at: At<'a>,
        item: In,
    ) -> Option<Self::Out> {
        let made = within(self.limit, work.call(state, at, item)).await;
        made.unwrap_or_else(|late| Some(Err(E::from(late))))
    }
}

/// What the future gives, if it does so in time; the clock is asked for only where it has to wait.
async fn within<R>(limit: Duration, future: impl Future<Output = R>) -> Result<R, TimedOut> {
    let mut future = pin!(Breakable::new(future));
    let mut alarm = None;
    poll_fn(|cx| {
        if let Poll::Ready(made) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(made));
        }
        let alarm = alarm.get_or_insert_with(|| {
            let mut alarm = Alarm::new(&current_runtime().expect("work is done in a task of a run"));
            alarm.set(limit);
            alarm
        });
        alarm.poll(cx).map(|()| Err(TimedOut))
    })
    .await
}
