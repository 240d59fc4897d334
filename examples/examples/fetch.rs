// cargo run --release --example fetch -- [--pages N]
//! Fetches pages over HTTP, three at a time, and parses them: as a pipeline, on each runtime, and once
//! wired by hand on raw channels. All must give the same pages in the same order. The server is a thread
//! of this program; it counts how many requests it has at a time.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anypipe::prelude::*;
use anypipe::runtime::{AsyncStd, Smol, Tokio};
use clap::Parser;
use smol::io::{AsyncReadExt, AsyncWriteExt};

/// Fetches pages from a server of its own.
#[derive(Parser)]
struct Args {
    /// How many pages the server has
    #[arg(long, default_value_t = 60)]
    pages: usize,
}

const WORKERS: usize = 3;

fn main() -> ExitCode {
    let Args { pages } = Args::parse();
    let server = match Server::start() {
        Ok(server) => server,
        Err(error) => {
            eprintln!("fetch: the server can't start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let paths: Vec<String> = (0..pages).map(|n| format!("/{n}")).collect();
    let at = server.address;

    let on_tokio = server.told("pipeline, tokio", || anypipe::run_on(Tokio::new(), fetch(at, paths.clone())));
    let on_smol = server.told("pipeline, smol", || anypipe::run_on(Smol::new(), fetch(at, paths.clone())));
    let on_async_std =
        server.told("pipeline, async-std", || anypipe::run_on(AsyncStd::new(), fetch(at, paths.clone())));
    let by_hand = server.told("by hand, smol", || smol::block_on(by_hand(at, paths.clone())));

    let same = on_tokio == on_smol && on_smol == on_async_std && on_async_std == by_hand;
    let limited = server.busiest.load(Ordering::SeqCst) <= WORKERS;
    println!("{}", if same { "the same pages in the same order" } else { "the answers differ" });
    if same && limited { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What is of interest in a page.
#[derive(Debug, PartialEq)]
struct Page {
    title: String,
    links: usize,
}

/// The pipeline: workers, order, a bound, and the end of everything are its business.
async fn fetch(server: SocketAddr, paths: Vec<String>) -> Vec<Result<Page, String>> {
    Pipeline::from_iter(paths)
        .then(move |path| get(server, path))
        .named("fetch")
        .workers(WORKERS)
        .map(|body| body.and_then(|body| parse(&body)))
        .collect()
        .await
}

/// The same by hand. The order is restored in a map, which may have to hold every page; a worker that
/// panics is heard of only after all others have ended; and it is tied to smol.
#[expect(clippy::disallowed_methods, reason = "this is what it looks like without a scope")]
async fn by_hand(server: SocketAddr, paths: Vec<String>) -> Vec<Result<Page, String>> {
    let (jobs_in, jobs) = smol::channel::bounded(WORKERS);
    let (pages_in, pages) = smol::channel::bounded(WORKERS);
    let feeder = smol::spawn(async move {
        for job in paths.into_iter().enumerate() {
            if jobs_in.send(job).await.is_err() {
                return; // all workers are gone
            }
        }
    });
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (jobs, pages_in) = (jobs.clone(), pages_in.clone());
            smol::spawn(async move {
                while let Ok((n, path)) = jobs.recv().await {
                    let page = get(server, path).await.and_then(|body| parse(&body));
                    if pages_in.send((n, page)).await.is_err() {
                        return;
                    }
                }
            })
        })
        .collect();
    // Forget one of these, and the loop below never ends.
    drop((jobs, pages_in));
    let mut in_order = BTreeMap::new();
    while let Ok((n, page)) = pages.recv().await {
        in_order.insert(n, page);
    }
    feeder.await;
    for worker in workers {
        worker.await;
    }
    in_order.into_values().collect()
}

/// The body of a page. Smol's sockets work on any thread, so this runs under every runtime.
async fn get(server: SocketAddr, path: String) -> Result<String, String> {
    let failed = |error: io::Error| format!("{path}: {error}");
    let mut socket = smol::net::TcpStream::connect(server).await.map_err(failed)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.map_err(failed)?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.map_err(failed)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(format!("{path}: no answer"))?;
    let status = head.lines().next().unwrap_or_default().trim_start_matches("HTTP/1.1 ");
    if status == "200 OK" { Ok(body.to_owned()) } else { Err(format!("{path}: {status}")) }
}

fn parse(body: &str) -> Result<Page, String> {
    let (_, rest) = body.split_once("<title>").ok_or("a page without a title")?;
    let (title, rest) = rest.split_once("</title>").ok_or("a title without an end")?;
    Ok(Page { title: title.to_owned(), links: rest.matches("<a href=").count() })
}

/// An HTTP server that knows only `GET`, and is gone when the program is.
struct Server {
    address: SocketAddr,
    /// The most requests it had at a time.
    busiest: Arc<AtomicUsize>,
}

#[expect(clippy::disallowed_methods, reason = "the server stands for another machine, without anypipe")]
impl Server {
    fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, busiest) = (listener.local_addr()?, Arc::new(AtomicUsize::new(0)));
        let (busy, most) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&busiest));
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (busy, most) = (Arc::clone(&busy), Arc::clone(&most));
                thread::spawn(move || answer(&socket, &busy, &most));
            }
        });
        Ok(Self { address, busiest })
    }

    /// Tells what came of fetching all pages in one way.
    fn told<E>(&self, way: &str, fetch: impl FnOnce() -> Vec<Result<Page, E>>) -> Vec<Result<Page, E>> {
        self.busiest.store(0, Ordering::SeqCst);
        let start = Instant::now();
        let pages = fetch();
        let (time, busiest) = (start.elapsed(), self.busiest.load(Ordering::SeqCst));
        let links: usize = pages.iter().flatten().map(|page| page.links).sum();
        let (good, bad) = (pages.iter().flatten().count(), pages.iter().filter(|page| page.is_err()).count());
        println!("{way:<20} {good} pages, {bad} failed, {links} links, {busiest} at a time, {time:.0?}");
        pages
    }
}

/// Answers one request after a moment: one in ten pages is missing, the others have a few links.
#[expect(clippy::disallowed_methods, reason = "the server stands for another machine, without anypipe")]
fn answer(socket: &TcpStream, busy: &AtomicUsize, most: &AtomicUsize) {
    let mut lines = BufReader::new(socket).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    lines.take_while(|line| !line.is_empty()).for_each(drop);

    most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
    thread::sleep(Duration::from_millis(5));
    let n: Option<usize> = request.split(['/', ' ']).nth(2).and_then(|n| n.parse().ok());
    let (status, body) = match n {
        Some(n) if n % 10 != 7 => {
            ("200 OK", format!("<title>Page {n}</title>{}", "<a href=\"/\">".repeat(n % 4)))
        }
        _ => ("404 Not Found", String::new()),
    };
    // Before the answer: with it, the client may send its next request.
    busy.fetch_sub(1, Ordering::SeqCst);
    let mut socket = socket;
    // A client that went away is no concern of the server's.
    let _ = write!(socket, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
}
