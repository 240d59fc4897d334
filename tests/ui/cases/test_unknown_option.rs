//! An option that the test attribute hasn't.
//~ `#[anypipe::test]` has no option `current_thread`; did you mean `tokio_current_thread`?
//~ it takes a runtime (`tokio`, `tokio_current_thread`, `smol`, `smol_one_thread`, `async_std`, `sim`), `seeds`, `jitter`, `timeout`, or `crate`

#[anypipe::test(current_thread)]
async fn adds_up() {
    assert_eq!(1 + 2, 3);
}

fn main() {}
