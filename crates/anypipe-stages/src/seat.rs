//! A worker's place on the threads for blocking work.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::drive::At;
use anypipe_core::scope::{self, block_here, current_scope};
use anypipe_core::stage::in_stage;

/// One thread at a time for one worker, and what goes along from job to job.
///
/// Work on a thread can't be interrupted: where its item is given up it runs on, and the place is taken until
/// it has ended. It is the [`State`](anypipe_core::drive::Work::State) of work that blocks.
///
/// # Examples
///
/// ```
/// use std::task::{Context, Poll};
///
/// # mod anypipe { pub mod author { pub use anypipe_core::drive::*; pub use anypipe_stages::Seat; } }
/// use anypipe::author::{At, Seat, Work};
///
/// /// The length of a file.
/// struct Length;
///
/// impl Work<String> for Length {
///     type Out = Option<u64>;
///     type State = Seat<(), Option<u64>>;
///
///     async fn call(&self, seat: &mut Self::State, at: At<'_>, path: String) -> Option<Option<u64>> {
///         let length = move || std::fs::metadata(path).ok().map(|file| file.len());
///         seat.work(at, move |_| Some(length())).await
///     }
///
///     fn poll_settled(&self, seat: &mut Self::State, cx: &mut Context<'_>) -> Poll<()> {
///         seat.poll_settled(cx)
///     }
/// }
/// ```
pub struct Seat<St, U> {
    /// What the next job works with; while a job has it, what there is without one.
    state: St,
    /// The job that runs.
    job: Option<scope::Blocking<(St, Option<U>)>>,
}

impl<St, U> Seat<St, U>
where
    St: Default + Send + 'static,
    U: Send + 'static,
{
    /// Has a thread do the work on one item, after what still runs has ended; gives what it makes. `apply` is given
    /// what the last call left: the default the first time, and after a panic.
    ///
    /// # Panics
    ///
    /// Where `apply` does, also in a call before whose item was given up; and outside a task of a run.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the waiting. The work goes on, and what it makes is dropped; what it leaves for the next
    /// call is kept.
    pub async fn work(
        &mut self,
        at: At<'_>,
        apply: impl FnOnce(&mut St) -> Option<U> + Send + 'static,
    ) -> Option<U> {
        // Whoever tries the same item again comes here with the last try still running.
        poll_fn(|cx| self.poll_settled(cx)).await;
        let (name, mut state) = (at.stage.to_owned(), std::mem::take(&mut self.state));
        // A job owns what it works with: the state goes along and comes back.
        let job = move || {
            let made = in_stage(&name, || apply(&mut state));
            (state, made)
        };
        let scope = current_scope().expect("work is done in a task of a run");
        self.job = Some(scope.spawn_blocking(at.stage.to_owned(), job));
        poll_fn(|cx| self.poll_job(cx)).await
    }

    /// Does the work on one item here, on a thread for blocking work, where nothing else runs.
    pub fn work_here(&mut self, apply: impl FnOnce(&mut St) -> Option<U>) -> Option<U> {
        block_here(|| apply(&mut self.state))
    }

    /// Ready once nothing runs: what the work answers to
    /// [`Work::poll_settled`](anypipe_core::drive::Work::poll_settled).
    ///
    /// # Panics
    ///
    /// With the panic of work whose item was given up.
    pub fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_job(cx).map(drop)
    }

    /// What the job has made, or its panic; nothing where there is no job.
    fn poll_job(&mut self, cx: &mut Context<'_>) -> Poll<Option<U>> {
        let Some(job) = &mut self.job else { return Poll::Ready(None) };
        match ready!(Pin::new(job).poll(cx)) {
            Ok((state, made)) => {
                (self.state, self.job) = (state, None);
                Poll::Ready(made)
            }
            Err(error) if error.is_panic() => {
                self.job = None;
                error.rethrow()
            }
            // Given up: its scope is being cancelled, and with it whoever waits here.
            Err(_) => Poll::Pending,
        }
    }
}

impl<St: Default, U> Default for Seat<St, U> {
    fn default() -> Self {
        Self { state: St::default(), job: None }
    }
}

impl<St, U> fmt::Debug for Seat<St, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("taken", &self.job.is_some()).finish_non_exhaustive()
    }
}
