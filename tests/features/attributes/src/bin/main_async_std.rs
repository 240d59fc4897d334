//! `#[anypipe::main(async_std)]`. A stage sleeps on async-std's own timer.

use std::time::Duration;

#[anypipe::main(async_std)]
async fn main() {
    println!("{}", library::squares(|| async_std::task::sleep(Duration::from_micros(200))).await);
}
