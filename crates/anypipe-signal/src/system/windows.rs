//! Ctrl-C of Windows: a thread that looks at a flag now and then, since there is nothing that could wake it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use signal_hook::flag::{register, register_conditional_shutdown};

use crate::registry::deliver;

/// How long it is between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// The flags of what is watched.
static WATCHED: Mutex<BTreeMap<i32, Arc<AtomicBool>>> = Mutex::new(BTreeMap::new());

/// Watches a signal from now on; where `ends` is set the process ends at once with `status`.
///
/// # Panics
///
/// Where the process can have no more threads.
pub(crate) fn watch(number: i32, status: i32, ends: &Arc<AtomicBool>) {
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    if watched.contains_key(&number) {
        return;
    }
    if watched.is_empty() {
        thread::Builder::new()
            .name("anypipe-signal".to_owned())
            .spawn(look)
            .expect("the thread that waits for signals can't be started");
    }
    let flag = Arc::default();
    let shutdown = register_conditional_shutdown(number, status, Arc::clone(ends));
    shutdown.and_then(|_| register(number, Arc::clone(&flag))).expect("the signal can't be watched");
    watched.insert(number, flag);
}

fn look() {
    loop {
        #[expect(clippy::disallowed_methods, reason = "a thread of no runtime's")]
        thread::sleep(PAUSE);
        let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        let came: Vec<_> = watched
            .iter()
            .filter(|(_, flag)| flag.swap(false, Ordering::SeqCst))
            .map(|(number, _)| *number)
            .collect();
        drop(watched);
        came.into_iter().for_each(deliver);
    }
}
