//! A plain tokio program: it knows nothing of anypipe. A stage sleeps on tokio's own timer.

use std::time::Duration;

#[tokio::main]
async fn main() {
    println!("{}", library::squares(|| tokio::time::sleep(Duration::from_micros(200))).await);
}
