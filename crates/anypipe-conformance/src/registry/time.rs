//! Entries: what depends on time.

use super::{Operator, Origin};

pub(super) const ENTRIES: &[Operator] = &[];

pub(super) const SOURCES: &[Origin] = &[];
