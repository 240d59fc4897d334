use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::registry::{self, Id, NUMBERS, Wanted};

/// A signal that asks the process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// Ctrl-C: `SIGINT`.
    CtrlC,
    /// `SIGTERM`, as service managers send it.
    Terminate,
}

impl Signal {
    /// Its number.
    pub fn number(self) -> i32 {
        NUMBERS[self.place()]
    }

    /// What a process that was ended by it exits with: 128 and its number.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe_signal::Signal;
    ///
    /// assert_eq!((Signal::CtrlC.exit_status(), Signal::Terminate.exit_status()), (130, 143));
    /// ```
    pub fn exit_status(self) -> i32 {
        128 + self.number()
    }

    fn place(self) -> usize {
        match self {
            Self::CtrlC => 0,
            Self::Terminate => 1,
        }
    }

    pub(crate) fn at(place: usize) -> Self {
        if place == 0 { Self::CtrlC } else { Self::Terminate }
    }
}

/// Waits for Ctrl-C, from this call on.
///
/// # Panics
///
/// Where the process can have no more threads or pipes.
///
/// # Cancel safety
///
/// Dropping it stops the waiting. A Ctrl-C that nobody else waits for ends the process then.
///
/// # Examples
///
/// ```
/// # use anypipe_signal as signal;
/// # let _ = async {
/// signal::ctrl_c().await;
/// println!("Ctrl-C: once more ends the process");
/// # };
/// ```
#[doc(alias("open_signal_receiver"))]
pub fn ctrl_c() -> Signals {
    Signals::new([true, false])
}

/// Waits for `SIGTERM`, by which service managers ask a process to end, from this call on. On Windows it never comes.
///
/// # Panics
///
/// Where the process can have no more threads or pipes.
///
/// # Cancel safety
///
/// As [`ctrl_c`].
///
/// # Examples
///
/// ```
/// # use anypipe_signal as signal;
/// # let _ = async {
/// signal::terminate().await;
/// # };
/// ```
pub fn terminate() -> Signals {
    Signals::new([false, true])
}

/// Waits for either of them, from this call on.
///
/// # Panics
///
/// Where the process can have no more threads or pipes.
///
/// # Cancel safety
///
/// As [`ctrl_c`].
///
/// # Examples
///
/// ```
/// # use anypipe_signal as signal;
/// # let _ = async {
/// let asked_by = signal::any().await;
/// # };
/// ```
pub fn any() -> Signals {
    Signals::new([true, true])
}

/// A wait for signals: a future of the first, and a stream of each; made by [`ctrl_c`], [`terminate`] and [`any`].
///
/// As a future it waits for no second: that one ends the process unless somebody else waits for it, or it is awaited again.
/// As a stream it waits for the next once it has given one, and never ends; a signal that comes before the last was
/// taken ends the process, since a program that doesn't look any more is to be ended by it.
///
/// # Cancel safety
///
/// Dropping it stops the waiting. A reference to it that is dropped while pending has lost nothing.
#[must_use = "once this is dropped a signal ends the process"]
pub struct Signals {
    wanted: Wanted,
    /// Its name among those who wait; `None` once it has given one as a future.
    id: Option<Id>,
}

impl Signals {
    fn new(wanted: Wanted) -> Self {
        Self { wanted, id: Some(registry::enter(wanted)) }
    }

    /// The next signal, as the stream gives it.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has lost nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_signal as signal;
    /// # let _ = async {
    /// let mut interrupts = signal::ctrl_c();
    /// loop {
    ///     interrupts.recv().await;
    ///     println!("the line is dropped, and the program goes on");
    /// }
    /// # };
    /// ```
    pub async fn recv(&mut self) -> Signal {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    fn poll_recv(&mut self, cx: &Context<'_>) -> Poll<Signal> {
        let id = *self.id.get_or_insert_with(|| registry::enter(self.wanted));
        registry::look(id, cx.waker()).map_or(Poll::Pending, |place| Poll::Ready(Signal::at(place)))
    }

    fn leave(&mut self) {
        if let Some(id) = self.id.take() {
            registry::leave(id);
        }
    }
}

impl Future for Signals {
    type Output = Signal;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Signal> {
        let polled = self.poll_recv(cx);
        if polled.is_ready() {
            self.leave();
        }
        polled
    }
}

impl Stream for Signals {
    type Item = Signal;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Signal>> {
        self.poll_recv(cx).map(Some)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals").field("waiting", &self.id.is_some()).finish_non_exhaustive()
    }
}
