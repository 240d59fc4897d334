//! A bound by weight for a source that holds nothing.
//~ has no buffer of its own
//~ this option belongs to the stage before it, and that one can't take it
//~ put `.boundary()` or `.buffer(n)` behind it for a task and a buffer of its own

use anypipe::prelude::*;

fn main() {
    let _run =
        Pipeline::from_iter(["a", "bb"]).buffer_weight(9, |word: &&str| word.len()).collect::<Vec<_>>();
}
