pub use anypipe_core::run::{BlockingPortal, PortalTask};

/// A portal into the scope that this code runs in, through which plain threads call asynchronous code there: the same as
/// [`BlockingPortal::current`].
///
/// In blocking work of anypipe ([`blocking`](super::blocking), a stage with `.blocking()`) it is the way back into the run.
/// A [`TaskGroup`](super::TaskGroup) gives one into itself.
///
/// # Panics
///
/// Where the code runs in no scope, as on a plain thread: make the portal in the run, and hand it to the thread.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use std::time::Duration;
/// use anypipe::task::{blocking, portal};
/// use anypipe::time::sleep;
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     // From a thread of one's own, which is handed the portal …
///     let portal = portal();
///     let (done, is_done) = anypipe::channel::oneshot();
///     let thread = thread::spawn(move || {
///         let answer = portal.call(|| async {
///             sleep(Duration::from_millis(1)).await;
///             42
///         });
///         let _ = done.send(answer);
///     });
///     assert_eq!(is_done.await.unwrap().unwrap(), 42);
///     thread.join().unwrap();
///
///     // … and from blocking work, which is part of the run.
///     let answer = blocking(|| anypipe::task::portal().call(|| async { 43 }));
///     assert_eq!(answer.await.unwrap(), 43);
/// });
/// ```
///
/// A task that goes on while the thread does something else:
///
/// ```
/// use anypipe::task::{blocking, portal};
///
/// # #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
/// anypipe::run(async {
///     let sum = blocking(|| {
///         let portal = portal();
///         let (one, endless) = (portal.start(|| async { 1 }), portal.start(std::future::pending::<u32>));
///         endless.cancel();
///         assert!(endless.join().is_err_and(|error| error.is_cancelled()));
///         one.join().unwrap() + 1
///     });
///     assert_eq!(sum.await, 2);
/// });
/// ```
pub fn portal() -> BlockingPortal {
    BlockingPortal::current()
}
