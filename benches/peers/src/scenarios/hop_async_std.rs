//! What a hop costs on async-std.

use super::{Scenario, hop};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "hop-async-std",
    about: "the same four hops on async-std",
    tables: |effort| hop::elsewhere("hop-async-std", Runtime::AsyncStd, effort),
};
