//! On whose behalf a token is borrowed.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// On whose behalf a token of a [`CapacityLimiter`](crate::CapacityLimiter) is borrowed: a number, a text, or one of its
/// own that is like no other.
///
/// # Examples
///
/// ```
/// # use anypipe_sync::__anypipe as anypipe;
/// use anypipe::sync::Borrower;
///
/// assert_eq!(Borrower::from("upload"), Borrower::from(String::from("upload")));
/// assert_ne!(Borrower::unique(), Borrower::unique());
/// assert_eq!(Borrower::from(7).to_string(), "7");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Borrower(Name);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Name {
    Unique(u64),
    Number(u64),
    Text(Arc<str>),
}

impl Borrower {
    /// One that is like no other but its clones.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let one = anypipe::sync::Borrower::unique();
    /// assert_eq!(one, one.clone());
    /// ```
    pub fn unique() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(Name::Unique(LAST.fetch_add(1, Ordering::Relaxed)))
    }
}

impl From<u64> for Borrower {
    fn from(number: u64) -> Self {
        Self(Name::Number(number))
    }
}

impl From<&str> for Borrower {
    fn from(text: &str) -> Self {
        Self(Name::Text(text.into()))
    }
}

impl From<String> for Borrower {
    fn from(text: String) -> Self {
        Self(Name::Text(text.into()))
    }
}

impl From<&Borrower> for Borrower {
    fn from(borrower: &Borrower) -> Self {
        borrower.clone()
    }
}

impl fmt::Display for Borrower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Name::Unique(number) => write!(f, "unique {number}"),
            Name::Number(number) => number.fmt(f),
            Name::Text(text) => text.fmt(f),
        }
    }
}

impl fmt::Debug for Borrower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Borrower({self})")
    }
}
