//! The locks and atomics everything here is built on: the standard ones, or loom's under `cfg(loom)`.

use std::ops::Deref;
use std::sync::Arc;

#[cfg(loom)]
use loom::sync as imp;
#[cfg(not(loom))]
use std::sync as imp;

pub(crate) use imp::{MutexGuard, atomic};
#[cfg(loom)]
pub(crate) use loom::thread_local;
#[cfg(not(loom))]
pub(crate) use std::thread_local;

/// What each thread has of its own and drops nothing: it is there from the beginning, and nobody looks whether it was made.
/// loom makes it when it is asked for.
macro_rules! thread_cells {
    (static $name:ident: $of:ty = $made:expr;) => {
        #[cfg(not(loom))]
        std::thread_local! { static $name: $of = const { $made }; }
        #[cfg(loom)]
        loom::thread_local! { static $name: $of = $made; }
    };
}
pub(crate) use thread_cells;

/// A lock without poisoning: no user code ever runs under one, so nothing can panic while it is held.
#[derive(Debug)]
pub(crate) struct Mutex<T>(imp::Mutex<T>);

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(imp::Mutex::new(value))
    }

    /// What it guards, where nobody else can have it.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Has what drops an `Arc` or a [`Lone`] be built here, where nothing else here drops one: what isn't built here is built in each
/// crate that may come to drop it.
macro_rules! built_here {
    ($of:ty) => {
        const _: () = {
            #[used]
            static DROPS: fn($of) = drop;
        };
    };
}
pub(crate) use built_here;

/// A box that is dropped by code that is built here, once: what drops a `Box` is built anew in each crate that may come to drop it,
/// with all that drops what lies in it. For what isn't generic.
#[derive(Debug)]
pub(crate) struct Lone<T> {
    /// Nobody else has it.
    inner: Arc<T>,
}

impl<T> Lone<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { inner: Arc::new(value) }
    }

    /// What lies in it, to be changed: that costs more than a look.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        Arc::get_mut(&mut self.inner).expect("nobody else has it")
    }
}

impl<T> Deref for Lone<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}
