//! `#[anypipe::main(tokio_current_thread)]`. A stage sleeps on tokio's own timer.

use std::time::Duration;

#[anypipe::main(tokio_current_thread)]
async fn main() {
    println!("{}", library::squares(|| tokio::time::sleep(Duration::from_micros(200))).await);
}
