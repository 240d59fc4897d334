//! pumps: a task a stage, a channel of one item between two, `backpressure(n)` for a buffer.

use futures_util::FutureExt;
use pumps::{Concurrency, Pipeline};

use super::{Contender, Crew, Job, nap, numbers};

pub const CONTENDER: Contender = Contender {
    ordered: Some(ordered),
    unordered: Some(unordered),
    naps: Some(naps),
    ..Contender::named("pumps")
};

fn ordered(crew: Crew) -> Job {
    instant(crew, Concurrency::concurrent_ordered(crew.workers))
}

fn unordered(crew: Crew) -> Job {
    instant(crew, Concurrency::concurrent_unordered(crew.workers))
}

fn instant(crew: Crew, concurrency: Concurrency) -> Job {
    async move {
        let pipeline = Pipeline::from_iter(numbers(crew.items)).map(async |n| n, concurrency);
        sum(pipeline.backpressure(crew.capacity)).await
    }
    .boxed()
}

fn naps(crew: Crew) -> Job {
    async move {
        let pipeline = Pipeline::from_iter(numbers(crew.items))
            .map(nap, Concurrency::concurrent_ordered(crew.workers))
            .backpressure(crew.capacity)
            .map(nap, Concurrency::concurrent_ordered(crew.workers))
            .backpressure(crew.capacity);
        sum(pipeline).await
    }
    .boxed()
}

async fn sum(pipeline: Pipeline<u64>) -> u64 {
    let (mut output, join) = pipeline.build();
    let mut sum = 0;
    while let Some(n) = output.recv().await {
        sum += n;
    }
    join.await.expect("no pump panics");
    sum
}
