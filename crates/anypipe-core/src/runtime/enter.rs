use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::RuntimeHandle;

/// A value that names a runtime: a [`RuntimeHandle`], or a backend's own value such as `Tokio`.
pub trait AsHandle {
    /// A handle to the runtime. It doesn't keep the runtime alive.
    fn handle(&self) -> RuntimeHandle;

    /// What must live for as long as the runtime is used; a run that was given this value holds it
    /// until every task has ended. `None` where nothing is owned.
    fn keep_alive(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }
}

/// The right to enter a runtime from a thread that isn't in one.
pub trait Enter: AsHandle {
    /// Runs `root` to its end on the calling thread, with the runtime's other tasks running.
    ///
    /// # Panics
    ///
    /// Where the calling thread is inside a runtime already and the backend can't nest.
    fn block_on(&self, root: Pin<&mut dyn Future<Output = ()>>);
}

impl AsHandle for RuntimeHandle {
    fn handle(&self) -> RuntimeHandle {
        self.clone()
    }
}

impl<R: AsHandle + ?Sized> AsHandle for &R {
    fn handle(&self) -> RuntimeHandle {
        (**self).handle()
    }

    fn keep_alive(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        (**self).keep_alive()
    }
}

impl<R: Enter + ?Sized> Enter for &R {
    fn block_on(&self, root: Pin<&mut dyn Future<Output = ()>>) {
        (**self).block_on(root);
    }
}
