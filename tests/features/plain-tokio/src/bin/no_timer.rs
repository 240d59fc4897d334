//! A tokio runtime that was built without its timer: a stage that sleeps is told so.

use std::future::ready;

fn main() {
    let tokio = tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be built");
    match tokio.block_on(library::try_squares(|| ready(()))) {
        Ok(squares) => println!("{squares}"),
        Err(error) => println!("{error}"),
    }
}
