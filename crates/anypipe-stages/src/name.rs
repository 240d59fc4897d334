use std::borrow::Cow;

use anypipe_core::stage::in_stage;

/// The name of a stage: that of its operator, until [`named`](anypipe_core::option::Named) changes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub(crate) Cow<'static, str>);

impl Name {
    pub(crate) const fn new(operator: &'static str) -> Self {
        Self(Cow::Borrowed(operator))
    }

    /// Calls a closure of the stage.
    pub(crate) fn guard<R>(&self, f: impl FnOnce() -> R) -> R {
        in_stage(&self.0, f)
    }
}
