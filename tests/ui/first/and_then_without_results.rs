//! What goes on with the `Ok` of a result, of items that are none, at the end of a long chain.
//~ expected `Option<Result<_, _>>`, found `Option<usize>`

use anypipe::prelude::*;

fn main() {
    let lines: Vec<String> = Vec::new();
    let run = Pipeline::from_iter(lines)
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .enumerate()
        .then(async |(at, line)| (at, line.len()))
        .workers(4)
        .map(|(at, length)| at * length)
        .inspect(|_| ())
        .chunks(10)
        .flat_map(|chunk| chunk)
        .filter_map(|n| n.checked_sub(1))
        .scan(0, |sum, n| Some(*sum + n))
        .buffer(16)
        .and_then(async |n| Ok::<_, String>(n + 1))
        .count();
    drop(run);
}
