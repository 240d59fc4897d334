//! A library that was tried on tokio alone, and turns that feature on.

use std::time::Duration;

use anypipe::task::task_group;
use anypipe::time::sleep;

/// The library's work, on the runtime it is called in.
pub async fn work() -> String {
    let group = task_group(|group| async move {
        let child = group.spawn(library::squares(|| sleep(Duration::from_micros(200))));
        child.await.expect("the child ends well")
    });
    format!("on-tokio: {}", group.await)
}
