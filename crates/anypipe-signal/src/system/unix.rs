//! The signals of Unix: a thread that reads them from a pipe.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use signal_hook::flag::register_conditional_shutdown;
use signal_hook::iterator::{Handle, Signals};

use crate::registry::deliver;

/// What is watched, and the thread's handle once there is one.
static WATCHED: Mutex<(BTreeSet<i32>, Option<Handle>)> = Mutex::new((BTreeSet::new(), None));

/// Watches a signal from now on; where `ends` is set the process ends at once with `status`.
///
/// # Panics
///
/// Where the process can have no more pipes or threads.
pub(crate) fn watch(number: i32, status: i32, ends: &Arc<AtomicBool>) {
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    if watched.0.contains(&number) {
        return;
    }
    let handle = watched.1.get_or_insert_with(|| {
        let mut signals = Signals::new([0; 0]).expect("a pipe for signals can't be made");
        let handle = signals.handle();
        let forever = move || signals.forever().for_each(deliver);
        thread::Builder::new()
            .name("anypipe-signal".to_owned())
            .spawn(forever)
            .expect("the thread that waits for signals can't be started");
        handle
    });
    // In this order: the handler ends the process where nobody waits, and else passes the signal on.
    let shutdown = register_conditional_shutdown(number, status, Arc::clone(ends));
    shutdown.and_then(|_| handle.add_signal(number)).expect("the signal can't be watched");
    watched.0.insert(number);
}
