//! `#[anypipe::main]` that names no runtime: the first that is compiled in.

use std::time::Duration;

#[anypipe::main]
async fn main() {
    println!("{}", library::squares(|| anypipe::time::sleep(Duration::from_micros(200))).await);
}
