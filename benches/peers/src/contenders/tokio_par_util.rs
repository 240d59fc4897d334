//! tokio-par-util: a task an item, so many at a time.

use futures_util::{FutureExt, StreamExt, stream};
use tokio_par_util::StreamParExt;

use super::{Contender, Crew, Job, nap, numbers};

pub const CONTENDER: Contender = Contender {
    ordered: Some(ordered),
    unordered: Some(unordered),
    naps: Some(naps),
    ..Contender::named("tokio-par-util")
};

fn ordered(crew: Crew) -> Job {
    stream::iter(numbers(crew.items))
        .map(|n| async move { n })
        .parallel_buffered(crew.workers)
        .fold(0, |sum, n| async move { sum + n })
        .boxed()
}

fn unordered(crew: Crew) -> Job {
    stream::iter(numbers(crew.items))
        .map(|n| async move { n })
        .parallel_buffer_unordered(crew.workers)
        .fold(0, |sum, n| async move { sum + n })
        .boxed()
}

fn naps(crew: Crew) -> Job {
    stream::iter(numbers(crew.items))
        .map(nap)
        .parallel_buffered(crew.workers)
        .map(nap)
        .parallel_buffered(crew.workers)
        .fold(0, |sum, n| async move { sum + n })
        .boxed()
}
