//! What the programs here share: the runtimes they try, and a server on loopback.

use std::net::SocketAddr;

use anypipe::runtime::{AsyncStd, Smol, Tokio};
use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Runs a program on tokio, on smol and on async-std; it is told where it is.
pub fn on_each_runtime(program: impl AsyncFn(&'static str)) {
    anypipe::run_on(Tokio::new(), program("tokio"));
    anypipe::run_on(Smol::new(), program("smol"));
    anypipe::run_on(AsyncStd::new(), program("async-std"));
}

/// Serves on loopback, on a tokio runtime of its own that lives as long as what is returned.
///
/// # Panics
///
/// Where there is no port, or no thread.
#[must_use]
pub fn serve(app: Router) -> (SocketAddr, Runtime) {
    let tokio = Runtime::new().expect("threads");
    let listener = tokio.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address = listener.local_addr().expect("it is bound");
    tokio.spawn(async move { axum::serve(listener, app).await });
    (address, tokio)
}
