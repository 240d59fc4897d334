//! Workers for a stage whose items depend on each other, at the end of a long chain.
//~ can't have workers
//~ its items depend on each other, or it is a source
//~ state that each worker has for itself goes into `map_with(..)` or `then_with(..)`

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
        .scan(0, |sum, n| Some(*sum + n))
        .workers(2)
        .collect::<Vec<usize>>();
    drop(run);
}
