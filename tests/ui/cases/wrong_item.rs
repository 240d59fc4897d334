//! A stage behind one that gives other items than it takes.
//~ expected closure signature `fn({integer}) -> _`
//~ found closure signature `fn(String) -> _`

use anypipe::prelude::*;

fn main() {
    let _run = (Pipeline::from_iter(0..9) | map(|word: String| word.len())).collect::<Vec<usize>>();
}
