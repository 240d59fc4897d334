//! par-stream, on tokio.

use futures_util::{FutureExt, StreamExt, stream};
use par_stream::{BufSize, NumWorkers, ParParamsConfig, ParStreamExt};

use super::{Contender, Crew, Hop, Job, nap, numbers};
use crate::spin;

pub const CONTENDER: Contender = Contender {
    hop: Some(hop),
    ordered: Some(ordered),
    unordered: Some(unordered),
    naps: Some(naps),
    cpu: Some(cpu),
    ..Contender::named("par-stream")
};

fn hop(Hop { capacity, items, .. }: Hop) -> Job {
    async move {
        stream::iter(numbers(items))
            .spawned(capacity)
            .spawned(capacity)
            .spawned(capacity)
            .spawned(capacity)
            .fold(0, |sum, n| async move { sum + n })
            .await
    }
    .boxed()
}

fn ordered(crew: Crew) -> Job {
    async move {
        let stream = stream::iter(numbers(crew.items)).par_then(params(crew), |n| async move { n });
        stream.fold(0, |sum, n| async move { sum + n }).await
    }
    .boxed()
}

fn unordered(crew: Crew) -> Job {
    async move {
        let stream = stream::iter(numbers(crew.items)).par_then_unordered(params(crew), |n| async move { n });
        stream.fold(0, |sum, n| async move { sum + n }).await
    }
    .boxed()
}

fn naps(crew: Crew) -> Job {
    async move {
        let stream = stream::iter(numbers(crew.items)).par_then(params(crew), nap).par_then(params(crew), nap);
        stream.fold(0, |sum, n| async move { sum + n }).await
    }
    .boxed()
}

fn cpu(crew: Crew) -> Job {
    async move {
        let stream = stream::iter(numbers(crew.items)).par_map(params(crew), |n| move || spin::work(n));
        stream.fold(0, |sum, n| async move { sum + n }).await
    }
    .boxed()
}

fn params(crew: Crew) -> ParParamsConfig {
    ParParamsConfig::Manual {
        num_workers: NumWorkers::Fixed(crew.workers),
        buf_size: BufSize::Fixed(crew.capacity),
    }
}
