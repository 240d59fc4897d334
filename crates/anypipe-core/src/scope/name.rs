use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The name of a stage or a task. It lies in many places for each: it is small, and cheap to clone.
#[derive(Clone)]
pub(crate) enum TaskName {
    Known(&'static str),
    /// Made by the program.
    Made(Arc<String>),
}

impl Deref for TaskName {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Known(name) => name,
            Self::Made(name) => name,
        }
    }
}

impl From<&'static str> for TaskName {
    fn from(name: &'static str) -> Self {
        Self::Known(name)
    }
}

impl From<Cow<'static, str>> for TaskName {
    fn from(name: Cow<'static, str>) -> Self {
        match name {
            Cow::Borrowed(name) => Self::Known(name),
            Cow::Owned(name) => Self::Made(Arc::new(name)),
        }
    }
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}
