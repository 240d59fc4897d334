//! A run as a stream: what limits, stops and steers it.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use anypipe_core::channel::bounded;
use anypipe_core::run::{CheckedStream, Control, RunStream};
use anypipe_core::scope::CancelToken;
use anypipe_core::{ErrorKind, RunError, Source};
use anypipe_stages::{source, stage};

use crate::tools::{Dropped, Flow, flow, is_exact, next, once, settle, sleep, unit, until};

crate::suite::cases! { ($) streams as __streams {
    a_stream_that_is_late_ends_as_timed_out(),
    a_stream_with_no_time_is_polled_once(),
    a_stream_that_is_stopped_gives_what_is_on_its_way(),
    a_stream_that_is_cancelled_is_no_end(),
    a_stream_is_steered_while_it_runs(),
    what_a_closure_asks_for_holds_before_the_next_item(),
    a_stream_hears_from_every_token(),
    a_stream_that_is_dropped_takes_its_tasks_along(),
} }

/// Numbers, each of which takes a while.
fn numbers(each: Duration) -> Flow<impl Source<Item = u32>> {
    flow(source::from_iter(0..)).pipe(stage::then(move |item: u32| async move {
        sleep(each).await;
        item
    }))
}

/// All items, and how the stream ended.
async fn all(mut stream: CheckedStream<u32>) -> (Vec<u32>, Option<RunError>) {
    let mut items = Vec::new();
    loop {
        match next(&mut stream).await {
            Some(Ok(item)) => items.push(item),
            Some(Err(error)) => {
                assert!(next(&mut stream).await.is_none(), "a failure is the last item");
                return (items, Some(error));
            }
            None => return (items, None),
        }
    }
}

fn kind(error: Option<RunError>) -> Option<ErrorKind> {
    error.map(|error| error.kind())
}

async fn a_stream_that_is_late_ends_as_timed_out() {
    let (items, end) = all(numbers(unit()).stream().deadline(unit() * 3 + unit() / 2).checked()).await;
    assert_eq!(kind(end), Some(ErrorKind::TimedOut));
    if is_exact() {
        assert_eq!(items, [0, 1, 2]);
    }
    // In time: no limit is heard of.
    let quick = flow(source::from_iter(0..9)).pipe(stage::then(async |item: u32| item));
    let (items, end) = all(quick.stream().deadline(Duration::MAX).checked()).await;
    assert_eq!((items.len(), kind(end)), (9, None));
}

async fn a_stream_with_no_time_is_polled_once() {
    // What is there at once is given; the limit counts when there is something to wait for.
    let (items, end) = all(flow(source::from_iter(0..3)).stream().deadline(Duration::ZERO).checked()).await;
    assert_eq!((items, kind(end)), (vec![0, 1, 2], None));
    let (items, end) = all(numbers(unit()).stream().deadline(Duration::ZERO).checked()).await;
    assert_eq!((items, kind(end)), (vec![], Some(ErrorKind::TimedOut)));
}

async fn a_stream_that_is_stopped_gives_what_is_on_its_way() {
    let token = CancelToken::new();
    let mut stream = numbers(unit() / 10).stream().stop_on(token.clone()).checked();
    assert!(matches!(next(&mut stream).await, Some(Ok(0))));
    token.cancel();
    let (rest, end) = all(stream).await;
    assert_eq!(kind(end), None);
    // Without a gap: whatever had been taken from the source came out.
    assert!(rest.iter().copied().eq((1..).take(rest.len())), "{rest:?}");
}

async fn a_stream_that_is_cancelled_is_no_end() {
    let token = CancelToken::new();
    let mut stream = numbers(unit() / 10).stream().cancel_on(token.clone()).checked();
    assert!(matches!(next(&mut stream).await, Some(Ok(0))));
    token.cancel();
    assert_eq!(kind(all(stream).await.1), Some(ErrorKind::Cancelled));
    // Before it began: nothing is polled.
    let (items, end) = all(numbers(unit()).stream().cancel_on(token).checked()).await;
    assert_eq!((items, kind(end)), (vec![], Some(ErrorKind::Cancelled)));
}

async fn a_stream_is_steered_while_it_runs() {
    let (sender, receiver) = bounded(8);
    let stream: RunStream<u32> = flow(source::from_channel(receiver)).pipe(stage::buffer(1)).stream();
    let control = stream.control();
    control.pause();
    for item in 0..4 {
        sender.try_send(item).unwrap();
    }
    let mut stream = stream.checked();
    {
        let mut first = pin!(next(&mut stream));
        for _ in 0..3 {
            assert!(poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx))).await.is_pending(), "it is paused");
            settle().await;
        }
        control.resume();
        assert!(matches!(first.await, Some(Ok(0))));
    }
    control.stop();
    let (rest, end) = all(stream).await;
    assert_eq!(kind(end), None);
    let given = 1 + rest.len() as u64;
    assert_eq!(control.stats().stage("buffer").map(|stage| stage.delivered), Some(given));

    let stream = numbers(unit()).stream();
    let control = stream.control();
    control.stop_within(Duration::ZERO);
    let (_, end) = all(stream.checked()).await;
    assert!(matches!(kind(end), None | Some(ErrorKind::Cancelled)));
}

async fn what_a_closure_asks_for_holds_before_the_next_item() {
    /// The item whose closure asks, and so how many go before it.
    const AT: usize = 100;
    for (stops, skips) in [(true, false), (true, true), (false, false), (false, true)] {
        let (taken, control) = (Arc::new(AtomicUsize::new(0)), Arc::new(OnceLock::<Control>::new()));
        let (takes, asked) = (Arc::clone(&taken), Arc::clone(&control));
        let items = (0..).inspect(move |_| {
            takes.fetch_add(1, Ordering::SeqCst);
        });
        let ask = stage::filter(move |item: &usize| {
            match asked.get() {
                Some(control) if *item == AT && stops => control.stop(),
                Some(control) if *item == AT => control.pause(),
                _ => {}
            }
            !skips
        });
        let mut given = flow(source::from_iter(items)).pipe(ask).pipe(stage::map(|item| item)).stream();
        control.set(given.control()).unwrap();
        let mut end = Poll::Pending;
        while taken.load(Ordering::SeqCst) <= AT {
            end = once(pin!(next(&mut given))).await;
        }
        for _ in 0..3 {
            if end != Poll::Ready(None) {
                end = once(pin!(next(&mut given))).await;
            }
        }
        assert_eq!(taken.load(Ordering::SeqCst), AT + 1, "stops: {stops}, skips: {skips}");
        assert_eq!(end, if stops { Poll::Ready(None) } else { Poll::Pending });
    }
}

async fn a_stream_hears_from_every_token() {
    for which in 0..2 {
        let tokens = [CancelToken::new(), CancelToken::new()];
        let stream = numbers(unit()).stream().cancel_on(tokens[0].child()).cancel_on(tokens[1].child());
        tokens[which].cancel();
        assert_eq!(kind(all(stream.checked()).await.1), Some(ErrorKind::Cancelled));
    }
}

async fn a_stream_that_is_dropped_takes_its_tasks_along() {
    let dropped = Dropped::new();
    let tells = dropped.clone();
    let mut stream = flow(source::from_iter(0..4))
        .pipe(stage::then(move |item: u32| {
            let tells = tells.tells();
            async move {
                if item > 0 {
                    pending::<()>().await;
                }
                drop(tells);
                item
            }
        }))
        .workers(3)
        .stream()
        .deadline(Duration::MAX);
    assert_eq!(next(&mut stream).await, Some(0));
    drop(stream);
    until(|| dropped.live() == 0).await;
}
