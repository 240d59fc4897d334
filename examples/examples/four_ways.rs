// cargo run --release --example four_ways
//! The same job four ways: fetch 200 pages, eight at a time, and use each, in order. A loop, `buffered`, channels by hand,
//! anypipe. Each is counted (lines), timed, and then tried with a page that panics, a caller that gives up, and a reader
//! that is slow.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::time::now;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::sync::{Mutex, mpsc};
use tokio::time::{sleep, timeout};

const PAGES: u64 = 200;
const WORKERS: usize = 8;

// ---- a loop
async fn by_loop(site: Arc<Site>, mut reader: Reader) -> Reader {
    for n in 0..PAGES {
        let page = site.get(n).await;
        reader.read(page).await;
    }
    reader
}

// ---- buffered
async fn by_buffered(site: Arc<Site>, reader: Reader) -> Reader {
    let pages = stream::iter(0..PAGES)
        .map(|n| {
            let site = Arc::clone(&site);
            async move { site.get(n).await }
        })
        .buffered(WORKERS);
    pages
        .fold(reader, async |mut reader, page| {
            reader.read(page).await;
            reader
        })
        .await
}

// ---- channels by hand
#[expect(clippy::disallowed_methods, reason = "this is what it looks like without a scope")]
async fn by_channels(site: Arc<Site>, mut reader: Reader) -> Reader {
    let (jobs_in, jobs) = mpsc::channel(WORKERS);
    let (pages_in, mut pages) = mpsc::channel(WORKERS);
    let jobs = Arc::new(Mutex::new(jobs));
    let feeder = tokio::spawn(async move {
        for n in 0..PAGES {
            if jobs_in.send(n).await.is_err() {
                return; // all workers are gone
            }
        }
    });
    let worker = || {
        let (site, jobs, pages_in) = (Arc::clone(&site), Arc::clone(&jobs), pages_in.clone());
        tokio::spawn(async move {
            loop {
                let Some(n) = jobs.lock().await.recv().await else { return };
                if pages_in.send((n, site.get(n).await)).await.is_err() {
                    return; // nobody reads
                }
            }
        })
    };
    let workers: Vec<_> = (0..WORKERS).map(|_| worker()).collect();
    // Forget this, and the loop below never ends.
    drop(pages_in);
    let (mut early, mut next) = (BTreeMap::new(), 0);
    while let Some((n, page)) = pages.recv().await {
        early.insert(n, page);
        while let Some(page) = early.remove(&next) {
            reader.read(page).await;
            next += 1;
        }
    }
    let _ = feeder.await;
    for worker in workers {
        let _ = worker.await; // a panic is in here, for who looks
    }
    reader
}

// ---- anypipe
async fn by_anypipe(site: Arc<Site>, reader: Reader) -> Reader {
    Pipeline::from_iter(0..PAGES)
        .then(using(site, async |site, n| site.get(n).await))
        .workers(WORKERS)
        .fold_async(reader, async |mut reader: Reader, page| {
            reader.read(page).await;
            reader
        })
        .await
}
// ---- end

/// A site whose pages take 5 ms each, in five steps.
#[derive(Default)]
struct Site {
    /// The page that panics.
    broken: Option<u64>,
    /// How many pages are being fetched.
    open: AtomicU64,
    /// The longest that one of them took, in milliseconds.
    longest: AtomicU64,
}

impl Site {
    async fn get(&self, n: u64) -> u64 {
        let (start, _open) = (now(), Open::new(&self.open));
        for _ in 0..5 {
            sleep(Duration::from_millis(1)).await;
        }
        assert!(self.broken != Some(n), "page {n} is broken");
        self.longest.fetch_max(u64::try_from((now() - start).as_millis()).unwrap_or(u64::MAX), SeqCst);
        n
    }
}

struct Open<'a>(&'a AtomicU64);

impl<'a> Open<'a> {
    fn new(open: &'a AtomicU64) -> Self {
        open.fetch_add(1, SeqCst);
        Self(open)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Who uses the pages, each for so long.
#[derive(Default)]
struct Reader {
    pause: Duration,
    read: u64,
    in_order: bool,
}

impl Reader {
    fn new(pause: Duration) -> Self {
        Self { pause, read: 0, in_order: true }
    }

    async fn read(&mut self, page: u64) {
        self.in_order &= page == self.read;
        self.read += 1;
        if !self.pause.is_zero() {
            sleep(self.pause).await;
        }
    }
}

/// Tries one of the ways.
macro_rules! tried {
    ($name:literal, $way:ident) => {{
        let lines = lines($name);
        let start = now();
        let reader = $way(Arc::default(), Reader::new(Duration::ZERO)).await;
        println!("{}: {lines} lines, {:.0?}", $name, now() - start);
        assert!(reader.in_order && reader.read == PAGES, "all pages, in order");

        let broken = Arc::new(Site { broken: Some(PAGES / 2), ..Site::default() });
        let told =
            std::panic::AssertUnwindSafe($way(broken, Reader::new(Duration::ZERO))).catch_unwind().await;
        match told {
            Ok(reader) => {
                println!("  a page panics   it ends as if all were well, with {} of {PAGES}", reader.read)
            }
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map_or("a panic", String::as_str);
                println!("  a page panics   {text}");
            }
        }

        let site = Arc::<Site>::default();
        let _ =
            timeout(Duration::from_millis(30), $way(Arc::clone(&site), Reader::new(Duration::ZERO))).await;
        let (open, at) = (site.open.load(SeqCst), now());
        while site.open.load(SeqCst) > 0 {
            sleep(Duration::from_millis(1)).await;
        }
        println!("  given up        {open} pages are still fetched; the last ends {:.0?} later", now() - at);

        let site = Arc::<Site>::default();
        let slow = timeout(
            Duration::from_millis(400),
            $way(Arc::clone(&site), Reader::new(Duration::from_millis(60))),
        );
        let _ = slow.await;
        println!("  a slow reader   a page of 5 ms takes up to {} ms", site.longest.load(SeqCst));
    }};
}

#[tokio::main]
async fn main() {
    // The panics are part of the program.
    std::panic::set_hook(Box::new(|_| {}));
    tried!("a loop", by_loop);
    tried!("buffered", by_buffered);
    tried!("channels by hand", by_channels);
    tried!("anypipe", by_anypipe);
}

/// The lines of a way, in this file.
fn lines(way: &str) -> usize {
    let source = include_str!("four_ways.rs");
    let from = source.split(&format!("// ---- {way}\n")).nth(1).unwrap_or_default();
    from.split("// ----").next().unwrap_or_default().lines().filter(|line| !line.trim().is_empty()).count()
}
