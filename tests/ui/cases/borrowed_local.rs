//! A pipeline over what its function only lends.
//~ `words` does not live long enough
//~ argument requires that `words` is borrowed for `'static`

use anypipe::prelude::*;

fn main() {
    let words = vec![String::from("a"), String::from("b")];
    let _run = Pipeline::from_iter(words.iter()).map(|word| word.len()).collect::<Vec<usize>>();
}
