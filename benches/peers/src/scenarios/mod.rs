//! What is measured. A scenario is a file here, and a line in the list below.

use crate::measure::{Effort, Table};

/// Mounts the files, and lists their scenarios in this order.
macro_rules! scenarios {
    ($($file:ident,)*) => {
        $(pub mod $file;)*

        pub const ALL: &[Scenario] = &[$(self::$file::SCENARIO),*];
    };
}

scenarios! {
    hop,
    hop_task,
    hop_smol,
    hop_async_std,
    watched,
    workers,
    naps,
    auto,
    cpu,
    latency,
    start,
    spawn,
    parked,
    fused,
    sinks,
    keyed,
    crowd,
    merge,
    sync,
    oneshot,
    broadcast,
    blocking,
}

pub struct Scenario {
    pub name: &'static str,
    pub about: &'static str,
    pub tables: fn(Effort) -> Vec<Table>,
}
