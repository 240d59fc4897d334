// cargo run --manifest-path examples/apps/ecosystem/Cargo.toml --bin axum
//! A service that answers with a running pipeline: its lines are sent as they are made, and where the client goes, the run
//! is dropped, and everything it had started with it.
//!
//! axum is tokio's. Its handlers run in tokio tasks, so their runs are on tokio. In a program on another runtime
//! `Compat::new(axum::serve(..))` serves; the handlers' runs are on the tokio runtime that `Compat` keeps.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::task::task_group;
use anypipe::time::sleep;
use async_compat::Compat;
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::get;
use ecosystem::{on_each_runtime, serve};
use futures_util::StreamExt;
use tokio::net::TcpListener;

fn main() {
    let live = Arc::new(AtomicUsize::new(0));
    let (address, _server) = serve(app(&live));
    assert_eq!(lines(address, "/squares/4", usize::MAX), ["1", "4", "9", "16"]);
    // A client that goes in the middle: nothing is left running.
    assert_eq!(lines(address, "/squares/1000000", 3), ["1", "4", "9"]);
    until_none(&live);
    println!("served on tokio, and nothing was left behind by a client that went");

    on_each_runtime(async |name| {
        let served = task_group(|group| async move {
            let server = Compat::new(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                let address = listener.local_addr().expect("it is bound");
                (address, listener)
            });
            let (address, listener) = server.await;
            let app = app(&Arc::default());
            group.spawn(Compat::new(async move { axum::serve(listener, app).await }));
            let lines = anypipe::task::blocking(move || lines(address, "/squares/3", usize::MAX)).await;
            group.cancel();
            lines
        });
        assert_eq!(served.await, ["1", "4", "9"]);
        println!("{name}: served by `Compat`");
    });
}

/// `/squares/{n}`: the first `n` square numbers, a line each, as they come.
fn app(live: &Arc<AtomicUsize>) -> Router {
    let live = Arc::clone(live);
    let squares = move |Path(n): Path<u64>| {
        let live = Live::new(&live);
        async move {
            let work = move |n: u64| {
                let _counted = &live;
                async move {
                    sleep(Duration::from_millis(1)).await;
                    format!("{}\n", n * n)
                }
            };
            let lines = Pipeline::range(1..=n).then(work).workers(4).into_stream();
            Body::from_stream(lines.map(Ok::<_, Infallible>))
        }
    };
    Router::new().route("/squares/{n}", get(squares))
}

/// Counts a run's work while it is there.
struct Live(Arc<AtomicUsize>);

impl Live {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until the server has noticed that its client went.
#[expect(clippy::disallowed_methods, reason = "the client is a thread, outside of any runtime")]
fn until_none(live: &AtomicUsize) {
    while live.load(Ordering::SeqCst) > 0 {
        thread::sleep(Duration::from_millis(1));
    }
}

/// So many lines of the answer at the most; a client of the standard library's, which then goes.
fn lines(address: SocketAddr, path: &str, most: usize) -> Vec<String> {
    let mut server = TcpStream::connect(address).expect("it listens");
    // HTTP/1.0: the answer comes in one piece, and ends with the connection.
    write!(server, "GET {path} HTTP/1.0\r\n\r\n").expect("it listens");
    let all = BufReader::new(server).lines().map(|line| line.expect("it answers"));
    all.skip_while(|line| !line.is_empty()).skip(1).take(most).collect()
}
