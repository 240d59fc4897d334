//! Entries: what joins several sources or branches.

use super::{Operator, Origin};

pub(super) const ENTRIES: &[Operator] = &[];

pub(super) const SOURCES: &[Origin] = &[];
