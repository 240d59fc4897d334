//! Entries: running aggregates.

use super::Operator;

pub(super) const ENTRIES: &[Operator] = &[];
