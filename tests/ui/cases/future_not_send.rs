//! A future that holds something of its thread while it waits.
//~ future cannot be sent between threads safely
//~ await occurs here, with `n` maybe used later

use std::rc::Rc;
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::time::sleep;

fn main() {
    let _run = Pipeline::from_iter(0..3)
        .then(async |n| {
            let n = Rc::new(n);
            sleep(Duration::from_secs(1)).await;
            *n
        })
        .collect::<Vec<i32>>();
}
