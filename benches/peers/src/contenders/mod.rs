//! Who is measured. A contender is a file here, and a line in the list below.

mod by_hand;

use std::any::Any;
use std::ops::Range;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::runtime::Runtime;

/// Mounts the files, and lists their contenders in this order.
macro_rules! contenders {
    ($($file:ident,)*) => {
        $(pub mod $file;)*

        pub const ALL: &[Contender] = &[$(self::$file::CONTENDER),*];
    };
}

contenders! {
    anypipe, // the first: ratios are to its figures
    tokio_mpsc,
    tokio_recv_many,
    flume,
    async_channel,
    crossfire,
    kanal,
    buffered,
    buffer_unordered,
    futures,
    pumps,
    par_stream,
    tokio_par_util,
    rayon,
    pariter,
    iterator,
}

/// What a contender gives.
type Later<T> = BoxFuture<'static, T>;

/// Work to be timed. What it gives is compared with what it should: mostly a sum of items.
pub type Job = Later<u64>;

/// How a contender does a kind of work; `None` where it has no way of its own.
type Way<In, Out = u64> = Option<fn(In) -> Later<Out>>;

/// How a contender does each kind of work.
pub struct Contender {
    pub name: &'static str,
    /// Sums items that went through four tasks in a row, each with a buffer behind it.
    pub hop: Way<Hop>,
    /// Sums items that workers took through a future that completes at once, in input order.
    pub ordered: Way<Crew>,
    /// The same, in any order.
    pub unordered: Way<Crew>,
    /// Sums items that two stages of workers took through a [`nap`] each.
    pub naps: Way<Crew>,
    /// Sums items that workers took through a [`turn`] each, in any order.
    pub turns: Way<Crew>,
    /// Sums items on each of which [`crate::spin::work`] was done.
    pub cpu: Way<Crew>,
    /// Sends items one at a time through four tasks; gives how long each was on its way.
    pub latency: Way<u64, Vec<Duration>>,
    /// Starts so many runs of four tasks, takes an item through each, and has all wait; gives what keeps them.
    pub park: Way<u64, Box<dyn Any + Send>>,
    /// Folds items behind the three closures of [`FUSED`].
    pub fused: Way<u64>,
    /// Sums the items of many sources.
    pub merge: Way<Sources>,
}

impl Contender {
    /// One that does nothing yet.
    const fn named(name: &'static str) -> Self {
        Self {
            name,
            hop: None,
            ordered: None,
            unordered: None,
            naps: None,
            turns: None,
            cpu: None,
            latency: None,
            park: None,
            fused: None,
            merge: None,
        }
    }
}

pub struct Hop {
    pub on: Runtime,
    pub capacity: usize,
    pub items: u64,
}

#[derive(Clone, Copy)]
pub struct Crew {
    pub workers: usize,
    pub capacity: usize,
    pub items: u64,
}

#[derive(Clone, Copy)]
pub struct Sources {
    pub count: u64,
    pub items_each: u64,
}

/// The capacity of buffers where nothing else is asked for: anypipe's default.
pub const CAPACITY: usize = 64;

/// The items: the first `n` numbers from 1 on, so that each counts in their sum.
pub fn numbers(n: u64) -> Range<u64> {
    1..n + 1
}

/// A millisecond of waiting.
pub async fn nap(n: u64) -> u64 {
    tokio::time::sleep(Duration::from_millis(1)).await;
    n
}

/// A turn of the runtime.
pub async fn turn(n: u64) -> u64 {
    tokio::task::yield_now().await;
    n
}

/// What fused stages do to an item: cheap, and nothing that a compiler could sum up by a formula.
pub const FUSED: [fn(u64) -> u64; 3] =
    [|n| n ^ (n >> 3), |n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15), |n| n.rotate_left(7)];
