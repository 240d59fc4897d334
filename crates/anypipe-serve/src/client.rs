//! One client, on a thread of its own.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::answer::{Seen, refused};
use crate::lines::{LONGEST, Line, Lines};
use crate::request::Request;
use crate::stream::Stream;

/// How long a client may leave what was sent to it.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long is waited for a line where no picture is due: the end of the server wakes it.
const LONG: Duration = Duration::from_secs(3600);

pub(crate) struct Client {
    stream: Stream,
    /// Set where the server ends.
    over: Arc<AtomicBool>,
    /// The pictures that it has got.
    seen: Seen,
    /// When the next is due, and how often one is.
    due: Option<(Instant, Duration)>,
    /// True until its first line, where that must be a request.
    must_ask: bool,
}

impl Client {
    pub(crate) fn new(stream: Stream, over: Arc<AtomicBool>) -> Self {
        let must_ask = stream.is_open_to_all();
        Self { stream, over, seen: Seen::default(), due: None, must_ask }
    }

    /// Serves it until it leaves, or is let go.
    pub(crate) fn serve(mut self) {
        // Where it inherits what its listener is.
        let set = self.stream.set_nonblocking(false).and_then(|()| self.stream.set_write_timeout(PATIENCE));
        if set.is_ok() {
            self.read();
        }
        self.stream.end();
    }

    fn read(&mut self) {
        let (mut lines, mut ended) = (Lines::default(), false);
        let mut bytes = [0; 4096];
        loop {
            let Some(wait) = self.send_due() else { return };
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            if ended {
                if self.due.is_none() {
                    return;
                }
                // Its own side has ended: there is nothing to read. The end of the server wakes us.
                thread::park_timeout(wait);
                continue;
            }
            if self.stream.set_read_timeout(wait.max(Duration::from_millis(1))).is_err() {
                return;
            }
            let goes_on = match self.stream.read(&mut bytes) {
                Ok(0) => {
                    ended = true;
                    lines.finish(|line| self.answer(line))
                }
                Ok(read) => lines.take(&bytes[..read], |line| self.answer(line)),
                Err(error) => {
                    matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    )
                }
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Sends the picture that is due, and gives how long there is until the next; `None` where it can't be sent.
    fn send_due(&mut self) -> Option<Duration> {
        let Some((due, every)) = self.due else { return Some(LONG) };
        let mut now = now();
        if now >= due {
            let pictures = self.seen.pictures();
            if !self.send(&pictures) {
                return None;
            }
            now = self::now();
            self.due = Some((now + every, every));
        }
        self.due.map(|(due, _)| due.saturating_duration_since(now))
    }

    /// Does what a line asks for, and answers; `false` where that can't be sent.
    fn answer(&mut self, line: Line) -> bool {
        let answer = match line {
            Line::Text(line) => self.done(&line),
            Line::TooLong => Err(format!("a line has {LONGEST} bytes at the most")),
            Line::NoText => Err("the line is no text in UTF-8".to_owned()),
        };
        let is_shut_out = std::mem::take(&mut self.must_ask) && answer.is_err();
        let answer = answer.unwrap_or_else(|error| refused(&error));
        self.send(&answer) && !is_shut_out
    }

    fn done(&mut self, line: &str) -> Result<String, String> {
        let request = Request::read(line)?;
        if let Request::Pictures { every } = request {
            self.due = every.map(|every| (now() + every, every));
        }
        self.seen.answer(request)
    }

    fn send(&mut self, line: &str) -> bool {
        self.stream.write_all(format!("{line}\n").as_bytes()).is_ok()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "its threads are on no runtime, and their sockets go by this clock"
)]
fn now() -> Instant {
    Instant::now()
}
