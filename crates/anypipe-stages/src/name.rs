use std::borrow::Cow;

use anypipe_core::stage::in_stage;

/// The name of a stage: that of its operator, until [`named`](anypipe_core::option::Named) changes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub Cow<'static, str>);

impl Name {
    /// That of the operator.
    pub const fn new(operator: &'static str) -> Self {
        Self(Cow::Borrowed(operator))
    }

    /// Calls a closure of the stage, so that a panic in it is told with the name.
    #[inline]
    pub fn guard<R>(&self, f: impl FnOnce() -> R) -> R {
        in_stage(&self.0, f)
    }
}
