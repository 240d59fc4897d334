//! E. Operators. E1, E2 and E9 stand with the pipelines; the meaning of every operator over a `Vec`,
//! and its counted resources, with the registry.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use anypipe_core::drive::Boundary;
use anypipe_stages::{sink, source, stage};
use futures_core::Stream;

use crate::registry::Tally;
use crate::tools::{flow, give_way, panic_of};

crate::suite::cases! { ($) operators as __operators {
    e03_no_workers_and_no_buffer_are_refused(),
    e04_an_endless_source_is_cut_off(),
    e11_take_closes_its_source(),
    e11_take_none_never_polls(),
    e12_a_fold_of_nothing_is_its_start(),
} }

async fn e03_no_workers_and_no_buffer_are_refused() {
    let text = panic_of(|| Boundary::new("fetch").workers(0)).expect("refused when it is built");
    assert_eq!(text, "`workers(0)`: stage `fetch` needs at least one worker");
    let text = panic_of(|| Boundary::new("fetch").buffer_size(0)).expect("refused when it is built");
    assert_eq!(text, "`buffer_size(0)`: stage `fetch` without a buffer is made by `rendezvous()`");
    assert!(panic_of(|| stage::buffer(0)).expect("refused when it is built").starts_with("`buffer(0)`"));
}

async fn e04_an_endless_source_is_cut_off() {
    let tally = Tally::new();
    let makes = tally.clone();
    let items = (0..).map(move |value| makes.item(value));
    let work = stage::then(async |item| {
        give_way().await;
        item
    });
    let run = flow(source::from_iter(items)).pipe(work).workers(10).pipe(stage::take(3));
    let came: Vec<_> = run.collect().await;
    assert_eq!(came.iter().map(crate::registry::Item::value).collect::<Vec<_>>(), [0, 1, 2]);
    drop(came);
    assert_eq!(tally.live(), 0);
}

/// A stream that tells when it is polled and when it is dropped.
struct Watched {
    polled: Arc<AtomicBool>,
    dropped: Arc<AtomicBool>,
}

impl Stream for Watched {
    type Item = u32;

    fn poll_next(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<u32>> {
        self.polled.store(true, Ordering::SeqCst);
        assert!(!self.dropped.load(Ordering::SeqCst));
        Poll::Ready(Some(7))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::SeqCst);
    }
}

async fn e11_take_closes_its_source() {
    let (polled, dropped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let watched = Watched { polled, dropped: Arc::clone(&dropped) };
    let closed = stage::inspect(move |item: &(u32, bool)| assert!(!item.1));
    let sees = Arc::clone(&dropped);
    let run = flow(source::from_stream(watched))
        .pipe(stage::map(move |item| (item, sees.load(Ordering::SeqCst))))
        .pipe(closed)
        .pipe(stage::take(3))
        .into(sink::fold(0, move |count, _| {
            // The source goes with the last item, before anybody sees it.
            let last = count == 2;
            assert_eq!(dropped.load(Ordering::SeqCst), last);
            count + 1
        }));
    assert_eq!(run.await, 3);
}

async fn e11_take_none_never_polls() {
    let (polled, dropped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let watched = Watched { polled: Arc::clone(&polled), dropped: Arc::clone(&dropped) };
    assert!(flow(source::from_stream(watched)).pipe(stage::take(0)).collect().await.is_empty());
    assert!(!polled.load(Ordering::SeqCst));
    assert!(dropped.load(Ordering::SeqCst));
}

async fn e12_a_fold_of_nothing_is_its_start() {
    let nothing = flow(source::from_iter(Vec::<i32>::new()));
    assert_eq!(nothing.into(sink::fold(7, |sum, item| sum + item)).await, 7);
    let sums = flow(source::from_iter(0..5)).into(sink::fold(Vec::new(), |mut sums: Vec<i32>, item| {
        sums.push(sums.last().unwrap_or(&0) + item);
        sums
    }));
    assert_eq!(sums.await, [0, 1, 3, 6, 10]);
}
