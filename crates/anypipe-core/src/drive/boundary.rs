use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Weak};

use futures_core::Stream;

use super::crew::{Crew, Feed, Key, Order};
use super::gauge::{Gauge, steer};
use super::hop::{Hop, Room};
use super::ledger::lent;
use super::pair::hop;
use super::port::Port;
use super::worker::{Bench, Common, OneTask, Tasks};
use super::{Inlet, Outlet, Threads, Weigh, Work};
use crate::holds::Holds;
use crate::scope::{About, Resize, Scope, TaskName};

/// How many items wait between two tasks where nothing else was asked for.
pub const DEFAULT_BUFFER: usize = 64;

/// The most workers of a stage. Each is a task: more than this is a mistake, such as a length of time or
/// `usize::MAX` for "as many as there are".
const MOST_WORKERS: usize = 1 << 20;

/// Room without a limit on the number of items, and the most there can be; far from any overflow.
pub(crate) const MOST_BUFFER: usize = usize::MAX / 4;

/// Limits of a boundary that depend on its items.
pub struct Limits<In, Out> {
    /// Works on items of one key one after the other, and gives those in order.
    pub key: Option<Key<In>>,
    /// Lets finished items wait up to a weight, instead of up to a number.
    pub weight: Option<(usize, Weigh<Out>)>,
}

impl<In, Out> Default for Limits<In, Out> {
    fn default() -> Self {
        Self { key: None, weight: None }
    }
}

impl<In, Out> fmt::Debug for Limits<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("keyed", &self.key.is_some())
            .field("weight", &self.weight.as_ref().map(|(most, _)| most))
            .finish_non_exhaustive()
    }
}

/// Tells what is wrong with so many workers of a stage, where they are asked for by this call.
pub(crate) fn check_workers(call: &str, name: &str, n: usize) -> Result<(), String> {
    if n == 0 {
        return Err(format!("`{call}(0)`: stage `{name}` needs at least one worker"));
    }
    if n > MOST_WORKERS {
        return Err(format!(
            "`{call}({n})`: each worker of stage `{name}` is a task; ask for as many items as are to be \
             worked on at the same time, {MOST_WORKERS} at the most",
        ));
    }
    Ok(())
}

/// Tells what is wrong with a buffer of this size.
pub(crate) fn check_buffer(call: &str, name: &str, n: usize) -> Result<(), String> {
    if n == 0 {
        return Err(format!("`{call}(0)`: stage `{name}` without a buffer is made by `rendezvous()`"));
    }
    Ok(())
}

/// The tasks of a stage: how many, what they are called, how much may wait behind them, in which order.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::Holds;
/// use anypipe::author::Boundary;
///
/// let boundary = Boundary::new("fetch").workers(3).buffer_size(10);
/// assert_eq!(boundary.holds(), Holds::at_most(13));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// The stage's name, told in panics and reports.
    name: Cow<'static, str>,
    /// How many tasks share the input: at the beginning, where there may be up to
    workers: usize,
    /// so many, as it is worth.
    most: Option<usize>,
    /// How many finished items may wait.
    buffer: usize,
    /// The order of the output.
    order: Order,
}

impl Boundary {
    /// One task and the default buffer, in order.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), workers: 1, most: None, buffer: DEFAULT_BUFFER, order: Order::Ordered }
    }

    /// The stage's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Calls the stage something else.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Has `n` tasks share the input: `n` items are worked on at the same time.
    ///
    /// # Panics
    ///
    /// Where `n` is 0, and where it is over 1 048 576: each worker is a task.
    #[track_caller]
    pub fn workers(mut self, n: usize) -> Self {
        check_workers("workers", &self.name, n).unwrap_or_else(|message| panic!("{message}"));
        (self.workers, self.most) = (n, None);
        self
    }

    /// Has as many tasks share the input as are worth having, between these: the stage is watched, and gets more while
    /// it holds up the others and more do more, and fewer while they wait much of their time.
    ///
    /// # Panics
    ///
    /// Where `least` is 0, where it is over `most`, and where that is over 1 048 576.
    #[track_caller]
    pub fn workers_within(mut self, least: usize, most: usize) -> Self {
        let name = &self.name;
        assert!(least > 0, "`auto({least}..={most})`: stage `{name}` needs at least one worker");
        assert!(
            least <= most,
            "`auto({least}..={most})`: there is no number of workers for stage `{name}` in this range"
        );
        check_workers("auto", name, most).unwrap_or_else(|message| panic!("{message}"));
        (self.workers, self.most) = (least, Some(most));
        self
    }

    /// Has `n` finished items wait at the most, besides those being worked on.
    ///
    /// # Panics
    ///
    /// Where `n` is 0: that is [`rendezvous`](Boundary::rendezvous).
    #[track_caller]
    pub fn buffer_size(mut self, n: usize) -> Self {
        check_buffer("buffer_size", &self.name, n).unwrap_or_else(|message| panic!("{message}"));
        self.buffer = n;
        self
    }

    /// Has nothing wait: a worker takes its next item when its last one was taken.
    pub fn rendezvous(mut self) -> Self {
        self.buffer = 0;
        self
    }

    /// Gives what is made in this order.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// The most items it holds: those that wait and those being worked on.
    pub fn holds(&self) -> Holds {
        Holds::at_most(self.buffer) + Holds::at_most(self.most.unwrap_or(self.workers))
    }

    /// Spawns the tasks into `scope`; gives the stream of what they make.
    pub fn attach<In, W>(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        work: W,
        scope: &Scope,
    ) -> Outlet<W::Out>
    where
        In: Send + 'static,
        W: Work<In>,
    {
        self.attach_with(input, work, Limits::default(), scope)
    }

    /// As [`attach`](Boundary::attach), with limits that depend on the items.
    pub fn attach_with<In, W>(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        work: W,
        limits: Limits<In, W::Out>,
        scope: &Scope,
    ) -> Outlet<W::Out>
    where
        In: Send + 'static,
        W: Work<In>,
    {
        let input = Inlet::new(input);
        if work.one_task() {
            let threads = work.threads();
            self.spawn(input, true, limits, scope, &OneTask::new(work, threads))
        } else {
            self.spawn(input, false, limits, scope, &Common::Crew(Arc::new(work)))
        }
    }

    /// Spawns the workers; built once for the types of the items.
    #[inline(never)]
    fn spawn<In, Out>(
        self,
        input: Inlet<In>,
        one_task: bool,
        limits: Limits<In, Out>,
        scope: &Scope,
        tasks: &dyn Tasks<In, Out>,
    ) -> Outlet<Out>
    where
        In: Send + 'static,
        Out: Send + 'static,
    {
        let blocks = tasks.threads() != Threads::Tasks;
        // A weight takes the place of the number of items.
        let weighed = limits.weight.is_some();
        let steered = self.most.filter(|most| !one_task && *most > self.workers);
        let permits = self.permits(weighed);
        let lent = lent(self.workers, permits, weighed);
        let room = Room { one_task, steered: steered.is_some(), permits, weight: limits.weight };
        let (about, name) = (self.about(weighed, blocks), TaskName::from(self.name));
        let tally = scope.tally(name.clone(), about);
        let (hop, outlet) = hop(self.workers, room, name, tally, scope);
        let (resize, tally): (Weak<dyn Resize>, _) = (Arc::<Hop<Out>>::downgrade(&hop), &hop.board.tally);
        if let Some(most) = steered {
            let (_, name) = &hop.board.stage;
            steer(name, resize.clone(), Gauge::new(scope, tally, blocks), (self.workers, most));
        }
        scope.enter_resize(tally, resize);
        let spawn = |index, feed| {
            let port = Port::new(Arc::clone(&hop), index, lent);
            Bench::new(feed, port, scope.clone()).spawn(scope, tasks);
        };
        if self.workers == 1 {
            spawn(0, Feed::alone(input, self.order, limits.key));
        } else {
            let crew = Crew::new(self.workers, Some(input), limits.key, tally.clone());
            for index in 0..self.workers {
                spawn(index, Feed::shared(Arc::clone(&crew), self.order));
            }
        }
        outlet
    }

    /// How many items there may be, those being made included.
    fn permits(&self, weighed: bool) -> usize {
        let buffer = if weighed { MOST_BUFFER } else { self.buffer };
        buffer.min(MOST_BUFFER) + self.workers
    }

    /// What the run's pictures tell of it.
    fn about(&self, weighed: bool, blocks: bool) -> About {
        About { counts: true, buffer: (!weighed).then_some(self.buffer), blocks, ..About::default() }
    }
}
