//! A plain async-std program: it knows nothing of anypipe. A stage sleeps on async-std's own timer.

use std::time::Duration;

fn main() {
    let pause = || async_std::task::sleep(Duration::from_micros(200));
    println!("{}", async_std::task::block_on(library::squares(pause)));
}
