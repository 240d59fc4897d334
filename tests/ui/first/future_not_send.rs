//! What may not leave its thread, held across an await, at the end of a long chain.
//~ future cannot be sent between threads safely

use anypipe::prelude::*;

fn main() {
    use std::rc::Rc;

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
        .then(async |n| {
            let shared = Rc::new(n);
            std::future::ready(()).await;
            *shared
        })
        .collect::<Vec<usize>>();
    drop(run);
}
