use std::any::Any;
use std::sync::Arc;

/// The values that code sees; each key is in it once.
pub(super) struct Values {
    /// A handful: they are looked through.
    values: Vec<(Key, Value)>,
}

/// Values, where there are any.
pub(super) type Locals = Option<Arc<Values>>;

/// The address of a [`LocalKey`](super::LocalKey), which is a `static`.
pub(super) type Key = usize;
pub(super) type Value = Arc<dyn Any + Send + Sync>;

impl Values {
    /// These values with one more, or with another in its place.
    pub(super) fn with(base: Option<&Values>, key: Key, value: Value) -> Arc<Self> {
        let others = base.into_iter().flat_map(|base| &base.values).filter(|(other, _)| *other != key);
        let values = others.cloned().chain([(key, value)]).collect();
        Arc::new(Self { values })
    }

    pub(super) fn get(&self, key: Key) -> Option<Value> {
        self.values.iter().find(|(other, _)| *other == key).map(|(_, value)| Arc::clone(value))
    }
}
