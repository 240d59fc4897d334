//! A buffer for a source that is a loop in somebody else's task.
//~ has no buffer of its own
//~ this option belongs to the stage before it, and that one can't take it
//~ put `.boundary()` or `.buffer(n)` behind it for a task and a buffer of its own

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).buffer_size(2).collect::<Vec<i32>>();
}
