//! Another try for a stage with a state that goes from item to item.
//~ Scan<
//~ does no work on each item by itself that could be wrapped
//~ it goes behind a stage that works on each item alone, such as `then`, `and_then` or `map`

use anypipe::prelude::*;

fn main() {
    let sums = Pipeline::from_iter(0..9).scan(0, |sum: &mut i32, n: i32| Some(Ok::<_, String>(*sum + n)));
    let _run = sums.retry(RetryPolicy::new(3)).collect::<Vec<_>>();
}
