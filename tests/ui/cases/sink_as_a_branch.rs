//! Stages with a sink behind them as a branch, without `.into_stage()`.
//~ `Count` is not a stage for items of type `Vec<i32>`
//~ a sink comes last, by `.into_sink(..)`; to be a branch it becomes a stage by `.into_stage()`

use anypipe::prelude::*;

fn main() {
    let branches = (chunks(3) | sink::count(), map(|_: i32| 1_usize));
    let _run = Pipeline::from_iter(0..9).broadcast(branches).collect::<Vec<usize>>();
}
