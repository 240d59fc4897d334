use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;

use super::hop::{Outlet, hop};
use super::{Work, crew, serial};
use crate::scope::Scope;
use crate::stage::Holds;

/// How many items wait between two tasks where nothing else was asked for.
pub const DEFAULT_BUFFER: usize = 64;

/// In which order a boundary gives what its workers make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// In the order of the input.
    #[default]
    Ordered,
    /// As it is done.
    Unordered,
}

/// The tasks of a stage: how many, what they are called, how much may wait behind them, in which order.
///
/// # Examples
///
/// ```
/// use anypipe_core::Holds;
/// use anypipe_core::drive::Boundary;
///
/// let boundary = Boundary::new("fetch").workers(3).buffer_size(10);
/// assert_eq!(boundary.holds(), Holds::at_most(13));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// The stage's name, told in panics and reports.
    name: Cow<'static, str>,
    /// How many tasks share the input.
    workers: usize,
    /// How many finished items may wait.
    buffer: usize,
    /// The order of the output.
    order: Order,
}

impl Boundary {
    /// One task and the default buffer, in order.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), workers: 1, buffer: DEFAULT_BUFFER, order: Order::Ordered }
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
    /// Where `n` is 0.
    #[track_caller]
    pub fn workers(mut self, n: usize) -> Self {
        assert!(n > 0, "`workers(0)`: stage `{}` needs at least one worker", self.name);
        self.workers = n;
        self
    }

    /// Has `n` finished items wait at the most, besides those being worked on.
    ///
    /// # Panics
    ///
    /// Where `n` is 0: that is [`rendezvous`](Boundary::rendezvous).
    #[track_caller]
    pub fn buffer_size(mut self, n: usize) -> Self {
        let name = &self.name;
        assert!(n > 0, "`buffer_size(0)`: stage `{name}` without a buffer is made by `rendezvous()`");
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
        Holds::at_most(self.buffer.saturating_add(self.workers))
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
        let permits = self.buffer.saturating_add(self.workers);
        let (mut ports, outlet) = hop(self.workers, permits, &self.name, scope);
        if self.workers == 1 {
            let port = ports.pop().expect("one port for each worker");
            scope.spawn(self.name, serial::serial(input, work, port, scope.clone()));
            return outlet;
        }
        let input: Pin<Box<dyn Stream<Item = In> + Send>> = Box::pin(input);
        let crew = Arc::new(crew::Crew::new(input, self.order));
        let work = Arc::new(work);
        for (index, port) in ports.into_iter().enumerate() {
            let member = crew::Member::new(Arc::clone(&crew), index, port, scope.clone());
            scope.spawn(self.name.clone(), member.run(Arc::clone(&work)));
        }
        outlet
    }
}
