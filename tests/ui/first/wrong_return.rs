//! A function that says other items than its pipeline gives, at the end of a long chain.
//~ expected `Option<String>`, found `Option<usize>`

use anypipe::prelude::*;

fn lengths(lines: Vec<String>) -> Pipeline<impl Source<Item = String>> {
    Pipeline::from_iter(lines)
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
}

fn main() {
    drop(lengths(Vec::new()));
}
