//! A sink put behind a pipeline as if it were a stage.
//~ `Count` is not a stage for items of type `{integer}`
//~ a sink comes last, by `.into_sink(..)`; to be a branch it becomes a stage by `.into_stage()`

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9) | sink::count();
}
