//! E. Operators. E1, E2 and E9 stand with the pipelines; the meaning of every operator over a `Vec`,
//! and its counted resources, with the registry.

use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use anypipe_core::drive::Boundary;
use anypipe_core::option::{KeyedBy, WeighedBy};
use anypipe_core::{ErrorKind, Run, Source};
use anypipe_stages::{sink, source, stage};
use futures_core::Stream;

use crate::registry::Census;
use crate::tools::{Flow, flow, give_way, next, panic_of, settle, until};

crate::suite::cases! { ($) operators as __operators {
    e03_no_workers_and_no_buffer_are_refused(),
    e04_an_endless_source_is_cut_off(),
    e11_take_closes_its_source(),
    e11_take_none_never_polls(),
    e12_a_fold_of_nothing_is_its_start(),
    a_panic_of_an_items_own_names_its_operator(),
    numbers_that_run_out_are_no_end(),
    a_generator_holds_what_it_says(),
} }

async fn e03_no_workers_and_no_buffer_are_refused() {
    let text = panic_of(|| Boundary::new("fetch").workers(0)).expect("refused when it is built");
    assert_eq!(text, "`workers(0)`: stage `fetch` needs at least one worker");
    let text = panic_of(|| Boundary::new("fetch").buffer_size(0)).expect("refused when it is built");
    assert_eq!(text, "`buffer_size(0)`: stage `fetch` without a buffer is made by `rendezvous()`");
    assert!(panic_of(|| stage::buffer(0)).expect("refused when it is built").starts_with("`buffer(0)`"));
}

async fn e04_an_endless_source_is_cut_off() {
    let tally = Census::new();
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

/// What panics in it: the traits that operators ask of items.
#[derive(Debug)]
struct Touchy {
    value: u32,
    clone: bool,
    hash: bool,
}

impl Clone for Touchy {
    fn clone(&self) -> Self {
        assert!(!self.clone || self.value != 2, "a copy");
        Self { ..*self }
    }
}

impl PartialEq for Touchy {
    fn eq(&self, _other: &Self) -> bool {
        panic!("a comparison")
    }
}

impl Hash for Touchy {
    fn hash<H: Hasher>(&self, _state: &mut H) {
        assert!(!self.hash || self.value != 2, "a hash");
    }
}

async fn a_panic_of_an_items_own_names_its_operator() {
    async fn names<S: Source>(name: &str, what: &str, run: Flow<S>) {
        // Behind it stands another task, which is not to be blamed.
        let next = run.pipe(stage::then(async |_item| ())).named("next");
        let error = next.into(sink::drain()).checked().await.unwrap_err();
        assert_eq!(error.stage(), Some(name), "{error}");
        assert!(error.to_string().ends_with(what), "{error}");
    }
    let touchy = |value| Touchy { value, clone: true, hash: true };
    let items = || source::from_iter((0..4).map(touchy));
    let copy = "panicked: a copy";
    names("pairwise", copy, flow(items()).pipe(stage::pairwise())).await;
    names("accumulate", copy, flow(items()).pipe(stage::accumulate(|_, item| item))).await;
    let last = stage::accumulate_from(touchy(0), |_, item| item);
    names("accumulate_from", copy, flow(items()).pipe(last)).await;
    names("tee", copy, flow(items()).pipe(stage::tee(sink::drain()))).await;
    names("repeat", copy, flow(source::repeat(touchy(2)))).await;
    names("repeat_n", copy, flow(source::repeat_n(touchy(2), 2))).await;
    names("zip_latest", copy, flow(source::zip_latest([items(), items()]))).await;
    names("zip_latest_partial", copy, flow(source::zip_latest_partial([items(), items()]))).await;
    names("dedup", "panicked: a comparison", flow(items()).pipe(stage::dedup())).await;
    let same = stage::dedup_by_key(|item: &Touchy| item.clone());
    names("dedup_by_key", "panicked: a comparison", flow(items()).pipe(same)).await;
    let unhashed = || source::from_iter((0..4).map(|value| Touchy { value, clone: false, hash: true }));
    let work = || stage::then(async |item: Touchy| item);
    let keyed = flow(unhashed()).pipe(work().keyed_by(Touchy::clone)).workers(2);
    names("keyed", "panicked: a hash", keyed).await;
    let weighed = work().weighed_by(9, |item: &Touchy| item.clone().value as usize);
    names("buffer_weight", copy, flow(items()).pipe(weighed)).await;
}

async fn numbers_that_run_out_are_no_end() {
    let fails = async |run: Run<()>| {
        let error = run.checked().await.unwrap_err();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Panicked, Some("count_from")), "{error}");
    };
    let given = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&given);
    let up = flow(source::count_from(250_u8, 1)).pipe(stage::inspect(move |_: &u8| {
        counts.fetch_add(1, Ordering::SeqCst);
    }));
    fails(up.into(sink::drain())).await;
    assert_eq!(given.load(Ordering::SeqCst), 6, "the last number is given");
    fails(flow(source::count_from(-120_i8, -3)).into(sink::drain())).await;
    fails(flow(source::count_from(u8::MAX, 200)).into(sink::drain())).await;
    // A step of nothing, and numbers that have no end.
    assert_eq!(flow(source::count_from(7_u8, 0)).pipe(stage::take(2)).collect().await, [7, 7]);
    let same = flow(source::count_from(1e300_f64, 1.0)).pipe(stage::take(3));
    assert!(same.collect().await.iter().all(|number| number.total_cmp(&1e300).is_eq()));
}

async fn a_generator_holds_what_it_says() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&sent);
    let generator = source::from_fn(move |sender| async move {
        for item in 0.. {
            // What waits for room is held, too.
            counts.fetch_add(1, Ordering::SeqCst);
            sender.send(item).await.expect("it is received");
        }
    });
    let holds = generator.holds().limit().expect("it has a bound");
    let mut items = flow(generator).stream();
    assert_eq!(next(&mut items).await, Some(0));
    until(|| sent.load(Ordering::SeqCst) > holds).await;
    settle().await;
    assert_eq!(sent.load(Ordering::SeqCst), holds + 1, "one is taken out, the rest is held");
}
