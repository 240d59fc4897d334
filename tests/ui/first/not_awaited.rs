//! A run that is taken for its value, at the end of a long chain.
//~ expected `usize`, found `Run<usize>`

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
        .count();
    let _: usize = run;
}
