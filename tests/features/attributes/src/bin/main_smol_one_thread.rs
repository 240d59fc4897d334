//! `#[anypipe::main(smol_one_thread)]`. A stage sleeps on smol's own timer.

use std::time::Duration;

#[anypipe::main(smol_one_thread)]
async fn main() {
    let pause = || async {
        smol::Timer::after(Duration::from_micros(200)).await;
    };
    println!("{}", library::squares(pause).await);
}
