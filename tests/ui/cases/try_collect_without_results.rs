//! A terminal for results, behind items that are none.
//~ `{integer}: IsResult`

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).map(|n| n + 1).try_collect::<Vec<i32>>();
}
