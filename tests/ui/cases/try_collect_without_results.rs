//! A terminal for results, behind items that are none.
//~ to return `Result<_, String>`, but it returns `{integer}`

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).map(|n| n + 1).try_collect::<Vec<i32>, _, String>();
}
