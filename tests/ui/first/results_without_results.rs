//! A stage on results behind items that are none, with a terminal of results behind it, at the end of a long chain.
//~ expected `Option<Result<_, _>>`, found `Option<usize>`
//= `try_collect::<C>()` has the error in what it gives, and a parameter for it would have to be named: `try_collect::<C, _>()`

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
        .try_collect::<Vec<usize>>();
    drop(run);
}
