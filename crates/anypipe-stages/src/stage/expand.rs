use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use anypipe_core::drive::{At, Key, Weigh, Work};
use anypipe_core::option::{Named, OfItems, Wrapped, pass_options};
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::frontier::{Admit, Board, Direction, Frontier, Told};
use crate::{Name, Parallel};

/// Work that makes work; made by [`expand`], [`try_expand`] and [`expand_map`].
///
/// `D` tells which items are worked on: [`EveryItem`], or [`FirstOfKey`].
#[derive(Clone, Debug)]
pub struct Expand<D, P> {
    parallel: P,
    direction: Direction,
    max_depth: usize,
    admits: D,
}

/// The stage of `Pipeline::expand`, where all of it is told.
pub fn expand<F>(f: F) -> Expand<EveryItem, Parallel<Branching<Rows, F>>> {
    Expand::new("expand", f)
}

/// The stage of `Pipeline::try_expand`, where all of it is told.
pub fn try_expand<F>(f: F) -> Expand<EveryItem, Parallel<Branching<TryRows, F>>> {
    Expand::new("try_expand", f)
}

/// The stage of `Pipeline::expand_map`, where all of it is told.
pub fn expand_map<F>(f: F) -> Expand<EveryItem, Parallel<Branching<MappedRows, F>>> {
    Expand::new("expand_map", f)
}

impl<H, F> Expand<EveryItem, Parallel<Branching<H, F>>> {
    fn new(operator: &'static str, f: F) -> Self {
        let parallel = Parallel::new(operator, Branching { f, how: PhantomData });
        Self { parallel, direction: Direction::Depth, max_depth: usize::MAX, admits: EveryItem }
    }
}

impl<D, P> Expand<D, P> {
    /// Works next on what was made last.
    pub fn depth_first(self) -> Self {
        Self { direction: Direction::Depth, ..self }
    }

    /// Works next on what waits longest.
    pub fn breadth_first(self) -> Self {
        Self { direction: Direction::Breadth, ..self }
    }

    /// Makes nothing of items that are `n` steps from the input.
    pub fn max_depth(self, n: usize) -> Self {
        Self { max_depth: n, ..self }
    }

    /// Works on the first item of each key only.
    pub fn dedup_by<F>(self, key: F) -> Expand<FirstOfKey<F>, P> {
        let Self { parallel, direction, max_depth, .. } = self;
        Expand { parallel, direction, max_depth, admits: FirstOfKey { key } }
    }
}

impl<In, D, W, K, V> Stage<In> for Expand<D, Parallel<W, K, V>>
where
    In: Send + 'static,
    D: Admits<In>,
    W: Branch<In>,
    K: OfItems<Key<In>> + Send + 'static,
    V: OfItems<(usize, Weigh<<W::Bound as Work<In>>::Out>)> + Send + 'static,
{
    type Out = <W::Bound as Work<In>>::Out;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        scope: &Scope,
    ) -> impl Stream<Item = Self::Out> + Send + 'static {
        let Self { parallel, direction, max_depth, admits } = self;
        let name = Name(parallel.boundary().name().to_owned().into());
        let board = Arc::new(Board::new(max_depth));
        let frontier = Frontier::new(input, direction, admits.into_admit(), Arc::clone(&board), name);
        parallel.map_work(|work| Told { work: work.bind(&board), board }).attach(frontier, scope)
    }

    fn holds(&self) -> Holds {
        Holds::UNBOUNDED
    }
}

pass_options!(Expand<D, [P]>, P::Can, P::Last, |expand, edit| Expand {
    parallel: expand.parallel.configure(edit),
    direction: expand.direction,
    max_depth: expand.max_depth,
    admits: expand.admits
});

impl<D, P: Named> Named for Expand<D, P> {
    fn named(self, name: Cow<'static, str>) -> Self {
        Self { parallel: self.parallel.named(name), ..self }
    }
}

/// Which items are worked on.
pub trait Admits<In>: Send + 'static {
    /// What tells it in one run.
    #[doc(hidden)]
    fn into_admit(self) -> Admit<In>;
}

/// All of them.
#[derive(Clone, Copy, Debug)]
pub struct EveryItem;

impl<In> Admits<In> for EveryItem {
    fn into_admit(self) -> Admit<In> {
        Box::new(|_| true)
    }
}

/// The first of each key.
#[derive(Clone, Copy)]
pub struct FirstOfKey<F> {
    key: F,
}

impl<In, F, K> Admits<In> for FirstOfKey<F>
where
    F: Fn(&In) -> K + Send + 'static,
    K: Eq + Hash + Send + 'static,
{
    fn into_admit(self) -> Admit<In> {
        let mut seen = HashSet::new();
        Box::new(move |item| seen.insert((self.key)(item)))
    }
}

impl<F> fmt::Debug for FirstOfKey<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstOfKey").finish_non_exhaustive()
    }
}

/// Work that tells a board what it makes, options around it included.
pub trait Branch<In>: Send + 'static {
    /// The work, bound to the board of one run.
    type Bound: Work<In>;

    /// Binds it.
    #[doc(hidden)]
    fn bind(self, board: &Arc<Board<In>>) -> Self::Bound;
}

/// An asynchronous closure that makes items of an item; `H` tells what it gives.
#[derive(Clone, Debug)]
pub struct Branching<H, F> {
    f: F,
    how: PhantomData<fn() -> H>,
}

impl<In, H, F, Fut> Branch<In> for Branching<H, F>
where
    In: Send + 'static,
    F: Fn(In) -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'static,
    H: Answers<In, Fut::Output>,
{
    type Bound = Bound<In, H, F>;

    fn bind(self, board: &Arc<Board<In>>) -> Bound<In, H, F> {
        Bound { branching: self, board: Arc::clone(board) }
    }
}

impl<In, How, W> Branch<In> for Wrapped<How, W>
where
    W: Branch<In>,
    How: Send + 'static,
    Wrapped<How, W::Bound>: Work<In>,
{
    type Bound = Wrapped<How, W::Bound>;

    fn bind(self, board: &Arc<Board<In>>) -> Self::Bound {
        self.map_work(|work| work.bind(board))
    }
}

/// [`Branching`], bound to the board of one run.
#[derive(Debug)]
pub struct Bound<In, H, F> {
    branching: Branching<H, F>,
    board: Arc<Board<In>>,
}

impl<In, H, F, Fut> Work<In> for Bound<In, H, F>
where
    In: Send + 'static,
    F: Fn(In) -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'static,
    H: Answers<In, Fut::Output>,
{
    type Out = H::Out;
    type State = ();

    fn is_err(made: &H::Out) -> bool {
        H::is_err(made)
    }

    async fn call(&self, (): &mut (), at: At<'_>, item: In) -> Option<H::Out> {
        let mut item = item;
        if self.board.restart(at.index) {
            item = match H::pass(item) {
                Ok(out) => return Some(out),
                Err(item) => item,
            };
        }
        let kept = H::keep(&item);
        let answer = (self.branching.f)(item).await;
        let (out, row) = H::split(kept, answer);
        if let Some(row) = row {
            self.board.keep(at.index, row.into_iter());
        }
        Some(out)
    }
}

/// What a closure gives for an item: what goes out, and what is to be worked on.
pub trait Answers<In, Answer>: Send + Sync + 'static {
    /// What is kept of the item meanwhile.
    type Kept: Send;
    /// What goes out.
    type Out: Send + 'static;
    /// What is to be worked on.
    type Row: IntoIterator<Item = In, IntoIter: Send + 'static>;

    /// Keeps what is needed of the item.
    fn keep(item: &In) -> Self::Kept;

    /// What the answer means.
    fn split(kept: Self::Kept, answer: Answer) -> (Self::Out, Option<Self::Row>);

    /// What goes out for an item of which nothing is to be made; the item where only the closure can tell.
    ///
    /// # Errors
    ///
    /// The item.
    fn pass(item: In) -> Result<Self::Out, In>;

    /// Whether what goes out is an `Err`.
    fn is_err(_out: &Self::Out) -> bool {
        false
    }
}

/// The closure gives a row of items.
#[derive(Clone, Copy, Debug)]
pub struct Rows;

impl<In, Y> Answers<In, Y> for Rows
where
    In: Clone + Send + 'static,
    Y: IntoIterator<Item = In, IntoIter: Send + 'static>,
{
    type Kept = In;
    type Out = In;
    type Row = Y;

    fn keep(item: &In) -> In {
        item.clone()
    }

    fn split(kept: In, row: Y) -> (In, Option<Y>) {
        (kept, Some(row))
    }

    fn pass(item: In) -> Result<In, In> {
        Ok(item)
    }
}

/// The closure gives a row of items, or an error.
#[derive(Clone, Copy, Debug)]
pub struct TryRows;

impl<In, Y, E> Answers<In, Result<Y, E>> for TryRows
where
    In: Clone + Send + 'static,
    Y: IntoIterator<Item = In, IntoIter: Send + 'static>,
    E: Send + 'static,
{
    type Kept = In;
    type Out = Result<In, E>;
    type Row = Y;

    fn keep(item: &In) -> In {
        item.clone()
    }

    fn split(kept: In, answer: Result<Y, E>) -> (Result<In, E>, Option<Y>) {
        match answer {
            Ok(row) => (Ok(kept), Some(row)),
            Err(error) => (Err(error), None),
        }
    }

    fn pass(item: In) -> Result<Result<In, E>, In> {
        Ok(Ok(item))
    }

    fn is_err(out: &Result<In, E>) -> bool {
        out.is_err()
    }
}

/// The closure gives what goes out, and a row of items.
#[derive(Clone, Copy, Debug)]
pub struct MappedRows;

impl<In, U, Y> Answers<In, (U, Y)> for MappedRows
where
    In: Send + 'static,
    U: Send + 'static,
    Y: IntoIterator<Item = In, IntoIter: Send + 'static>,
{
    type Kept = ();
    type Out = U;
    type Row = Y;

    fn keep(_item: &In) {}

    fn split((): (), (out, row): (U, Y)) -> (U, Option<Y>) {
        (out, Some(row))
    }

    fn pass(item: In) -> Result<U, In> {
        Err(item)
    }
}
