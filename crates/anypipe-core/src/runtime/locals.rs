use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::sync::Mutex;

/// What is kept for a runtime, and goes with it: one value of each type.
///
/// All clones keep the same. A backend has one for each runtime, or for each pool of threads that several share.
///
/// # Examples
///
/// ```
/// use anypipe_core::runtime::Locals;
///
/// let locals = Locals::default();
/// let one = locals.get_or_init(|| String::from("made once"));
/// assert_eq!(*locals.clone().get_or_init(String::new), *one);
/// ```
#[derive(Clone, Default)]
pub struct Locals {
    /// One of each type; there are few.
    values: Arc<Mutex<Vec<Arc<dyn Any + Send + Sync>>>>,
}

impl Locals {
    /// The value of this type, made where there is none yet. Of two that are made at the same time one is kept.
    pub fn get_or_init<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let known = find(&self.values.lock());
        if let Some(value) = known {
            return value;
        }
        // Made without the lock, and dropped without it.
        let new = Arc::new(make());
        let mut values = self.values.lock();
        let kept = find(&values).unwrap_or_else(|| {
            values.push(Arc::clone(&new) as _);
            Arc::clone(&new)
        });
        drop(values);
        kept
    }
}

fn find<T: Any + Send + Sync>(values: &[Arc<dyn Any + Send + Sync>]) -> Option<Arc<T>> {
    values.iter().find_map(|value| Arc::clone(value).downcast().ok())
}

impl fmt::Debug for Locals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locals").field("values", &self.values.lock().len()).finish()
    }
}
