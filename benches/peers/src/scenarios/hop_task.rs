//! What a hop costs where all of it is in tasks, the last loop as well.

use futures_util::FutureExt;

use super::{Scenario, hop};
use crate::runtime::Runtime;

pub const SCENARIO: Scenario = Scenario {
    name: "hop-task",
    about: "the same four hops, with the last loop, or the run, in a task that is awaited",
    tables: |effort| {
        hop::tables("hop-task", effort, |hop, how| {
            let all = hop(how);
            Runtime::spawned(all).boxed()
        })
    },
};
