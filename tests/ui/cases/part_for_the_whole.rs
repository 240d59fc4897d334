//! What there was at a deadline, taken for all there is.
//~ expected `Vec<i32>`, found `Outcome<_>`

use std::time::Duration;

use anypipe::prelude::*;

async fn all() -> Vec<i32> {
    Pipeline::from_iter(0..9).collect().deadline_partial(Duration::from_secs(1)).await
}

fn main() {
    anypipe::run(all());
}
