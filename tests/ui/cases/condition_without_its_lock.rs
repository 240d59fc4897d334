//! A condition that is waited for without its lock.
//~ this method takes 1 argument but 0 arguments were supplied
//~ argument #1 of type `LockGuard<'_, _>` is missing

use anypipe::sync::Condition;

async fn wait(changed: &Condition) {
    changed.wait().await;
}

fn main() {}
