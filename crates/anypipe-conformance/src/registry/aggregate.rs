//! Entries: running aggregates.

use anypipe_core::Holds;
use anypipe_stages::{Joined, stage};

use super::{BuiltStage, Item, Operator, mix};

pub(super) const ENTRIES: &[Operator] = &[
    Operator {
        name: "accumulate",
        build: |_| {
            let stage = stage::accumulate(|last: Item, item: Item| {
                let last = last.value();
                item.map(|value| mix(&[last, value]))
            });
            let model = |all: &[i64]| {
                let mut last = None;
                let fold = |&value: &i64| *last.insert(last.map_or(value, |last| mix(&[last, value])));
                all.iter().map(fold).collect()
            };
            BuiltStage::new("accumulate", stage, model).holds(Holds::at_most(1))
        },
    },
    Operator {
        name: "accumulate_from",
        build: |_| {
            // The start is no item: it is left out again.
            let first = stage::accumulate_from(None, |last: Option<Item>, item: Item| {
                let last = last.map_or(7, |last| last.value());
                Some(item.map(|value| mix(&[last, value])))
            });
            let stage = Joined { first, second: stage::filter_map(|item: Option<Item>| item) };
            let model = |all: &[i64]| {
                let mut last = 7;
                let fold = |&value: &i64| {
                    last = mix(&[last, value]);
                    last
                };
                all.iter().map(fold).collect()
            };
            BuiltStage::new("accumulate_from | filter_map(item)", stage, model).holds(Holds::at_most(1))
        },
    },
];
