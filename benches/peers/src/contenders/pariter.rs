//! pariter: an iterator's items on threads of its own, in order.

use futures_util::FutureExt;
use pariter::IteratorExt;

use super::{Contender, Crew, Job, numbers};
use crate::spin;

pub const CONTENDER: Contender = Contender { cpu: Some(cpu), ..Contender::named("pariter") };

fn cpu(crew: Crew) -> Job {
    async move {
        numbers(crew.items)
            .parallel_map_custom(|of| of.threads(crew.workers).buffer_size(crew.capacity), spin::work)
            .sum()
    }
    .boxed()
}
