//! What a hop costs on smol.

use super::{Scenario, hop};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "hop-smol",
    about: "the same four hops on smol",
    tables: |effort| hop::elsewhere("hop-smol", Runtime::Smol, effort),
};
