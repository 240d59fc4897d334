//! The synchronous map with an asynchronous closure.
//~ `Source::Item` is `impl Future<Output = i32>` here

use anypipe::prelude::*;

async fn fetch(n: i32) -> i32 {
    n + 1
}

fn main() {
    let _run = Pipeline::from_iter(0..9).map(fetch).collect::<Vec<i32>>();
}
