//! `StreamExt::buffer_unordered`: many futures in one task, as they are done.

use futures_util::{FutureExt, StreamExt, stream};

use super::{Contender, Crew, Job, nap, numbers};

pub const CONTENDER: Contender =
    Contender { unordered: Some(unordered), naps: Some(naps), ..Contender::named("buffer_unordered") };

fn unordered(crew: Crew) -> Job {
    stream::iter(numbers(crew.items))
        .map(|n| async move { n })
        .buffer_unordered(crew.workers)
        .fold(0, |sum, n| async move { sum + n })
        .boxed()
}

fn naps(crew: Crew) -> Job {
    stream::iter(numbers(crew.items))
        .map(nap)
        .buffer_unordered(crew.workers)
        .map(nap)
        .buffer_unordered(crew.workers)
        .fold(0, |sum, n| async move { sum + n })
        .boxed()
}
