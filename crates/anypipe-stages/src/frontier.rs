//! Work that makes work: what waits to be begun, and what was begun.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use anypipe_core::drive::{At, Work};
use anypipe_core::stage::{drop_each, holding, poll_go_on};
use futures_core::Stream;

use crate::Name;

/// Items that were made of one item, none of which was asked for yet.
type Row<T> = Box<dyn Iterator<Item = T> + Send>;

/// Tells whether an item is to be worked on.
pub(crate) type Admit<T> = Box<dyn FnMut(&T) -> bool + Send>;

/// Which of the items that wait comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// One of the deepest, and of those one that was made last.
    Depth,
    /// One of those that wait longest.
    Breadth,
}

/// What the workers of a stage tell the stream that feeds them.
pub struct Board<T> {
    /// The depth of the last items that make others.
    max_depth: usize,
    state: Mutex<State<T>>,
}

struct State<T> {
    /// The items that are worked on, by their place in the stage's input.
    begun: BTreeMap<u64, Begun<T>>,
    /// What was made of those that are done, and not fetched yet.
    made: Vec<Level<T>>,
    /// Wakes who waits for what is made, and for the end of all work.
    waker: Option<Waker>,
}

struct Begun<T> {
    depth: usize,
    /// What was made of it.
    row: Option<Row<T>>,
}

/// A row, with the depth of its items.
struct Level<T> {
    depth: usize,
    row: Row<T>,
}

/// What there is for the one that feeds the workers.
enum Idle {
    /// Something was made.
    Made,
    /// Nothing is worked on, and nothing was made.
    Over,
}

impl<T> Board<T> {
    pub(crate) fn new(max_depth: usize) -> Self {
        let state = State { begun: BTreeMap::new(), made: Vec::new(), waker: None };
        Self { max_depth, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing of others runs under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, index: u64, depth: usize) {
        self.lock().begun.insert(index, Begun { depth, row: None });
    }

    /// The work on an item begins, perhaps once more; `true` where nothing is to be made of it.
    pub(crate) fn restart(&self, index: u64) -> bool {
        let mut state = self.lock();
        let Some(begun) = state.begun.get_mut(&index) else { return true };
        let (old, is_last) = (begun.row.take(), begun.depth >= self.max_depth);
        drop(state);
        drop(old);
        is_last
    }

    /// Keeps what was made of an item until the work on it is done.
    pub(crate) fn keep(&self, index: u64, row: impl Iterator<Item = T> + Send + 'static) {
        // Most items of a tree are leaves: where a row says that it has nothing, nobody asks it.
        if row.size_hint().1 == Some(0) {
            return;
        }
        let row: Row<T> = Box::new(row);
        let mut state = self.lock();
        let mut left = Some(row);
        if let Some(begun) = state.begun.get_mut(&index).filter(|begun| begun.depth < self.max_depth) {
            left = std::mem::replace(&mut begun.row, left);
        }
        drop(state);
        drop(left);
    }

    /// The work on an item is done: what was made of it may be begun.
    fn finish(&self, index: u64) {
        let mut state = self.lock();
        let Some(Begun { depth, row }) = state.begun.remove(&index) else { return };
        state.made.extend(row.map(|row| Level { depth: depth + 1, row }));
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    fn fetch(&self, levels: &mut VecDeque<Level<T>>, direction: Direction) {
        for level in self.lock().made.drain(..) {
            let at = match direction {
                // What is begun while deeper rows wait would leave them behind, with all that comes of it on top: in order of
                // depth no more wait of a depth than there are workers.
                Direction::Depth => levels.partition_point(|other| other.depth <= level.depth),
                Direction::Breadth => levels.len(),
            };
            levels.insert(at, level);
        }
    }

    /// Waits for what is made; once more can come from nowhere else, for the end of all work.
    fn poll_idle(&self, cx: &mut Context<'_>, is_last: bool) -> Poll<Idle> {
        let mut state = self.lock();
        if !state.made.is_empty() {
            return Poll::Ready(Idle::Made);
        }
        if is_last && state.begun.is_empty() {
            return Poll::Ready(Idle::Over);
        }
        let old = state.waker.replace(cx.waker().clone());
        drop(state);
        drop(old);
        Poll::Pending
    }
}

impl<T> Drop for Board<T> {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let begun = std::mem::take(&mut state.begun).into_values().filter_map(|begun| begun.row);
        drop_each(begun.chain(state.made.drain(..).map(|level| level.row)));
    }
}

impl<T> fmt::Debug for Board<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").field("max_depth", &self.max_depth).finish_non_exhaustive()
    }
}

/// What the workers of a stage take: what was made, and where nothing waits, items of the input.
pub(crate) struct Frontier<T> {
    /// The input, until it has ended.
    input: Option<Pin<Box<dyn Stream<Item = T> + Send>>>,
    /// What waits, that made last at the back; depth first in order of depth.
    levels: VecDeque<Level<T>>,
    direction: Direction,
    admit: Admit<T>,
    /// How many items were given.
    given: u64,
    board: Arc<Board<T>>,
    name: Name,
}

impl<T> Frontier<T> {
    pub(crate) fn new(
        input: impl Stream<Item = T> + Send + 'static,
        direction: Direction,
        admit: Admit<T>,
        board: Arc<Board<T>>,
        name: Name,
    ) -> Self {
        Self {
            input: Some(Box::pin(input)),
            levels: VecDeque::new(),
            direction,
            admit,
            given: 0,
            board,
            name,
        }
    }

    /// The next item of the row whose turn it is, with its depth; nothing where that had none, or none waits.
    fn next_made(&mut self) -> Option<(T, usize)> {
        let Self { levels, direction, name, .. } = self;
        let level = match direction {
            Direction::Depth => levels.back_mut(),
            Direction::Breadth => levels.front_mut(),
        }?;
        let depth = level.depth;
        // A row that says that it is over goes at once: a long chain must not leave one for each of its items.
        let (item, is_over) = name.guard(|| {
            let item = level.row.next();
            let is_over = item.is_none() || level.row.size_hint().1 == Some(0);
            (item, is_over)
        });
        if !is_over {
            return item.map(|item| (item, depth));
        }
        let over = match direction {
            Direction::Depth => levels.pop_back(),
            Direction::Breadth => levels.pop_front(),
        };
        holding(item.map(|item| (item, depth)), || name.guard(|| drop(over)))
    }

    /// Gives an item to be worked on, unless it isn't to be.
    fn give(&mut self, item: T, depth: usize) -> Option<T> {
        let admit = &mut self.admit;
        if !self.name.guard(|| admit(&item)) {
            return None;
        }
        self.board.begin(self.given, depth);
        self.given += 1;
        Some(item)
    }
}

// The items are only ever moved.
impl<T> Unpin for Frontier<T> {}

impl<T> Stream for Frontier<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        loop {
            this.board.fetch(&mut this.levels, this.direction);
            let mut next = this.next_made();
            if next.is_none() && this.levels.is_empty() {
                if let Some(input) = &mut this.input {
                    match input.as_mut().poll_next(cx) {
                        Poll::Ready(Some(item)) => next = Some((item, 0)),
                        Poll::Ready(None) => this.input = None,
                        Poll::Pending => {}
                    }
                }
                if next.is_none() {
                    match ready!(this.board.poll_idle(cx, this.input.is_none())) {
                        Idle::Made => {}
                        Idle::Over => return Poll::Ready(None),
                    }
                }
            }
            if let Some(item) = next.and_then(|(item, depth)| this.give(item, depth)) {
                return Poll::Ready(Some(item));
            }
            ready!(poll_go_on(cx));
        }
    }
}

impl<T> Drop for Frontier<T> {
    fn drop(&mut self) {
        drop_each(self.levels.drain(..));
    }
}

/// Work whose ends the board is told of.
///
/// One that panics or is dropped has not ended: the board must not take that for the end of all work.
pub(crate) struct Told<T, W> {
    pub(crate) work: W,
    pub(crate) board: Arc<Board<T>>,
}

impl<T: Send + 'static, W: Work<T>> Work<T> for Told<T, W> {
    type Out = W::Out;
    type State = W::State;

    fn is_err(made: &W::Out) -> bool {
        W::is_err(made)
    }

    async fn call(&self, state: &mut W::State, at: At<'_>, item: T) -> Option<W::Out> {
        let made = self.work.call(state, at, item).await;
        self.board.finish(at.index);
        made
    }

    fn call_now(&self, state: &mut W::State, at: At<'_>, item: T) -> Result<Option<W::Out>, T> {
        let made = self.work.call_now(state, at, item)?;
        self.board.finish(at.index);
        Ok(made)
    }

    fn one_task(&self) -> bool {
        self.work.one_task()
    }

    fn poll_settled(&self, state: &mut W::State, cx: &mut Context<'_>) -> Poll<()> {
        self.work.poll_settled(state, cx)
    }
}

impl<T, W> fmt::Debug for Told<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told").field("board", &self.board).finish_non_exhaustive()
    }
}
