//! A bound by weight for a source that holds nothing.
//~ has no buffer to bound by weight
//~ this option belongs to the stage before it, and that one can't take it
//~ put `.boundary()` behind it and weigh what waits there

use anypipe::prelude::*;

fn main() {
    let _run =
        Pipeline::from_iter(["a", "bb"]).buffer_weight(9, |word: &&str| word.len()).collect::<Vec<_>>();
}
