//! How many items something can hold at once.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

/// How many items something can hold at once: a number, or no bound.
///
/// # Examples
///
/// ```
/// # use anypipe_core::__anypipe as anypipe;
/// use anypipe::Holds;
///
/// assert_eq!(Holds::at_most(3) + Holds::at_most(4), Holds::at_most(7));
/// assert_eq!(Holds::at_most(3) + Holds::UNBOUNDED, Holds::UNBOUNDED);
/// assert_eq!(Holds::at_most(7).limit(), Some(7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Holds {
    limit: Option<usize>,
}

impl Holds {
    /// Holds nothing.
    pub const NONE: Self = Self { limit: Some(0) };
    /// Can hold any number of items.
    pub const UNBOUNDED: Self = Self { limit: None };

    /// Holds this many items at most.
    pub const fn at_most(items: usize) -> Self {
        Self { limit: Some(items) }
    }

    /// The most items; `None` where there is no bound.
    pub const fn limit(self) -> Option<usize> {
        self.limit
    }
}

impl Add for Holds {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let limit = self.limit.zip(other.limit).and_then(|(a, b)| a.checked_add(b));
        Self { limit }
    }
}

impl Sum for Holds {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::NONE, Add::add)
    }
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Some(items) => write!(f, "{items}"),
            None => f.write_str("unbounded"),
        }
    }
}
