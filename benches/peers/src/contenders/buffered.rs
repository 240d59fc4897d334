//! `StreamExt::buffered`: many futures in one task, in order.

use futures_util::{FutureExt, StreamExt, stream};

use super::{Contender, Crew, Job, nap, numbers};

pub const CONTENDER: Contender =
    Contender { ordered: Some(ordered), naps: Some(naps), ..Contender::named("buffered") };

fn ordered(crew: Crew) -> Job {
    stream::iter(numbers(crew.items))
        .map(|n| async move { n })
        .buffered(crew.workers)
        .fold(0, |sum, n| async move { sum + n })
        .boxed()
}

fn naps(crew: Crew) -> Job {
    stream::iter(numbers(crew.items))
        .map(nap)
        .buffered(crew.workers)
        .map(nap)
        .buffered(crew.workers)
        .fold(0, |sum, n| async move { sum + n })
        .boxed()
}
