//! The lock and the atomic that everything here is built on: the standard ones, or loom's under `cfg(loom)`.

#[cfg(not(loom))]
pub(crate) use std::sync::Mutex;
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::AtomicUsize;

#[cfg(loom)]
pub(crate) use self::late::{AtomicUsize, Mutex};

/// Those of loom belong to a run of a model, and can't be constants: they are made where they are first used.
#[cfg(loom)]
mod late {
    use std::sync::{LockResult, OnceLock, PoisonError};

    use loom::sync::MutexGuard;
    use loom::sync::atomic::Ordering;

    pub(crate) struct AtomicUsize {
        initial: usize,
        made: OnceLock<loom::sync::atomic::AtomicUsize>,
    }

    impl AtomicUsize {
        pub(crate) const fn new(initial: usize) -> Self {
            Self { initial, made: OnceLock::new() }
        }

        fn get(&self) -> &loom::sync::atomic::AtomicUsize {
            self.made.get_or_init(|| loom::sync::atomic::AtomicUsize::new(self.initial))
        }

        pub(crate) fn load(&self, order: Ordering) -> usize {
            self.get().load(order)
        }

        pub(crate) fn compare_exchange(
            &self,
            current: usize,
            new: usize,
            success: Ordering,
            failure: Ordering,
        ) -> Result<usize, usize> {
            self.get().compare_exchange(current, new, success, failure)
        }

        pub(crate) fn compare_exchange_weak(
            &self,
            current: usize,
            new: usize,
            success: Ordering,
            failure: Ordering,
        ) -> Result<usize, usize> {
            self.get().compare_exchange_weak(current, new, success, failure)
        }
    }

    pub(crate) struct Mutex<T> {
        initial: std::sync::Mutex<Option<T>>,
        made: OnceLock<loom::sync::Mutex<T>>,
    }

    impl<T> Mutex<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self { initial: std::sync::Mutex::new(Some(value)), made: OnceLock::new() }
        }

        pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
            let made = self.made.get_or_init(|| {
                let value = self.initial.lock().unwrap_or_else(PoisonError::into_inner).take();
                loom::sync::Mutex::new(value.expect("it is made once"))
            });
            made.lock()
        }
    }
}
