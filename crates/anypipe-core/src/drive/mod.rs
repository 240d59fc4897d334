//! The loops that move items: a serial task, workers that share an input, and the hop between two tasks.
//!
//! A stage that is a boundary describes its work on one item as [`Work`] and hands it to a
//! [`Boundary`], which spawns the tasks and returns the stream that comes out. A sink loops over
//! [`Items`], or is [`fold_items`]. The README beside the source explains the protocol.

mod auto;
mod books;
mod boundary;
mod burst;
mod climb;
mod crew;
mod gauge;
mod hop;
mod idle;
mod inlet;
mod items;
mod keys;
mod ledger;
mod line;
mod outlet;
mod pace;
mod pair;
mod port;
mod waiting;
mod worker;

#[cfg(all(test, loom))]
mod loom;

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

pub use self::auto::{Auto, WorkerCount, auto};
pub use self::boundary::{Boundary, DEFAULT_BUFFER, Limits};
pub(crate) use self::boundary::{MOST_BUFFER, check_buffer, check_workers};
pub use self::burst::Burst;
pub use self::crew::{Key, Order};
pub use self::inlet::Inlet;
pub use self::items::{Items, fold_items};
pub use self::outlet::Outlet;
use crate::scope::Tally;

/// Tells an item's weight.
pub type Weigh<T> = Arc<dyn Fn(&T) -> usize + Send + Sync>;

/// What a boundary does with one item.
///
/// # What an implementer MUST do
///
/// 1. Before the future is polled nothing MUST happen but a call of the user's closure for it.
/// 2. User closures MUST be called through [`in_stage`](crate::stage::in_stage), or inside the future
///    (whose panics are told with the name of the boundary).
pub trait Work<In>: Send + Sync + 'static {
    /// What comes of an item.
    type Out: Send + 'static;
    /// What each worker keeps for itself, made by `Default` before its first item; `()` for most.
    type State: Default + Send + 'static;

    /// Works on one item, at this place; `None` filters it out.
    ///
    /// Of an item that [`call_now`](Work::call_now) has worked on, this is not called.
    fn call<'a>(
        &'a self,
        state: &'a mut Self::State,
        at: At<'a>,
        item: In,
    ) -> impl Future<Output = Option<Self::Out>> + Send + 'a;

    /// Does what [`call`](Work::call) does, at once, where the work never waits for anything: no future is made then, which
    /// costs as much as the rest of the loop. Gives the item back where the work may have to wait, as most does.
    ///
    /// # Errors
    ///
    /// The item, of which nothing was done.
    fn call_now(&self, state: &mut Self::State, at: At<'_>, item: In) -> Result<Option<Self::Out>, In> {
        let _ = (state, at);
        Err(item)
    }

    /// Where the tasks of the stage are polled: elsewhere than others where [`call_now`](Work::call_now), or the input,
    /// blocks its thread. What blocks is called through [`block_here`](crate::scope::block_here).
    fn threads(&self) -> Threads {
        Threads::Tasks
    }

    /// Whether only one task can do it, since its items depend on each other, or others would find nothing to do: such a
    /// stage gets no other workers while it runs.
    fn one_task(&self) -> bool {
        false
    }

    /// Whether something is an `Err`, for the run's statistics; work that makes results by its meaning tells.
    fn is_err(made: &Self::Out) -> bool {
        let _ = made;
        false
    }

    /// Ready once nothing runs any more that an earlier call has begun: work on a thread goes on where its
    /// future was dropped. A worker takes its next item after that, so that no more runs than there are
    /// workers; work that wraps other work passes it on. Where nothing is left running, as with most work,
    /// it is ready at once.
    fn poll_settled(&self, state: &mut Self::State, cx: &mut Context<'_>) -> Poll<()> {
        let _ = (state, cx);
        Poll::Ready(())
    }
}

/// Which of the runtime's threads poll the tasks of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// Those that poll all tasks.
    Tasks,
    /// Those for blocking work: a job goes on with item after item while they are quick, and ends with one that is slow. The
    /// scope joins it, however long it takes.
    Blocking,
    /// As `Blocking`, for what may never return: after a cancel the scope waits for the job this long, and then leaves it
    /// alone on its thread.
    BlockingFor(Duration),
}

/// Where [`Work`] is done: in which stage, on which of its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At<'a> {
    /// The stage's name.
    pub stage: &'a str,
    /// The item's place in the stage's input, counted from 0.
    pub index: u64,
}
