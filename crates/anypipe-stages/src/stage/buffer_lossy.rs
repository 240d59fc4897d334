use std::borrow::Cow;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::ops::ControlFlow::{Break, Continue};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use anypipe_core::drive::Items;
use anypipe_core::option::Named;
use anypipe_core::run::picture::StageKind;
use anypipe_core::scope::{Charted, Meter, waits_for_input};
use anypipe_core::stage::drop_each;
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::Name;

/// What a full buffer drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overflow {
    /// The item that waits longest, for the new one.
    DropOldest,
    /// The new item.
    DropNewest,
}

/// A task that takes items as they come, and a buffer that drops some where it is full; made by [`buffer_lossy`].
#[derive(Clone, Debug)]
pub struct BufferLossy {
    name: Name,
    n: usize,
    overflow: Overflow,
}

/// The stage of `Pipeline::buffer_lossy`, where all of it is told.
///
/// # Panics
///
/// Where `n` is 0.
#[track_caller]
pub fn buffer_lossy(n: usize, overflow: Overflow) -> BufferLossy {
    assert!(n > 0, "`buffer_lossy(0, ..)`: where nothing may wait all would be dropped");
    BufferLossy { name: Name::new("buffer_lossy"), n, overflow }
}

/// The stage of `Pipeline::latest`, where all of it is told.
pub fn latest() -> BufferLossy {
    BufferLossy { name: Name::new("latest"), n: 1, overflow: Overflow::DropOldest }
}

impl Named for BufferLossy {
    fn named(self, name: Cow<'static, str>) -> Self {
        Self { name: Name(name), ..self }
    }
}

impl<In: Send + 'static> Stage<In> for BufferLossy {
    type Out = In;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = In> + Send + 'static {
        let name = self.name.0.clone();
        let meter = scope.meter(name.clone());
        let charted = scope.charted_as(&meter, StageKind::Stage);
        let buffer = Arc::new(Buffer { n: self.n, overflow: self.overflow, state: Mutex::default(), meter });
        let fills = Arc::clone(&buffer);
        let mut items = Items::new(input, scope);
        charted.spawn(scope, name, async move {
            let ended = {
                let mut filled = pin!(items.try_for_each(|item| match fills.put(item) {
                    Ok(()) => Continue(()),
                    Err(Closed) => Break(Closed),
                }));
                poll_fn(|cx| match fills.register(cx) {
                    Ok(()) => filled.as_mut().poll(cx),
                    Err(closed) => Poll::Ready(Some(closed)),
                })
                .await
            };
            // What panics while the input goes was to come before the end.
            drop(items);
            if ended.is_none() {
                fills.end();
            }
        });
        Taken { buffer, charted: Some(charted) }
    }

    fn holds(&self) -> Holds {
        // And the one that the task has in hand.
        Holds::at_most(self.n) + Holds::at_most(1)
    }
}

/// Nobody takes items any more.
struct Closed;

struct Buffer<T> {
    n: usize,
    overflow: Overflow,
    state: Mutex<State<T>>,
    meter: Meter,
}

struct State<T> {
    items: VecDeque<T>,
    /// True once no further items come.
    ended: bool,
    /// True once nobody takes any.
    closed: bool,
    /// Wakes who takes items.
    taker: Option<Waker>,
    /// Wakes the task that puts them, where nobody takes any more.
    putter: Option<Waker>,
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self { items: VecDeque::new(), ended: false, closed: false, taker: None, putter: None }
    }
}

impl<T> Buffer<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing of others runs under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an item, in the place of another where there is no room for both.
    fn put(&self, item: T) -> Result<(), Closed> {
        self.meter.take(1);
        let mut state = self.lock();
        if state.closed {
            drop(state);
            self.meter.leave(1);
            drop(item);
            return Err(Closed);
        }
        let mut dropped = None;
        if state.items.len() < self.n {
            state.items.push_back(item);
        } else if self.overflow == Overflow::DropNewest {
            dropped = Some(item);
        } else {
            dropped = state.items.pop_front();
            state.items.push_back(item);
        }
        let taker = state.taker.take();
        drop(state);
        self.meter.filter(usize::from(dropped.is_some()));
        taker.into_iter().for_each(Waker::wake);
        drop(dropped);
        Ok(())
    }

    /// Has the task woken that puts items, where nobody takes any more.
    fn register(&self, cx: &Context<'_>) -> Result<(), Closed> {
        let mut state = self.lock();
        if state.closed {
            return Err(Closed);
        }
        if state.putter.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            return Ok(());
        }
        let old = state.putter.replace(cx.waker().clone());
        drop(state);
        drop(old);
        Ok(())
    }

    fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        let taker = state.taker.take();
        drop(state);
        taker.into_iter().for_each(Waker::wake);
    }
}

impl<T> Drop for Buffer<T> {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop_each(state.items.drain(..));
    }
}

/// The buffer's end that gives items.
struct Taken<T> {
    buffer: Arc<Buffer<T>>,
    /// Until it is polled: its place in pictures of the run.
    charted: Option<Charted>,
}

impl<T> Stream for Taken<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if let Some(charted) = self.charted.take() {
            charted.note_asked();
        }
        let mut state = self.buffer.lock();
        if let Some(item) = state.items.pop_front() {
            drop(state);
            self.buffer.meter.deliver(1);
            return Poll::Ready(Some(item));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        let old = state.taker.replace(cx.waker().clone());
        drop(state);
        drop(old);
        waits_for_input();
        Poll::Pending
    }
}

impl<T> Drop for Taken<T> {
    fn drop(&mut self) {
        let mut state = self.buffer.lock();
        state.closed = true;
        let items = std::mem::take(&mut state.items);
        let (taker, putter) = (state.taker.take(), state.putter.take());
        drop(state);
        drop(taker);
        self.buffer.meter.leave(items.len());
        putter.into_iter().for_each(Waker::wake);
        drop_each(items);
    }
}
