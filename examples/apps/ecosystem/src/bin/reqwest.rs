// cargo run --manifest-path examples/apps/ecosystem/Cargo.toml --bin reqwest
//! An HTTP client that needs tokio, in the tasks of any runtime.
//!
//! On tokio nothing is needed: our tasks are tokio's. Elsewhere it panics with "there is no reactor running", and one of two
//! lines mends that: `Compat::new(..)` around the future that does the I/O, or `.on(Tokio::new())` for the run.

use anypipe::prelude::*;
use anypipe::runtime::{Smol, Tokio, current};
use async_compat::Compat;
use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use ecosystem::{on_each_runtime, serve};

fn main() {
    let square = async |Path(n): Path<u64>| (n * n).to_string();
    let (address, _server) = serve(Router::new().route("/{n}", get(square)));
    let client = reqwest::Client::new();
    let fetch = move |n: u64| {
        let request = client.get(format!("http://{address}/{n}"));
        async move { request.send().await?.text().await }
    };

    // Without a line, elsewhere than on tokio: the run fails, and says where. (So a panic is printed here.)
    let squares = Pipeline::from_iter(1..=5).then(fetch.clone()).try_collect::<Vec<_>>();
    let error = anypipe::run_on(Smol::new(), squares.checked()).expect_err("there is no tokio");
    assert!(error.to_string().contains("stage `then` panicked: there is no reactor running"), "{error}");

    // The line for every runtime, for a library that doesn't know where it will run.
    on_each_runtime(async |name| {
        let fetch = fetch.clone();
        let fetch = move |n| {
            assert_eq!(current().name(), name);
            Compat::new(fetch(n))
        };
        let squares = Pipeline::from_iter(1..=5).then(fetch).workers(3).try_collect::<Vec<_>>().await;
        assert_eq!(squares.expect("the server answers"), ["1", "4", "9", "16", "25"]);
        println!("{name}: 5 pages, by `Compat`");
    });

    // The line for an application: this run is on tokio, the rest of the program where it was.
    let squares = Pipeline::from_iter(1..=5).then(fetch).workers(3).try_collect::<Vec<_>>();
    let squares = anypipe::run_on(Smol::new(), squares.on(Tokio::new()));
    assert_eq!(squares.expect("the server answers"), ["1", "4", "9", "16", "25"]);
    println!("smol: 5 pages, the run on tokio");
}
