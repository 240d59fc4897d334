//! An operator on results, behind items that are none.
//~ expected enum `Result<_, _>`

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).and_then(async |n: i32| Ok::<_, String>(n + 1)).collect::<Vec<_>>();
}
