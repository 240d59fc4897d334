//! The runs of the program that go on.

// For maintainers. A run is entered where it begins, if anybody has asked for that by then: else it costs a look at one
// flag. It leaves where it ends; one that is only forgotten leaves no more than its entry, which goes with the next.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use super::Control;
use super::picture::RunState;
use crate::scope::{Controls, WeakControls};

/// True once somebody has asked for the runs.
static LISTS: AtomicBool = AtomicBool::new(false);
/// The runs that have begun since then and have not ended, and the number of the last.
static LIVE: LazyLock<Mutex<(u64, BTreeMap<u64, WeakControls>)>> = LazyLock::new(Mutex::default);

/// A run that goes on, as [`runs`] lists it.
#[derive(Clone)]
#[non_exhaustive]
pub struct LiveRun {
    /// Which of the runs it is, counted from 1 in the order in which they began, since they are listed.
    pub number: u64,
    /// Its name: that of its terminal.
    pub name: &'static str,
    /// The name of its runtime.
    pub runtime: &'static str,
    /// True where it can be replayed, as on the simulator: nothing from another thread may steer it
    /// ([`Runtime::is_replayable`](crate::runtime::Runtime::is_replayable)).
    pub is_replayable: bool,
    /// Steers it, and shows what it does.
    pub control: Control,
}

impl fmt::Debug for LiveRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveRun")
            .field("number", &self.number)
            .field("name", &self.name)
            .field("runtime", &self.runtime)
            .finish_non_exhaustive()
    }
}

/// Has the runs be listed that begin from now on. Called first thing in a program, [`runs`] knows all of them.
///
/// Listing costs a lock that all runs share, where one begins and where it ends; as long as nobody has asked for it, it
/// costs nothing.
pub fn list_runs() {
    LISTS.store(true, Ordering::SeqCst);
}

/// The runs of this program that have begun, and have not ended, in the order in which they began; of those before the
/// first call of this, or of [`list_runs`], nothing is known.
///
/// # Examples
///
/// ```
/// for run in anypipe_core::run::runs() {
///     println!("{} on {}:\n{}", run.name, run.runtime, run.control.picture());
/// }
/// ```
pub fn runs() -> Vec<LiveRun> {
    list_runs();
    let live: Vec<_> = lock().1.iter().filter_map(|(number, run)| Some((*number, run.upgrade()?))).collect();
    let told = |(number, controls): (u64, Controls)| {
        let (name, runtime) = controls.told()?;
        let goes_on = !matches!(controls.state(), RunState::Ended | RunState::Failed);
        let (runtime, is_replayable) = (runtime.name(), runtime.is_replayable());
        goes_on.then(|| LiveRun { number, name, runtime, is_replayable, control: Control::new(controls) })
    };
    live.into_iter().filter_map(told).collect()
}

fn lock() -> std::sync::MutexGuard<'static, (u64, BTreeMap<u64, WeakControls>)> {
    // Nothing of others runs under it.
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run's place in the list.
pub(super) struct Listed(u64);

/// Enters a run that begins, where they are listed.
#[inline]
pub(super) fn enter(controls: &Controls) -> Option<Box<Listed>> {
    if LISTS.load(Ordering::Relaxed) { Some(Box::new(enter_listed(controls))) } else { None }
}

#[cold]
fn enter_listed(controls: &Controls) -> Listed {
    let (last, live) = &mut *lock();
    *last += 1;
    live.insert(*last, controls.downgrade());
    Listed(*last)
}

impl Drop for Listed {
    fn drop(&mut self) {
        let left = lock().1.remove(&self.0);
        drop(left);
    }
}
