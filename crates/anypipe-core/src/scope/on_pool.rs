//! A task that is polled on the threads for blocking work.

// For maintainers. What the runtime knows of such a task is a shell: each of its polls that is worth one hands the future to
// a job, which polls it once and brings it back. So whatever blocks in the task blocks no thread that others need, and all
// that a poll gets done costs one job: a worker goes on with item after item as long as they are quick. The future is
// woken through a bell of its own, since the shell is woken by the end of the job as well. While a job has the future the
// scope joins the job, and what comes back then, to a shell that is gone, was cut off.
//
// Where a job may never return, the jobs are in a scope of their own that nothing joins but a shield, whose grace is the
// patience: a cancel gives the shield that long.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::Duration;

use super::panic::{Panic, catch, drop_broken};
use super::task::BoxFuture;
use super::{Blocking, CancelToken, Controls, Scope, Tally, TaskName, context, replace_waker};
use crate::runtime::WaitsFor;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

impl Scope {
    /// Spawns a task that is polled on the threads for blocking work. After a cancel what blocks there is waited for, with
    /// a `patience` no longer than that.
    pub(crate) fn spawn_on_pool(
        &self,
        name: TaskName,
        stage: Tally,
        patience: Option<Duration>,
        future: BoxFuture<()>,
    ) {
        let over = CancelToken::new();
        let jobs = patience.map_or_else(|| self.clone(), |patience| self.jobs_for(patience, &over));
        let bell = Arc::new(Bell { rung: AtomicBool::new(true), shell: Mutex::new(None) });
        let waker = Waker::from(Arc::clone(&bell));
        let future = Held { future: Some(future), scope: self.clone(), stage: stage.clone() };
        let (job, waits_for) = (None, WaitsFor::Thread);
        let shell =
            OnPool { name: name.clone(), future: Some(future), job, jobs, over, bell, waker, waits_for };
        self.spawn_worker(name, Some(stage), Box::pin(shell));
    }

    /// A scope for jobs that is joined after `over`, and for so long after a cancel at the most.
    fn jobs_for(&self, patience: Duration, over: &CancelToken) -> Scope {
        let jobs = Scope::new(self.runtime().clone(), None, Controls::default());
        let (joined, over) = (jobs.clone(), over.cancelled());
        let join = async move {
            over.await;
            joined.cancel();
            poll_fn(|cx| joined.poll_join(cx)).await;
        };
        // Where the scope has ended nothing is begun.
        drop(self.shield(Some(patience), join));
        jobs
    }
}

/// The task as the runtime knows it.
struct OnPool {
    name: TaskName,
    /// What is polled, while no job has it.
    future: Option<Held>,
    /// The job that polls it.
    job: Option<Blocking<Turn>>,
    /// Where the jobs are.
    jobs: Scope,
    /// Cancelled when there are no more.
    over: CancelToken,
    bell: Arc<Bell>,
    /// The bell's, with which the future is polled.
    waker: Waker,
    /// What the future waits for, since its last poll.
    waits_for: WaitsFor,
}

/// The future, which is cut off where it is dropped before its end.
struct Held {
    future: Option<BoxFuture<()>>,
    scope: Scope,
    /// What it works for.
    stage: Tally,
}

/// One poll on the pool.
struct Turn {
    future: Held,
    /// Pending also where it has panicked, of which the scope was told.
    polled: Poll<()>,
    /// What the future waits for.
    waits_for: WaitsFor,
}

/// Wakes the shell for the future.
struct Bell {
    /// True where the future is to be polled.
    rung: AtomicBool,
    /// The waker of the shell's last poll.
    shell: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Ordering::SeqCst) {
            let shell = self.shell.lock().clone();
            shell.into_iter().for_each(Waker::wake);
        }
    }
}

impl Held {
    /// Polls the future, as a task's.
    fn poll(mut self, name: &str, waker: &Waker) -> Turn {
        let entered = context::polling_on_pool(&self.scope, self.stage.seat());
        let polled = catch(|| match &mut self.future {
            Some(future) => future.as_mut().poll(&mut Context::from_waker(waker)),
            None => Poll::Ready(()),
        });
        let waits_for = entered.leave();
        // In the job, which the run waits for: what the panic has broken is a consequence of it, whoever sees it first.
        let polled = polled.unwrap_or_else(|panic| {
            self.fail(panic, Some(name));
            Poll::Pending
        });
        Turn { future: self, polled, waits_for }
    }

    /// Tells a panic, unless this was left alone and the run is over.
    fn fail(&self, panic: Panic, place: Option<&str>) {
        if !self.scope.has_ended() {
            self.scope.fail(panic.into_error(place));
        }
    }

    /// Drops it after its end.
    fn end(mut self) {
        self.future = None;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(future) = self.future.take() else { return };
        if let Err(panic) = drop_broken(future) {
            self.fail(panic, None);
        }
    }
}

impl Drop for OnPool {
    fn drop(&mut self) {
        // Before `over`, which has the jobs' scope be joined.
        self.job = None;
        self.over.cancel();
        // Who could still wake the future must not hold the runtime's task.
        let waker = self.bell.shell.lock().take();
        drop(waker);
    }
}

impl Future for OnPool {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        loop {
            if let Some(job) = &mut this.job {
                let polled = Pin::new(job).poll(cx);
                if polled.is_pending() {
                    context::note_wait(WaitsFor::Thread);
                }
                let turn = ready!(polled);
                this.job = None;
                match turn {
                    Ok(Turn { future, polled: Poll::Ready(()), .. }) => {
                        future.end();
                        return Poll::Ready(());
                    }
                    Ok(Turn { future, polled: Poll::Pending, waits_for }) => {
                        this.future = Some(future);
                        this.waits_for = waits_for;
                    }
                    // Given up: the scope is about to drop this.
                    Err(_) => return Poll::Pending,
                }
            }
            let Some(future) = this.future.take() else { return Poll::Pending };
            let old = replace_waker(&mut this.bell.shell.lock(), cx.waker());
            drop(old);
            // After the waker is there.
            if !this.bell.rung.swap(false, Ordering::SeqCst) {
                this.future = Some(future);
                // Also where it was polled for no reason.
                context::note_wait(this.waits_for);
                return Poll::Pending;
            }
            let (name, waker) = (this.name.clone(), this.waker.clone());
            let job = move || future.poll(&name, &waker);
            this.job = Some(this.jobs.start_blocking(this.name.clone(), job));
        }
    }
}
