//! rayon's `par_bridge`: an iterator's items on a pool of threads, in any order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use rayon::iter::{ParallelBridge, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Contender, Crew, Job, numbers};
use crate::spin;

pub const CONTENDER: Contender =
    Contender { cpu: Some(cpu), ..Contender::named("rayon par_bridge") };

fn cpu(crew: Crew) -> Job {
    async move { pool(crew.workers).install(|| numbers(crew.items).par_bridge().map(spin::work).sum()) }
        .boxed()
}

/// A pool outlives its runs, as in a program.
fn pool(threads: usize) -> Arc<ThreadPool> {
    static POOLS: Mutex<BTreeMap<usize, Arc<ThreadPool>>> = Mutex::new(BTreeMap::new());
    let mut pools = POOLS.lock().expect("nobody panics with the pools");
    let pool = pools.entry(threads).or_insert_with(|| {
        Arc::new(ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads"))
    });
    Arc::clone(pool)
}
