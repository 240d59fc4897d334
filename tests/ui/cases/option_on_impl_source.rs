//! An option for a pipeline that a function gives without the name of its type.
//~ can't have workers
//~ what is behind one type (`.boxed()`, `.shared()`, `impl Source`, `impl Stage`) takes its options before

use anypipe::prelude::*;

fn numbers() -> Pipeline<impl Source<Item = u32>> {
    Pipeline::from_iter(0..9).map(|n| n + 1)
}

fn main() {
    let _run = numbers().workers(2).collect::<Vec<_>>();
}
