//! Entries: tasks and buffers between stages.

use anypipe_core::Holds;
use anypipe_stages::stage;

use super::{BuiltStage, Operator};

pub(super) const ENTRIES: &[Operator] = &[
    Operator {
        name: "boundary",
        build: |draw| {
            let options = draw.buffer();
            let stage = options.apply(stage::boundary());
            BuiltStage::new(options.told("boundary"), stage, <[i64]>::to_vec)
                .itemwise()
                .holds(options.holds())
        },
    },
    Operator {
        name: "buffer",
        build: |draw| {
            let n = draw.within(1..=5);
            BuiltStage::new(format!("buffer({n})"), stage::buffer(n), <[i64]>::to_vec)
                .itemwise()
                .holds(Holds::at_most(n + 1))
        },
    },
];
