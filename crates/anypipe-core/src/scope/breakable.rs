use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::panic::{break_off, resume_from_drop};

pin_project! {
    /// A future that breaks where it is dropped before its end: what it was sending into sees
    /// [`Broken`](crate::channel::RecvError::Broken) then, so that work that was cut off never looks complete.
    ///
    /// Whatever drops a user's future that is not done drops it in this: a race that is lost, a limit of time,
    /// a consumer that has gone. What a scope drops is broken anyway.
    ///
    /// # Panics
    ///
    /// Where the future does, and where it is polled again after its end.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_core::__anypipe as anypipe;
    /// use anypipe::author::Breakable;
    /// use anypipe::channel::{TryRecvError, bounded};
    ///
    /// let (sender, receiver) = bounded::<u8>(1);
    /// let work = Breakable::new(async move { sender.send(1).await });
    /// drop(work);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Broken));
    /// ```
    #[derive(Debug)]
    #[must_use = "a future does nothing unless it is awaited"]
    pub struct Breakable<F> {
        // `None` once it is done.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Breakable<F> {
        fn drop(this: Pin<&mut Self>) {
            if this.future.is_some() {
                this.break_off();
            }
        }
    }
}

impl<F> Breakable<F> {
    /// Watches over a future, from before its first poll.
    pub fn new(future: F) -> Self {
        Self { future: Some(future) }
    }

    /// Drops a future that has not ended.
    #[cold]
    fn break_off(self: Pin<&mut Self>) {
        let mut future = self.project().future;
        if let Err(panic) = break_off(&mut || future.set(None)) {
            resume_from_drop(panic);
        }
    }

    /// What it watched over, for somebody else to answer for.
    pub(crate) fn into_inner(mut self) -> F {
        self.future.take().expect("nothing was polled")
    }
}

impl<F: Future> Future for Breakable<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut future = self.project().future;
        let running = future.as_mut().as_pin_mut().expect("a future was polled after its end");
        let value = ready!(running.poll(cx));
        future.set(None);
        Poll::Ready(value)
    }
}
