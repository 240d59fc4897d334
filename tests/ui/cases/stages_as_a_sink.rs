//! Stages where a sink is asked for, without a sink behind them.
//~ is not a sink for items of type
//~ stages become one with a sink behind them: `stages | sink::for_each(..)`

use anypipe::prelude::*;

fn main() {
    let _run = Pipeline::from_iter(0..9).tee(chunks(3).map(|batch: Vec<i32>| println!("{batch:?}"))).count();
}
