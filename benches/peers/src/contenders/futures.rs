//! `StreamExt` without tasks.

use futures_util::{FutureExt, StreamExt, stream};

use super::{Contender, FUSED, Job, Sources, numbers};

pub const CONTENDER: Contender =
    Contender { fused: Some(fused), merge: Some(merge), ..Contender::named("futures") };

fn fused(items: u64) -> Job {
    stream::iter(numbers(items))
        .map(FUSED[0])
        .map(FUSED[1])
        .map(FUSED[2])
        .fold(0, |sum: u64, n| async move { sum.wrapping_add(n) })
        .boxed()
}

fn merge(Sources { count, items_each }: Sources) -> Job {
    let sources = (0..count).map(move |k| stream::iter(k * items_each + 1..(k + 1) * items_each + 1));
    stream::select_all(sources).fold(0, |sum, n| async move { sum + n }).boxed()
}
