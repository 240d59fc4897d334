//! Entries: stages that let some items through.

use anypipe_stages::stage;

use super::{BuiltStage, Item, Operator};

fn is_kept(value: i64) -> bool {
    value % 3 != 1
}

pub(super) const ENTRIES: &[Operator] = &[
    Operator {
        name: "filter",
        build: |draw| {
            let stage = stage::filter(|item: &Item| is_kept(item.value()));
            let model = |all: &[i64]| all.iter().copied().filter(|&value| is_kept(value)).collect();
            BuiltStage::synchronous(draw, "filter", stage, model)
        },
    },
    Operator {
        name: "take",
        build: |draw| {
            let n = draw.below(6);
            let model = move |all: &[i64]| all.iter().copied().take(n).collect();
            BuiltStage::new(format!("take({n})"), stage::take(n), model)
        },
    },
];
