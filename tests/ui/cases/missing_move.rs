//! A closure that borrows what it should take along.
//~ to force the closure to take ownership of `offset` (and any other referenced variables), use the `move` keyword

use anypipe::prelude::*;

fn add(offset: i32) -> Pipeline<impl Source<Item = i32>> {
    Pipeline::from_iter(0..3).map(|n| n + offset)
}

fn main() {
    let _run = add(1).collect::<Vec<i32>>();
}
