//! A plain thread of a tokio program has no tokio context: it is told so, unless another backend that
//! was compiled in runs anywhere.

use std::future::ready;

#[tokio::main]
async fn main() {
    #[expect(clippy::disallowed_methods, reason = "a thread that no runtime knows is the case")]
    let thread = std::thread::spawn(|| futures_lite::future::block_on(library::try_squares(|| ready(()))));
    match thread.join().expect("an error is no panic") {
        Ok(squares) => println!("{squares}"),
        Err(error) => println!("{error}"),
    }
}
