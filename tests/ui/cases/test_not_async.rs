//! The test attribute on a function that isn't asynchronous.
//~ `#[anypipe::test]` goes on an `async fn`: write `async` before `fn`

#[anypipe::test]
fn adds_up() {
    assert_eq!(1 + 2, 3);
}

fn main() {}
