//! A closure that can't leave its thread.
//~ `Rc<i32>` cannot be sent between threads safely

use std::rc::Rc;

use anypipe::prelude::*;

fn main() {
    let offset = Rc::new(1);
    let _run = Pipeline::from_iter(0..3).map(move |n| n + *offset).collect::<Vec<i32>>();
}
