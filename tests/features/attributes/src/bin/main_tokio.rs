//! `#[anypipe::main(tokio, threads = 2)]`. A stage sleeps on tokio's own timer.

use std::time::Duration;

#[anypipe::main(tokio, threads = 2)]
async fn main() {
    println!("{}", library::squares(|| tokio::time::sleep(Duration::from_micros(200))).await);
}
