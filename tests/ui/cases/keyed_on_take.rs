//! Order by key for a stage whose items depend on each other.
//~ Take` can't be keyed
//~ its items depend on each other, or it is a source
//~ `.keyed(f)` goes behind a stage that works on each item alone, such as `then` or `map`

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).take(3).keyed(|n: &i32| n % 2).collect::<Vec<i32>>();
}
