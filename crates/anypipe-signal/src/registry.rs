//! Who waits for signals, and what becomes of one.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::system;

/// The signals, by their numbers. Both exist everywhere.
pub(crate) const NUMBERS: [i32; 2] = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];

/// Some of the signals, by their places in [`NUMBERS`].
pub(crate) type Wanted = [bool; 2];

/// Called on the thread that waits for signals.
pub(crate) type Call = Arc<dyn Fn() + Send + Sync>;

/// Names one who waits.
pub(crate) type Id = u64;

/// One who waits.
struct Waiter {
    wanted: Wanted,
    /// The signal it was told and has not looked at: it waits for no other meanwhile.
    told: Option<usize>,
    waker: Option<Waker>,
    /// What is called when it is told, besides.
    call: Option<Call>,
}

/// All who wait.
#[derive(Default)]
struct Registry {
    waiters: BTreeMap<Id, Waiter>,
    /// The last name that was given out.
    last: Id,
    /// How many wait for each signal and were told of none.
    waiting: [usize; 2],
}

static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(Mutex::default);

/// Set while nobody waits for a signal: the handler itself ends the process then, whatever our thread does.
static ENDS: LazyLock<[Arc<AtomicBool>; 2]> = LazyLock::new(Default::default);

fn lock() -> MutexGuard<'static, Registry> {
    // Nobody's code runs under it, so that nothing is half done where somebody has panicked.
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registry {
    /// Counts one in, or out, for the signals it wants.
    fn count(&mut self, wanted: Wanted, waits: bool) {
        for place in (0..wanted.len()).filter(|place| wanted[*place]) {
            let waiting = &mut self.waiting[place];
            *waiting = if waits { *waiting + 1 } else { *waiting - 1 };
            ENDS[place].store(*waiting == 0, Ordering::SeqCst);
        }
    }
}

/// Waits for some of the signals from now on.
pub(crate) fn enter(wanted: Wanted) -> Id {
    for place in (0..wanted.len()).filter(|place| wanted[*place]) {
        system::watch(NUMBERS[place], 128 + NUMBERS[place], &ENDS[place]);
    }
    let mut registry = lock();
    registry.last += 1;
    let id = registry.last;
    registry.waiters.insert(id, Waiter { wanted, told: None, waker: None, call: None });
    registry.count(wanted, true);
    id
}

/// Has something called when it is told, at once where it was.
pub(crate) fn call(id: Id, call: &Call) {
    let mut registry = lock();
    let Some(waiter) = registry.waiters.get_mut(&id) else { return };
    let was_told = waiter.told.is_some();
    waiter.call = Some(Arc::clone(call));
    drop(registry);
    if was_told {
        call();
    }
}

/// Waits no more; gives the signal that it was told and has not looked at.
pub(crate) fn leave(id: Id) -> Option<usize> {
    let mut registry = lock();
    let waiter = registry.waiters.remove(&id)?;
    if waiter.told.is_none() {
        registry.count(waiter.wanted, false);
    }
    drop(registry);
    waiter.told
}

/// Looks at the signal it was told, and waits for the next; else leaves the waker.
pub(crate) fn look(id: Id, waker: &Waker) -> Option<usize> {
    let mut registry = lock();
    let waiter = registry.waiters.get_mut(&id)?;
    let told = waiter.told.take();
    let (wanted, old) = if told.is_some() {
        (waiter.wanted, waiter.waker.take())
    } else if waiter.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
        return None;
    } else {
        (Wanted::default(), waiter.waker.replace(waker.clone()))
    };
    registry.count(wanted, true);
    drop(registry);
    drop(old);
    told
}

/// A signal came: all who wait for it are told, and where nobody does the process ends.
pub(crate) fn deliver(number: i32) {
    let Some(place) = NUMBERS.iter().position(|known| *known == number) else { return };
    let mut registry = lock();
    if registry.waiting[place] == 0 {
        signal_hook::low_level::exit(128 + number);
    }
    let (mut told, mut counted) = (Vec::new(), Vec::new());
    for waiter in registry.waiters.values_mut().filter(|waiter| waiter.told.is_none() && waiter.wanted[place])
    {
        waiter.told = Some(place);
        counted.push(waiter.wanted);
        told.push((waiter.call.clone(), waiter.waker.take()));
    }
    for wanted in counted {
        registry.count(wanted, false);
    }
    drop(registry);
    for (call, waker) in told {
        // What one of them panics with is told by the hook, and keeps nothing from the others.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            if let Some(call) = call {
                call();
            }
            waker.into_iter().for_each(Waker::wake);
        }));
    }
}
