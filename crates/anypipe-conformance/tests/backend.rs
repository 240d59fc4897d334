//! The backend of the guide's page `backend.md`, held to every law and promise that ours are held to.

#[allow(clippy::disallowed_methods, reason = "a backend is where threads and the clock are used")]
#[allow(unreachable_pub, reason = "it is written as in a crate of its own")]
mod threads;

use threads::Threads;

anypipe_conformance::suite!(on_threads, || Threads);

#[test]
fn the_guide_shows_this_backend() {
    let (guide, code) = (include_str!("../../../docs/guide/backend.md"), include_str!("threads/mod.rs"));
    assert!(guide.contains(code), "`docs/guide/backend.md` and `tests/threads/mod.rs` differ");
}
