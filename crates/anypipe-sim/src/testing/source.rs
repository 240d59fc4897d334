use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use anypipe_core::stage::{Holds, in_stage};
use anypipe_core::{Scope, Source};
use futures_core::Stream;

/// A source that gives what the test sends, and the test's end of it.
///
/// # Examples
///
/// ```
/// use anypipe_core::{Run, Sink, Source, run::inherit};
/// use anypipe_sim::{Sim, testing::{probe_sink, probe_source}};
///
/// Sim::each(20, |sim| {
///     sim.run(Run::new("probes", inherit, |scope| {
///         let (mut items, source) = probe_source();
///         let (mut results, sink) = probe_sink();
///         let drained = sink.drain(source.attach(scope), scope);
///         scope.spawn("sink", drained);
///         async move {
///             assert!(!items.is_wanted());
///             results.request(1);
///             items.wanted().await;
///             items.send("one");
///             assert_eq!(results.next().await, Some("one"));
///             items.end();
///             results.expect_end().await;
///         }
///     }));
/// });
/// ```
pub fn probe_source<T: Send + 'static>() -> (SourceProbe<T>, ProbeSource<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            items: VecDeque::new(),
            end: None,
            taken: 0,
            wanted: false,
            gone: false,
            pipeline: None,
            test: None,
        }),
    });
    (SourceProbe { shared: Arc::clone(&shared) }, ProbeSource { lease: Lease { shared } })
}

struct Shared<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    /// What was sent and not taken.
    items: VecDeque<T>,
    /// What comes after the items.
    end: Option<End>,
    /// How many items were taken.
    taken: usize,
    /// True while the pipeline waits for an item.
    wanted: bool,
    /// True once the pipeline let go of the source.
    gone: bool,
    /// Wakes the pipeline.
    pipeline: Option<Waker>,
    /// Wakes the test.
    test: Option<Waker>,
}

#[derive(Clone)]
enum End {
    Closed,
    Panic(String),
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the end, unless there is one, and wakes the pipeline.
    fn end(&self, end: End) {
        let mut state = self.lock();
        state.end.get_or_insert(end);
        let waker = state.pipeline.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    fn poll_until(&self, cx: &mut Context<'_>, done: impl Fn(&State<T>) -> bool) -> Poll<()> {
        let mut state = self.lock();
        if done(&state) {
            return Poll::Ready(());
        }
        let old = state.test.replace(cx.waker().clone());
        drop(state);
        drop(old);
        Poll::Pending
    }
}

/// The test's end of a [`probe_source`].
///
/// Dropped before [`end`](SourceProbe::end) it makes the source panic: a test that forgets the end
/// must not look as if it had told one.
pub struct SourceProbe<T> {
    shared: Arc<Shared<T>>,
}

impl<T> SourceProbe<T> {
    /// Sends an item. It waits in the source until the pipeline takes it; where that has let go of
    /// the source, it is dropped.
    pub fn send(&mut self, item: T) {
        let mut state = self.shared.lock();
        if state.gone {
            drop(state);
            return drop(item);
        }
        state.items.push_back(item);
        let waker = state.pipeline.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Ends the input, after the items sent.
    pub fn end(&mut self) {
        self.shared.end(End::Closed);
    }

    /// Has the source panic with this text, after the items sent. (An error is an item: send it.)
    pub fn panic(&mut self, text: impl Into<String>) {
        self.shared.end(End::Panic(text.into()));
    }

    /// True while the pipeline waits for an item.
    pub fn is_wanted(&self) -> bool {
        self.shared.lock().wanted
    }

    /// How many items the pipeline has taken.
    pub fn taken(&self) -> usize {
        self.shared.lock().taken
    }

    /// True once the pipeline let go of the source.
    pub fn is_dropped(&self) -> bool {
        self.shared.lock().gone
    }

    /// Waits until the pipeline wants an item, or has let go of the source.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the waiting and nothing else.
    pub async fn wanted(&mut self) {
        poll_fn(|cx| self.shared.poll_until(cx, |state| state.wanted || state.gone)).await;
    }

    /// Waits until the pipeline lets go of the source.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the waiting and nothing else.
    pub async fn dropped(&mut self) {
        poll_fn(|cx| self.shared.poll_until(cx, |state| state.gone)).await;
    }
}

impl<T> Drop for SourceProbe<T> {
    fn drop(&mut self) {
        self.shared.end(End::Panic("the test dropped the probe of this source before its end".into()));
    }
}

impl<T> fmt::Debug for SourceProbe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        f.debug_struct("SourceProbe")
            .field("waiting", &state.items.len())
            .field("taken", &state.taken)
            .field("wanted", &state.wanted)
            .field("dropped", &state.gone)
            .finish()
    }
}

/// The pipeline's end of a [`probe_source`].
#[must_use = "a source does nothing until it is attached"]
pub struct ProbeSource<T> {
    lease: Lease<T>,
}

impl<T: Send + 'static> Source for ProbeSource<T> {
    type Item = T;

    fn attach(self, _scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        Items { lease: self.lease }
    }

    fn holds(&self) -> Holds {
        Holds::UNBOUNDED
    }
}

impl<T> fmt::Debug for ProbeSource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeSource").finish_non_exhaustive()
    }
}

/// Tells the test when the pipeline lets go.
struct Lease<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Drop for Lease<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.gone = true;
        state.wanted = false;
        let (items, waker) = (std::mem::take(&mut state.items), state.test.take());
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        drop(items);
    }
}

struct Items<T> {
    lease: Lease<T>,
}

impl<T> Stream for Items<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.lease.shared.lock();
        state.wanted = false;
        if let Some(item) = state.items.pop_front() {
            state.taken += 1;
            return Poll::Ready(Some(item));
        }
        match state.end.clone() {
            Some(End::Closed) => Poll::Ready(None),
            Some(End::Panic(text)) => {
                drop(state);
                in_stage("probe", || panic!("{text}"))
            }
            None => {
                state.wanted = true;
                let old = state.pipeline.replace(cx.waker().clone());
                let test = state.test.take();
                drop(state);
                drop(old);
                test.into_iter().for_each(Waker::wake);
                Poll::Pending
            }
        }
    }
}
