//! No backend at all: everything compiles, and each way to run tells which features there are.

use std::future::ready;

use futures_lite::future::block_on;

fn main() {
    assert!(anypipe::runtime::available().is_empty());
    if let Err(error) = anypipe::try_run(async {}) {
        println!("entered: {error}");
    }
    if let Err(error) = block_on(library::try_squares(|| ready(()))) {
        println!("awaited: {error}");
    }
    // Its panic is this program's end.
    println!("unchecked: {}", block_on(library::squares(|| ready(()))));
}
