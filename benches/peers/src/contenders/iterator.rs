//! `Iterator`: one thread and nothing between.

use futures_util::FutureExt;

use super::{Contender, FUSED, Job, numbers};

pub const CONTENDER: Contender = Contender { fused: Some(fused), ..Contender::named("Iterator") };

fn fused(items: u64) -> Job {
    async move { numbers(items).map(FUSED[0]).map(FUSED[1]).map(FUSED[2]).fold(0, u64::wrapping_add) }.boxed()
}
