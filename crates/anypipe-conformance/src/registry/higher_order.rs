//! Entries: stages whose items become streams.

use super::Operator;

pub(super) const ENTRIES: &[Operator] = &[];
