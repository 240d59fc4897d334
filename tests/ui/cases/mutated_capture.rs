//! State in a closure that several workers may share.
//~ cannot assign to `count`, as it is a captured variable in a `Fn` closure

use anypipe::prelude::*;

fn main() {
    let mut count = 0;
    let _run = Pipeline::from_iter(["a", "b"])
        .map(move |word| {
            count += 1;
            (count, word)
        })
        .collect::<Vec<_>>();
}
