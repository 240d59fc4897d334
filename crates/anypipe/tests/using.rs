//! What asynchronous closures capture, given to them, on every backend.
#![cfg(all(
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::time::sleep;

/// Something that can't be cloned, whose methods borrow it while they wait.
struct Client {
    host: String,
    calls: AtomicUsize,
    gone: Arc<AtomicUsize>,
}

impl Client {
    fn new(gone: &Arc<AtomicUsize>) -> Self {
        Self { host: "h".to_owned(), calls: AtomicUsize::new(0), gone: Arc::clone(gone) }
    }

    async fn get(&self, path: String) -> String {
        let host: &str = &self.host;
        sleep(Duration::from_millis(1)).await;
        self.calls.fetch_add(1, Ordering::SeqCst);
        format!("{host}{path}")
    }

    async fn is_known(&self, path: &str) -> bool {
        sleep(Duration::from_millis(1)).await;
        path.len() + self.host.len() > 2
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.gone.fetch_add(1, Ordering::SeqCst);
    }
}

fn paths() -> Vec<String> {
    (8..=11).map(|n| n.to_string()).collect()
}

#[anypipe::test]
async fn all_workers_share_what_is_lent_and_it_goes_with_the_run() {
    let gone = Arc::new(AtomicUsize::new(0));
    let fetch = using(Client::new(&gone), async |client, path| client.get(path).await);
    let pages: Vec<_> = Pipeline::from_iter(paths()).then(fetch).workers(3).collect().await;
    assert_eq!(pages, ["h8", "h9", "h10", "h11"]);
    assert_eq!(gone.load(Ordering::SeqCst), 1);
}

#[anypipe::test]
async fn it_fits_every_operator_that_takes_an_item_and_gives_a_future() {
    let half = || using(2, async |by: &u32, n: u32| if n % by == 0 { Ok(n / by) } else { Err(n) });
    let halves = Pipeline::from_iter(1..=6u32).then(half()).and_then(half()).workers(2);
    let back = halves.or_else(using(10, async |by, n| if n < 3 { Err(n) } else { Ok::<u32, u32>(n * by) }));
    assert_eq!(back.collect::<Vec<_>>().await, [Err(1), Err(1), Ok(30), Ok(1), Ok(50), Ok(30)]);

    let odd = using(2, async |by, n: u32| (n % by == 1).then_some(n));
    let many = using(2, async |times, n| vec![n; *times]);
    let numbers = Pipeline::from_iter(1..=5u32).filter_map_async(odd).flat_map_async(many);
    assert_eq!(numbers.collect::<Vec<_>>().await, [1, 1, 3, 3, 5, 5]);

    let sum = Arc::new(AtomicUsize::new(0));
    let add = using(Arc::clone(&sum), async |sum, n: usize| {
        sum.fetch_add(n, Ordering::SeqCst);
    });
    Pipeline::from_iter(1..=4).for_each_async(add).await;
    assert_eq!(sum.load(Ordering::SeqCst), 10);

    let below = using(3, async |end, n: u32| if n < *end { Some((n, n + 1)) } else { None });
    assert_eq!(Pipeline::unfold(0, below).collect::<Vec<_>>().await, [0, 1, 2]);

    let free = source::iter(1..=3u32) | then(using(10, async |by: &u32, n: u32| n * by)).workers(2);
    assert_eq!(free.collect::<Vec<_>>().await, [10, 20, 30]);
}

#[anypipe::test]
async fn items_may_be_borrowed_and_folded() {
    let gone = Arc::new(AtomicUsize::new(0));
    let is_known = using_ref(Client::new(&gone), async |client, path: &String| client.is_known(path).await);
    let known: Vec<_> = Pipeline::from_iter(paths()).filter_async(is_known).collect().await;
    assert_eq!(known, ["10", "11"]);

    let append =
        using_fold(Client::new(&gone), async |client, text: String, path| text + &client.get(path).await);
    let all = Pipeline::from_iter(paths()).fold_async(String::new(), append).await;
    assert_eq!(all, "h8h9h10h11");
    assert_eq!(gone.load(Ordering::SeqCst), 2);
}

#[anypipe::test]
async fn a_segment_with_it_may_run_more_than_once() {
    let gone = Arc::new(AtomicUsize::new(0));
    let fetch = segment(then(using(Client::new(&gone), async |client: &Client, path: String| {
        client.get(path).await
    })));
    for _ in 0..2 {
        let pages: Vec<_> = (source::iter(paths()) | fetch.clone()).collect().await;
        assert_eq!(pages.len(), 4);
    }
    assert_eq!(gone.load(Ordering::SeqCst), 0);
    drop(fetch);
    assert_eq!(gone.load(Ordering::SeqCst), 1);
}

#[anypipe::test]
async fn a_panic_in_it_names_the_stage_and_drops_the_value() {
    let gone = Arc::new(AtomicUsize::new(0));
    let fail = using(Client::new(&gone), async |client, path: String| {
        assert!(path != "9", "no page");
        client.get(path).await
    });
    let error = Pipeline::from_iter(paths()).then(fail).workers(2).count().checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `then` panicked: no page");
    assert_eq!(gone.load(Ordering::SeqCst), 1);
}

#[anypipe::test]
async fn a_run_that_is_dropped_drops_what_was_lent() {
    let gone = Arc::new(AtomicUsize::new(0));
    let never = using(Client::new(&gone), async |client, path: String| {
        client.get(path).await;
        std::future::pending::<()>().await;
    });
    let run = Pipeline::from_iter(paths()).then(never).workers(2).count();
    assert!(anypipe::time::move_on_after(Duration::from_millis(5), run).await.is_none());
    assert_eq!(gone.load(Ordering::SeqCst), 1);
}
