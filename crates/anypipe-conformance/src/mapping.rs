//! D. Mapping, and the order of completion.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anypipe_core::scope::CancelToken;
use anypipe_stages::{sink, source, stage};

use crate::tools::{Dropped, flow, until};

crate::suite::cases! { ($) mapping as __mapping {
    d01_an_ordered_map_keeps_the_order(),
    d01_an_ordered_map_of_nothing_is_empty(),
    d02_an_unordered_map_gives_what_is_done(),
    d03_an_error_cancels_the_others(),
} }

/// One token for each item, that lets its work end.
fn gates(n: usize) -> Arc<[CancelToken]> {
    (0..n).map(|_| CancelToken::new()).collect()
}

async fn d01_an_ordered_map_keeps_the_order() {
    // Each item lets the one before it end: they are done in reverse.
    let gates = gates(4);
    gates[3].cancel();
    let done = Arc::new(AtomicUsize::new(4));
    let backwards = stage::then(move |item: usize| {
        let (gates, done) = (Arc::clone(&gates), Arc::clone(&done));
        async move {
            gates[item].cancelled().await;
            assert_eq!(done.fetch_sub(1, Ordering::SeqCst), item + 1, "not in reverse");
            if item > 0 {
                gates[item - 1].cancel();
            }
            item
        }
    });
    assert_eq!(flow(source::from_iter(0..4)).pipe(backwards).workers(4).collect().await, [0, 1, 2, 3]);
}

async fn d01_an_ordered_map_of_nothing_is_empty() {
    let nothing = flow(source::from_iter(Vec::<u8>::new()));
    assert!(nothing.pipe(stage::then(async |item| item)).workers(3).collect().await.is_empty());
}

async fn d02_an_unordered_map_gives_what_is_done() {
    let gates = gates(3);
    let lets_end = Arc::clone(&gates);
    let gated = stage::then(move |item: usize| {
        let gates = Arc::clone(&gates);
        async move {
            gates[item].cancelled().await;
            item
        }
    });
    // What comes out lets the next one end.
    let mut order = [1, 2, 0].into_iter();
    lets_end[order.next().expect("the first")].cancel();
    let came = sink::fold(Vec::new(), move |mut came: Vec<usize>, item| {
        came.push(item);
        if let Some(next) = order.next() {
            lets_end[next].cancel();
        }
        came
    });
    let run = flow(source::from_iter(0..3)).pipe(gated).workers(3).unordered().into(came);
    assert_eq!(run.await, [1, 2, 0]);
}

async fn d03_an_error_cancels_the_others() {
    let (dropped, started) = (Dropped::new(), Arc::new(AtomicUsize::new(0)));
    let tells = dropped.clone();
    let risky = stage::then(move |item: u32| {
        let (tells, started) = (tells.tells(), Arc::clone(&started));
        async move {
            started.fetch_add(1, Ordering::SeqCst);
            if item == 0 {
                until(|| started.load(Ordering::SeqCst) == 3).await;
                return Err("no");
            }
            std::future::pending::<()>().await;
            drop(tells);
            Ok(item)
        }
    });
    let run = flow(source::from_iter(0..3)).pipe(risky).workers(3).into(sink::try_collect::<Vec<_>>());
    assert_eq!(run.await, Err("no"));
    assert_eq!(dropped.count(), 3, "the others were cancelled and joined");
}
