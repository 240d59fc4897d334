//! Entries: stages whose items become streams.

use anypipe_core::{Holds, Source};
use anypipe_stages::{source, stage};

use super::{Agree, BuiltStage, Item, Operator};

fn length(value: i64) -> i64 {
    value.rem_euclid(4)
}

/// A source of up to three items.
fn inner(item: Item) -> impl Source<Item = Item> {
    let length = length(item.value());
    source::from_iter((0..length).map(move |n| item.beside(item.raw() + n)))
}

fn all_of(all: &[i64]) -> Vec<i64> {
    all.iter().flat_map(|&value| (0..length(value)).map(move |n| value + n)).collect()
}

pub(super) const ENTRIES: &[Operator] = &[
    Operator {
        name: "concat_map",
        build: |draw| {
            let limit = draw.within(1..=3);
            let told = format!("concat_map(.., {limit})");
            BuiltStage::new(told, stage::concat_map(inner, limit), all_of).itemwise().holds(Holds::UNBOUNDED)
        },
    },
    Operator {
        name: "flat_map_stream",
        build: |draw| {
            let limit = draw.within(1..=3);
            let told = format!("flat_map_stream(.., {limit})");
            let built = BuiltStage::new(told, stage::flat_map_stream(inner, limit), all_of)
                .itemwise()
                .holds(Holds::UNBOUNDED);
            if limit == 1 { built } else { built.agree(Agree::AnyOrder) }
        },
    },
    Operator {
        name: "switch_map",
        build: |_| {
            BuiltStage::new("switch_map(..)", stage::switch_map(inner), all_of)
                .agree(Agree::Part)
                .needs_end()
                .holds(Holds::UNBOUNDED)
        },
    },
];
