//! Pipelines and segments that are kept, cloned and used by many at once.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

use std::sync::Arc;

use anypipe::prelude::*;
use anypipe::task::{TaskGroup, task_group};

struct Service {
    texts: SharedPipeline<String>,
    parse: SharedSegment<String, u64>,
}

impl Service {
    fn new() -> Self {
        let parse = map(|text: String| text.trim().parse::<u64>()).workers(2)
            | filter_map(|number: Result<u64, _>| number.ok())
            // State of its own in each run.
            | scan(0, |sum: &mut u64, number: u64| {
                *sum += number;
                Some(*sum)
            });
        let texts = Pipeline::from_iter(["1", "x", " 2", "3"]).map(str::to_owned).then(async |text| text);
        Self { texts: texts.shared(), parse: parse.shared() }
    }

    async fn sums(&self) -> Vec<u64> {
        self.texts.clone().pipe(self.parse.clone()).collect().await
    }
}

#[anypipe::test]
async fn a_service_keeps_its_segment() {
    let service = Arc::new(Service::new());
    let sums = task_group(async move |group: TaskGroup<Vec<Vec<u64>>>| {
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let service = Arc::clone(&service);
                group.spawn(async move { service.sums().await })
            })
            .collect();
        let mut sums = Vec::new();
        for task in tasks {
            sums.push(task.await.unwrap());
        }
        sums
    });
    assert_eq!(sums.await, vec![vec![1, 3, 6]; 8]);
}

#[test]
fn what_is_shared_holds_what_it_says() {
    let segment = then(async |n: u32| n).workers(3).buffer_size(4).shared();
    assert_eq!(Pipeline::from_iter(0..9).pipe(segment).max_in_flight().limit(), Some(7));
    let pipeline = Pipeline::from_iter(0..9).then(async |n: u32| n).workers(3).buffer_size(4).shared();
    assert_eq!(pipeline.clone().max_in_flight().limit(), Some(7));
}
