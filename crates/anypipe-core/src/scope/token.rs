use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use super::waiters::{Place, Waiters};
use super::{Breakable, wake_each};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU8, Ordering};

/// A flag that is raised once and cancels whatever watches it; tokens form a tree.
///
/// A token stops nothing by itself: give it to [`Run::cancel_on`](crate::Run::cancel_on) or
/// [`Run::stop_on`](crate::Run::stop_on), or await [`cancelled`](CancelToken::cancelled).
/// All clones are the same token.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::task::CancelToken;
///
/// let root = CancelToken::new();
/// let leaf = root.child();
/// root.cancel();
/// assert!(leaf.is_cancelled());
/// ```
#[doc(alias("CancelScope", "CancellationToken", "WithCancel", "check_cancelled"))]
#[derive(Clone, Default)]
pub struct CancelToken {
    inner: Arc<Inner>,
}

/// Raised once, never lowered.
const CANCELLED: u8 = 1;
/// What a token says beside: raised and lowered by whoever holds something back.
const HELD: u8 = 2;

#[derive(Default)]
struct Inner {
    /// What is raised, in one so that one look at it tells whether anything is.
    flags: AtomicU8,
    /// The token this one hears from. A parent knows its children only weakly, so it is the child that keeps
    /// the line to the root whole when a token in between is let go.
    parent: Option<Arc<Inner>>,
    /// Who is told.
    state: Mutex<State>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // One by one: a long line of tokens must not fill the stack.
        let mut next = self.parent.take();
        while let Some(token) = next {
            next = Arc::into_inner(token).and_then(|mut token| token.parent.take());
        }
    }
}

#[derive(Default)]
struct State {
    /// Tokens that are cancelled with this one.
    children: Vec<Weak<Inner>>,
    /// Those who await the cancel.
    waiters: Waiters,
}

impl CancelToken {
    /// A token that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// A token that is cancelled with this one, and can be cancelled alone.
    ///
    /// It keeps what it hears from: tokens in between may be let go.
    #[doc(alias("child_token"))]
    pub fn child(&self) -> Self {
        let mut inner = Inner::default();
        inner.parent = Some(Arc::clone(&self.inner));
        let child = Self { inner: Arc::new(inner) };
        child.hear(self);
        child
    }

    /// Has this token be cancelled with `other` too, as long as somebody keeps that.
    pub(super) fn hear(&self, other: &CancelToken) {
        let mut state = other.inner.state.lock();
        enter_child(&mut state.children, &self.inner);
        drop(state);
        // After the entry: a cancel in between has either seen the child or is seen here.
        if other.is_cancelled() {
            self.cancel();
        }
    }

    /// Cancels this token and all below it. Again is no harm.
    pub fn cancel(&self) {
        // All flags before the first wake, and one by one: a long line of tokens must not fill the stack.
        let mut wakers = Vec::new();
        let mut tokens = vec![Arc::clone(&self.inner)];
        while let Some(token) = tokens.pop() {
            if token.flags.fetch_or(CANCELLED, Ordering::SeqCst) & CANCELLED != 0 {
                continue;
            }
            let mut state = token.state.lock();
            tokens.extend(std::mem::take(&mut state.children).iter().filter_map(Weak::upgrade));
            wakers.extend(state.waiters.take());
        }
        wake_each(wakers);
    }

    /// True once the token was cancelled.
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.inner.flags.load(Ordering::SeqCst) & CANCELLED != 0
    }

    /// True where the token is neither cancelled nor held. For who looks again and again: what happened before, by
    /// whatever order there is, is seen.
    #[inline]
    pub(crate) fn is_calm(&self) -> bool {
        self.inner.flags.load(Ordering::Relaxed) == 0
    }

    /// Notes whether something is held back; no one is woken.
    pub(super) fn set_held(&self, held: bool) {
        if held {
            self.inner.flags.fetch_or(HELD, Ordering::SeqCst);
        } else {
            self.inner.flags.fetch_and(!HELD, Ordering::SeqCst);
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.inner.flags.load(Ordering::SeqCst) & HELD != 0
    }

    /// A guard that cancels the token when it is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::task::CancelToken;
    ///
    /// let token = CancelToken::new();
    /// let guard = token.clone().drop_guard();
    /// assert!(!token.is_cancelled());
    /// drop(guard);
    /// assert!(token.is_cancelled());
    /// ```
    pub fn drop_guard(self) -> DropGuard {
        DropGuard { token: Some(self) }
    }

    /// A future that is done once the token is cancelled. It borrows nothing.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the waiting and nothing else.
    pub fn cancelled(&self) -> Cancelled {
        self.clone().into_cancelled()
    }

    pub(crate) fn into_cancelled(self) -> Cancelled {
        Cancelled { token: self, place: Place::default() }
    }

    /// Runs a future until it is done or the token is cancelled; `None` where it was cancelled, and
    /// then the future has been dropped, and what it was sending into is broken. A token that is cancelled
    /// already never polls it.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the future.
    pub async fn run_until_cancelled<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut cancelled = self.cancelled();
        let mut future = std::pin::pin!(Breakable::new(future));
        std::future::poll_fn(|cx| {
            if Pin::new(&mut cancelled).poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            future.as_mut().poll(cx).map(Some)
        })
        .await
    }
}

/// Enters a child among those of its parent. The dead are swept out when the list is full, which then
/// grows, so that the sweeps cost little in the long run.
pub(super) fn enter_child<T>(children: &mut Vec<Weak<T>>, child: &Arc<T>) {
    if children.len() == children.capacity() {
        children.retain(|child| child.strong_count() > 0);
        children.reserve(children.len() + 1);
    }
    children.push(Arc::downgrade(child));
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("cancelled", &self.is_cancelled()).finish()
    }
}

/// Cancels its token when it is dropped, made by [`CancelToken::drop_guard`].
#[derive(Debug)]
#[must_use = "the token is cancelled when this is dropped"]
pub struct DropGuard {
    /// `None` once it was disarmed.
    token: Option<CancelToken>,
}

impl DropGuard {
    /// Gives the token back, uncancelled.
    ///
    /// # Panics
    ///
    /// Never: the guard is there until it is disarmed.
    pub fn disarm(mut self) -> CancelToken {
        self.token.take().expect("a guard is disarmed once")
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = self.token.take() {
            token.cancel();
        }
    }
}

/// The wait for a cancel, made by [`CancelToken::cancelled`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct Cancelled {
    token: CancelToken,
    /// The place among the waiters.
    place: Place,
}

impl Cancelled {
    /// True once polling it would not wait.
    pub(crate) fn is_over(&self) -> bool {
        self.token.is_cancelled()
    }
}

impl Future for Cancelled {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.token.is_cancelled() {
            return Poll::Ready(());
        }
        let this = &mut *self;
        let mut state = this.token.inner.state.lock();
        let old = state.waiters.enter(&mut this.place, cx.waker());
        drop(state);
        drop(old);
        // After the entry, as in `child`.
        if self.token.is_cancelled() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Cancelled {
    fn drop(&mut self) {
        if self.place.is_none() {
            return;
        }
        let mut state = self.token.inner.state.lock();
        let waker = state.waiters.leave(self.place);
        drop(state);
        drop(waker);
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelled").field("token", &self.token).finish_non_exhaustive()
    }
}
