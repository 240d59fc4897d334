//! Wakers and destructors are anybody's: whatever keeps one wakes it and drops it with no lock of ours held.

use std::error::Error;
use std::fmt;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use anypipe_core::channel::{bounded, broadcast, oneshot, watch};
use anypipe_core::run::{inherit, move_on};
use anypipe_core::scope::{CancelToken, Deadline, current_scope};
use anypipe_core::{ErrorKind, Run, RunError, Scope};
use anypipe_stages::stage::Rate;
use anypipe_stages::{source, stage};
use anypipe_sync::Event;

use crate::subjects::subjects;
use crate::tools::{flow, next, runtime, wait};

crate::suite::cases! { ($) locks as __locks {
    what_a_waker_waits_for_may_be_asked_by_it(),
    a_waker_may_wait_for_the_work_that_it_was_to_tell_of(),
    a_cause_that_is_given_up_may_ask_its_scope(),
} }

/// Calls its closure when it is woken, and when it is dropped.
struct Calls<F: Fn()>(F);

impl<F: Fn() + Send + Sync + 'static> Calls<F> {
    fn waker(f: F) -> Waker {
        Waker::from(Arc::new(Self(f)))
    }
}

impl<F: Fn() + Send + Sync + 'static> Wake for Calls<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

impl<F: Fn()> Drop for Calls<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A wait, what ends it, and a call that takes the lock which the wait stands under.
struct Wait {
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    end: Box<dyn FnOnce()>,
    ask: Arc<dyn Fn() + Send + Sync>,
}

impl Wait {
    fn new<F: Future + Send + 'static, E, A>(
        future: F,
        end: impl FnOnce() -> E + 'static,
        ask: impl Fn() -> A + Send + Sync + 'static,
    ) -> Self {
        let future = Box::pin(async move {
            let _ = future.await;
        });
        let end = Box::new(move || {
            let _ = end();
        });
        let ask = Arc::new(move || {
            let _ = ask();
        });
        Self { future, end, ask }
    }

    /// Begins to wait, with a waker that asks; gives how often it has.
    fn begin(&mut self) -> Arc<AtomicUsize> {
        let asked = Arc::new(AtomicUsize::new(0));
        let (counts, ask) = (Arc::clone(&asked), Arc::clone(&self.ask));
        let waker = Calls::waker(move || {
            ask();
            counts.fetch_add(1, Ordering::SeqCst);
        });
        assert!(self.future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        asked
    }
}

fn waits() -> Vec<Wait> {
    let token = CancelToken::new();
    let (cancels, asks) = (token.clone(), token.clone());
    let cancelled =
        Wait::new(async move { token.cancelled().await }, move || cancels.cancel(), move || asks.child());

    let (tx, rx) = bounded(1);
    let asks = rx.clone();
    let received =
        Wait::new(async move { rx.recv().await }, move || tx.try_send(1).unwrap(), move || asks.statistics());

    let (tx, rx) = bounded(1);
    tx.try_send(1).unwrap();
    let asks = tx.clone();
    let sent = Wait::new(async move { tx.send(2).await }, move || rx.try_recv(), move || asks.statistics());

    let (tx, rx) = bounded::<u8>(1);
    let asks = tx.clone();
    let closed = Wait::new(async move { tx.closed().await }, move || drop(rx), move || asks.statistics());

    let rate = Rate::new(1, Duration::from_secs(3600));
    let (sets, asks) = (rate.clone(), rate.clone());
    let mut items = flow(source::from_iter(0..)).pipe(stage::throttle_by(rate)).stream();
    let throttled = Wait::new(
        async move {
            next(&mut items).await;
            next(&mut items).await;
        },
        move || sets.set(2, Duration::from_secs(3600)),
        move || asks.get(),
    );

    let deadline = Deadline::new();
    let (sets, asks) = (deadline.clone(), deadline.clone());
    let limited = Wait::new(
        move_on(inherit, deadline, pending::<()>()),
        move || sets.set(runtime().now()),
        move || asks.get(),
    );
    let mut waits = vec![cancelled, received, sent, closed, throttled, limited];

    let event = Arc::new(Event::new());
    let (sets, asks) = (Arc::clone(&event), Arc::clone(&event));
    waits.push(Wait::new(async move { event.wait().await }, move || sets.set(), move || asks.statistics()));
    for subject in subjects(1) {
        let subject = Arc::new(subject);
        let (held, asks) = (subject.try_acquire(1).expect("it is free"), Arc::clone(&subject));
        waits.push(Wait::new(subject.acquire(1), move || drop(held), move || asks.counts()));
    }
    waits
}

fn all_waits() -> impl Iterator<Item = Wait> {
    waits().into_iter().chain(waits_on_other_channels())
}

fn waits_on_other_channels() -> [Wait; 7] {
    let (tx, rx) = oneshot::<u8>();
    let tx = Arc::new(tx);
    let asks = Arc::clone(&tx);
    let unwanted = Wait::new(async move { tx.closed().await }, move || drop(rx), move || asks.is_closed());

    let bus = broadcast(1);
    let (mut every, asks) = (bus.subscribe(), bus.subscribe());
    let heard = Wait::new(
        async move { every.recv().await },
        move || bus.try_send(1).unwrap(),
        move || asks.statistics(),
    );
    let bus = broadcast(1);
    let mut every = bus.subscribe();
    bus.try_send(1).unwrap();
    let asks = bus.clone();
    let let_in =
        Wait::new(async move { bus.send(2).await }, move || every.try_recv(), move || asks.statistics());
    let bus = broadcast::<u8>(1);
    let (every, asks) = (bus.subscribe(), bus.clone());
    let unheard =
        Wait::new(async move { bus.closed().await }, move || drop(every), move || asks.statistics());

    let (tx, mut rx) = watch(1);
    let asks = tx.subscribe();
    let changed = Wait::new(async move { rx.recv().await }, move || tx.send(2), move || asks.statistics());
    let (tx, mut rx) = watch(1);
    let asks = tx.subscribe();
    let ended = Wait::new(async move { rx.recv().await }, move || drop(tx), move || asks.statistics());
    let (tx, rx) = watch(1);
    let asks = tx.clone();
    let unwatched = Wait::new(async move { tx.closed().await }, move || drop(rx), move || asks.statistics());
    [unwanted, heard, let_in, unheard, changed, ended, unwatched]
}

async fn what_a_waker_waits_for_may_be_asked_by_it() {
    for mut woken in all_waits() {
        let asked = woken.begin();
        (woken.end)();
        assert!(asked.load(Ordering::SeqCst) > 0, "the end of a wait wakes");
    }
    for mut replaced in all_waits() {
        replaced.begin();
        assert!(replaced.future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        (replaced.end)();
    }
    for mut dropped in all_waits() {
        dropped.begin();
        drop(dropped.future);
        (dropped.end)();
    }
}

async fn a_waker_may_wait_for_the_work_that_it_was_to_tell_of() {
    let scope = current_scope().expect("a case runs in a scope");
    for is_replaced in [false, true] {
        let child = scope.child();
        let (go, goes) = mpsc::channel::<()>();
        let mut job = child.spawn_blocking("job", move || goes.recv());
        let go = Mutex::new(Some(go));
        let waker = Calls::waker(move || {
            // The job is done now, or given up where it was never begun.
            go.lock().unwrap_or_else(PoisonError::into_inner).take();
            wait(child.cancel_and_join());
        });
        assert!(Pin::new(&mut job).poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        if is_replaced {
            let _ = Pin::new(&mut job).poll(&mut Context::from_waker(Waker::noop()));
        }
        drop(job);
    }
}

/// The cause of a failure, that asks the scope when it is dropped.
struct Cause(Scope);

impl Drop for Cause {
    fn drop(&mut self) {
        drop(self.0.child());
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cause")
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cause")
    }
}

impl Error for Cause {}

async fn a_cause_that_is_given_up_may_ask_its_scope() {
    let run = Run::new("run", inherit, |scope| {
        let broken = || RunError::broken("stage").with_source(Cause(scope.clone()));
        // A consequence gives way to what caused it, and then adds nothing to it.
        scope.fail(broken());
        scope.fail(RunError::timed_out());
        scope.fail(broken());
        pending::<()>()
    });
    assert_eq!(run.checked().await.unwrap_err().kind(), ErrorKind::TimedOut);
}
