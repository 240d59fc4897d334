//! A plain smol program: it knows nothing of anypipe. A stage sleeps on smol's own timer.

use std::time::Duration;

fn main() {
    let pause = || async {
        smol::Timer::after(Duration::from_micros(200)).await;
    };
    println!("{}", smol::block_on(library::squares(pause)));
}
