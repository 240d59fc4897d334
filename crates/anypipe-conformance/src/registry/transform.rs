//! Entries: stages that make other items of items.

use anypipe_stages::stage;

use super::{BuiltStage, Item, Operator, around};
use anypipe_core::Holds;

/// How many items `flat_map` and `flatten` make of one.
fn row_length(value: i64) -> usize {
    usize::try_from(value.rem_euclid(3)).expect("0 to 2")
}

fn row(item: &Item, value: i64) -> Vec<Item> {
    (0..row_length(value)).map(|_| item.beside(value)).collect()
}

fn rows(all: &[i64]) -> Vec<i64> {
    all.iter().flat_map(|&value| vec![value; row_length(value)]).collect()
}

fn add_one(all: &[i64]) -> Vec<i64> {
    all.iter().map(|value| value + 1).collect()
}

pub(super) const ENTRIES: &[Operator] = &[
    Operator {
        name: "map",
        build: |draw| {
            let stage = stage::map(|item: Item| item.map(|value| value + 1));
            BuiltStage::synchronous(draw, "map", stage, add_one)
        },
    },
    Operator {
        name: "then",
        build: |draw| {
            let stage = stage::then(async |item: Item| {
                item.work().await;
                item.map(|value| value + 1)
            });
            BuiltStage::parallel(draw, "then", stage, add_one)
        },
    },
    Operator {
        name: "flat_map",
        build: |_| {
            let stage = stage::flat_map(|item: Item| row(&item, item.value()));
            BuiltStage::new("flat_map", stage, rows).itemwise().holds(Holds::UNBOUNDED)
        },
    },
    Operator {
        name: "flatten",
        build: |_| {
            let stage = around(|item: Item| row(&item, item.raw()), stage::flatten(), |item| item);
            BuiltStage::new("flatten", stage, rows).itemwise().holds(Holds::UNBOUNDED)
        },
    },
    Operator {
        name: "inspect",
        build: |draw| {
            let stage = stage::inspect(|item: &Item| {
                item.value();
            });
            BuiltStage::synchronous(draw, "inspect", stage, <[i64]>::to_vec)
        },
    },
];
