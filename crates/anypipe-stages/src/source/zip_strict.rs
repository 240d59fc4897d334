use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anypipe_core::{Holds, Scope, Source};
use futures_core::Stream;

use super::combine::{Combine, CombineMany, How, Several};
use super::lanes::{Lanes, Row};
use super::zip::{Zip, pair, row, take_pair, take_row};

/// Gives rows of one item of each source, and an `Err` where they don't end together; see
/// [`zip_strict`].
#[derive(Clone, Copy, Debug)]
pub struct ZipStrict;

/// The source of `Pipeline::zip_strict` and of `source::zip_strict`, where all of it is told.
pub fn zip_strict<S: Source>(sources: impl IntoIterator<Item = S>) -> Several<ZipStrict, S> {
    Several::new(ZipStrict, sources)
}

/// The sources of a `zip_strict` did not end together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct UnequalEnds {
    /// The first source that had ended, counted from 0.
    pub source: usize,
    /// How many rows there were.
    pub rows: u64,
}

impl fmt::Display for UnequalEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, rows } = self;
        write!(f, "source {source} ended after {rows} items, and not all of the others did")
    }
}

impl Error for UnequalEnds {}

impl How for ZipStrict {
    const NAME: &'static str = "zip_strict";
}

impl<A: Send + 'static, B: Send + 'static> Combine<A, B> for ZipStrict {
    type Out = Result<(A, B), UnequalEnds>;

    fn combine<Y: Source<Item = B>>(
        self,
        first: impl Source<Item = A>,
        second: Y,
        scope: &Scope,
    ) -> impl Stream<Item = Self::Out> + Send + 'static {
        StrictlyZipped::new(pair(first, second, scope), take_pair)
    }

    fn holds(first: Holds, second: Holds) -> Holds {
        <Zip as Combine<A, B>>::holds(first, second)
    }
}

impl<T: Send + 'static> CombineMany<T> for ZipStrict {
    type Out = Result<Vec<T>, UnequalEnds>;

    fn combine_many<S: Source<Item = T>>(
        self,
        sources: Vec<S>,
        scope: &Scope,
    ) -> impl Stream<Item = Self::Out> + Send + 'static {
        StrictlyZipped::new(row(sources, scope), take_row)
    }

    fn holds_many(sources: &mut dyn ExactSizeIterator<Item = Holds>) -> Holds {
        <Zip as CombineMany<T>>::holds_many(sources)
    }
}

struct StrictlyZipped<L, R> {
    row: Row<L>,
    /// Makes a row of the lanes' items.
    take: fn(&mut L) -> R,
    /// How many rows there were.
    rows: u64,
    state: State,
}

enum State {
    Open,
    /// A lane has ended; those before it had items or have not told yet.
    Ended(usize),
    /// The lanes are closed; what there is to tell of it is told once their tasks have ended.
    Closed(Option<UnequalEnds>),
}

impl<L: Lanes, R> StrictlyZipped<L, R> {
    fn new(lanes: L, take: fn(&mut L) -> R) -> Self {
        let row = Row::new(lanes);
        let state = if row.is_empty() { State::Closed(None) } else { State::Open };
        Self { row, take, rows: 0, state }
    }

    fn close(&mut self, error: Option<UnequalEnds>) {
        self.row.close();
        self.state = State::Closed(error);
    }
}

// The lanes are only ever moved.
impl<L, R> Unpin for StrictlyZipped<L, R> {}

impl<L: Lanes, R> Stream for StrictlyZipped<L, R> {
    type Item = Result<R, UnequalEnds>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match &mut this.state {
                State::Open => match ready!(this.row.poll_fill(cx)) {
                    Ok(()) => {
                        this.rows += 1;
                        let row = (this.take)(&mut this.row.lanes);
                        this.row.taken();
                        return Poll::Ready(Some(Ok(row)));
                    }
                    Err(source) => this.state = State::Ended(source),
                },
                State::Ended(source) => {
                    let error = UnequalEnds { source: *source, rows: this.rows };
                    let together = ready!(this.row.poll_others(cx));
                    this.close((!together).then_some(error));
                }
                State::Closed(error) => {
                    ready!(this.row.poll_closed(cx));
                    return Poll::Ready(error.take().map(Err));
                }
            }
        }
    }
}
