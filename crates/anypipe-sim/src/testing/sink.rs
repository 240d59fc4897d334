use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use anypipe_core::{Scope, Sink, Stage};
use futures_core::Stream;

/// The most items taken before the sink gives way to others.
const BURST: usize = 32;

/// A sink that takes as many items as the test asks for, and the test's end of it.
///
/// See [`probe_source`](super::probe_source) for an example.
pub fn probe_sink<T: Send + 'static>() -> (SinkProbe<T>, ProbeSink<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            requested: 0,
            received: VecDeque::new(),
            stopped: false,
            over: None,
            pipeline: None,
            test: None,
        }),
    });
    (SinkProbe { shared: Arc::clone(&shared) }, ProbeSink { lease: Lease { shared } })
}

struct Shared<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    /// How many more items the test asked for.
    requested: usize,
    /// What came and the test has not taken.
    received: VecDeque<T>,
    /// True once the test wants no more.
    stopped: bool,
    /// How the input was over, once it is.
    over: Option<Over>,
    /// Wakes the pipeline.
    pipeline: Option<Waker>,
    /// Wakes the test.
    test: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    /// The input ended.
    Ended,
    /// The pipeline dropped the sink before the end.
    Dropped,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what the test wants, and wakes the pipeline.
    fn want(&self, change: impl FnOnce(&mut State<T>)) {
        let mut state = self.lock();
        change(&mut state);
        let waker = state.pipeline.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Tells the test what happened, and wakes it.
    fn tell(&self, change: impl FnOnce(&mut State<T>)) {
        let mut state = self.lock();
        change(&mut state);
        let waker = state.test.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }
}

/// The test's end of a [`probe_sink`]. Dropping it stops the sink.
pub struct SinkProbe<T> {
    shared: Arc<Shared<T>>,
}

impl<T> SinkProbe<T> {
    /// Asks for this many more items. The end of the input shows only while one is asked for.
    pub fn request(&mut self, items: usize) {
        self.shared.want(|state| state.requested = state.requested.saturating_add(items));
    }

    /// Wants no more: the sink drops its input and is done.
    pub fn stop(&mut self) {
        self.shared.want(|state| state.stopped = true);
    }

    /// Takes what came so far.
    pub fn received(&mut self) -> Vec<T> {
        self.shared.lock().received.drain(..).collect()
    }

    /// True once the input ended.
    pub fn is_ended(&self) -> bool {
        self.shared.lock().over == Some(Over::Ended)
    }

    /// Waits for the next item, asking for one where none is asked for; `None` where the input is
    /// over, or the pipeline has let go of the sink.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the waiting; what was asked for stays asked for, and nothing is lost.
    pub async fn next(&mut self) -> Option<T> {
        let idle = {
            let state = self.shared.lock();
            state.received.is_empty() && state.requested == 0
        };
        if idle {
            self.request(1);
        }
        poll_fn(|cx| {
            let mut state = self.shared.lock();
            if let Some(item) = state.received.pop_front() {
                return Poll::Ready(Some(item));
            }
            if state.over.is_some() {
                return Poll::Ready(None);
            }
            let old = state.test.replace(cx.waker().clone());
            drop(state);
            drop(old);
            Poll::Pending
        })
        .await
    }

    /// Asks for these items and checks that they come next, in this order.
    ///
    /// # Panics
    ///
    /// Where something else comes, or the end.
    ///
    /// # Cancel safety
    ///
    /// Items that came before it is dropped are lost.
    pub async fn expect(&mut self, items: impl IntoIterator<Item = T>)
    where
        T: PartialEq + fmt::Debug,
    {
        for item in items {
            match self.next().await {
                Some(came) => assert_eq!(came, item, "another item came than was expected"),
                None => panic!("the input was over where {item:?} was expected"),
            }
        }
    }

    /// Checks that the input ends without a further item.
    ///
    /// # Panics
    ///
    /// Where an item comes, and where the pipeline let go of the sink before the end.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the waiting and nothing else.
    pub async fn expect_end(&mut self) {
        assert!(self.next().await.is_none(), "an item came where the end was expected");
        assert!(self.is_ended(), "the pipeline let go of the sink before the end of its input");
    }
}

impl<T> Drop for SinkProbe<T> {
    fn drop(&mut self) {
        self.stop();
    }
}

impl<T> fmt::Debug for SinkProbe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        f.debug_struct("SinkProbe")
            .field("requested", &state.requested)
            .field("received", &state.received.len())
            .field("over", &state.over.is_some())
            .finish()
    }
}

/// The pipeline's end of a [`probe_sink`]: a sink, and a last stage that gives no items.
#[must_use = "a sink does nothing until it drains an input"]
pub struct ProbeSink<T> {
    lease: Lease<T>,
}

impl<T: Send + 'static> Sink<T> for ProbeSink<T> {
    type Output = ();

    fn drain(
        self,
        input: impl Stream<Item = T> + Send + 'static,
        _scope: &Scope,
    ) -> impl Future<Output = ()> + Send + 'static {
        Drain { input: Some(Box::pin(input)), lease: self.lease }
    }
}

impl<T: Send + 'static> Stage<T> for ProbeSink<T> {
    type Out = Infallible;

    fn attach(
        self,
        input: impl Stream<Item = T> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = Infallible> + Send + 'static {
        Drain { input: Some(Box::pin(input)), lease: self.lease }
    }
}

impl<T> fmt::Debug for ProbeSink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeSink").finish_non_exhaustive()
    }
}

/// Tells the test when the pipeline lets go.
struct Lease<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Drop for Lease<T> {
    fn drop(&mut self) {
        self.shared.tell(|state| {
            state.over.get_or_insert(Over::Dropped);
        });
    }
}

/// Takes items while the test asks for them.
struct Drain<S, T> {
    /// The input, until it is over or not wanted any more.
    input: Option<Pin<Box<S>>>,
    lease: Lease<T>,
}

impl<S: Stream<Item = T>, T> Future for Drain<S, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { input: slot, lease: Lease { shared } } = &mut *self;
        for _ in 0..BURST {
            let Some(input) = slot else { return Poll::Ready(()) };
            let mut state = shared.lock();
            let (stopped, idle) = (state.stopped, state.requested == 0);
            let old = state.pipeline.replace(cx.waker().clone());
            drop(state);
            drop(old);
            if stopped {
                *slot = None;
                return Poll::Ready(());
            }
            if idle {
                return Poll::Pending;
            }
            let came = ready!(input.as_mut().poll_next(cx));
            if came.is_none() {
                *slot = None;
            }
            shared.tell(|state| match came {
                Some(item) => {
                    state.requested -= 1;
                    state.received.push_back(item);
                }
                None => state.over = Some(Over::Ended),
            });
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: Stream<Item = T>, T> Stream for Drain<S, T> {
    type Item = Infallible;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Infallible>> {
        self.poll(cx).map(|()| None)
    }
}
