//! Entries: stages that let some items through.

use anypipe_core::Holds;
use anypipe_stages::{Joined, stage};

use super::{BuiltStage, Item, Operator};

fn is_kept(value: i64) -> bool {
    value % 3 != 1
}

fn goes_on(value: i64) -> bool {
    value % 8 != 5
}

fn kept_and_one(all: &[i64]) -> Vec<i64> {
    all.iter().filter(|value| is_kept(**value)).map(|value| value + 1).collect()
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
    Operator {
        name: "filter_map",
        build: |draw| {
            let stage =
                stage::filter_map(|item: Item| is_kept(item.value()).then(|| item.map(|value| value + 1)));
            BuiltStage::synchronous(draw, "filter_map", stage, kept_and_one)
        },
    },
    Operator {
        name: "filter_async",
        build: |draw| {
            let stage = stage::filter_async(async |item: &Item| {
                item.work().await;
                is_kept(item.value())
            });
            let model = |all: &[i64]| all.iter().copied().filter(|&value| is_kept(value)).collect();
            BuiltStage::parallel(draw, "filter_async", stage, model)
        },
    },
    Operator {
        name: "filter_map_async",
        build: |draw| {
            let stage = stage::filter_map_async(async |item: Item| {
                item.work().await;
                is_kept(item.value()).then(|| item.map(|value| value + 1))
            });
            BuiltStage::parallel(draw, "filter_map_async", stage, kept_and_one)
        },
    },
    Operator {
        name: "take_last",
        build: |draw| {
            let n = draw.below(6);
            let model = move |all: &[i64]| all[all.len().saturating_sub(n)..].to_vec();
            BuiltStage::new(format!("take_last({n})"), stage::take_last(n), model)
                .holds(Holds::at_most(n))
                .needs_end()
        },
    },
    Operator {
        name: "skip",
        build: |draw| {
            let n = draw.below(6);
            let model = move |all: &[i64]| all.iter().copied().skip(n).collect();
            BuiltStage::new(format!("skip({n})"), stage::skip(n), model)
        },
    },
    Operator {
        name: "skip_last",
        build: |draw| {
            let n = draw.below(6);
            let model = move |all: &[i64]| all[..all.len().saturating_sub(n)].to_vec();
            BuiltStage::new(format!("skip_last({n})"), stage::skip_last(n), model).holds(Holds::at_most(n))
        },
    },
    Operator {
        name: "nth",
        build: |draw| {
            let index = draw.below(6);
            let model = move |all: &[i64]| all.get(index).copied().into_iter().collect();
            BuiltStage::new(format!("nth({index})"), stage::nth(index), model)
        },
    },
    Operator {
        name: "step_by",
        build: |draw| {
            let n = draw.within(1..=4);
            let model = move |all: &[i64]| all.iter().copied().step_by(n).collect();
            BuiltStage::new(format!("step_by({n})"), stage::step_by(n), model)
        },
    },
    Operator {
        name: "take_while",
        build: |_| {
            let stage = stage::take_while(|item: &Item| goes_on(item.value()));
            let model = |all: &[i64]| all.iter().copied().take_while(|&value| goes_on(value)).collect();
            BuiltStage::new("take_while", stage, model)
        },
    },
    Operator {
        name: "until",
        build: |_| {
            let stage = stage::until(|item: &Item| !goes_on(item.value()));
            let model = |all: &[i64]| {
                let last = all.iter().position(|&value| !goes_on(value)).map_or(all.len(), |index| index + 1);
                all[..last].to_vec()
            };
            BuiltStage::new("until", stage, model)
        },
    },
    Operator {
        name: "skip_while",
        build: |_| {
            let stage = stage::skip_while(|item: &Item| goes_on(item.value()));
            let model = |all: &[i64]| all.iter().copied().skip_while(|&value| goes_on(value)).collect();
            BuiltStage::new("skip_while", stage, model)
        },
    },
    Operator {
        name: "dedup",
        build: |_| {
            // Values that repeat.
            let few = stage::map(|item: Item| {
                let value = item.raw();
                item.revalued(value.rem_euclid(3))
            });
            let stage = Joined { first: few, second: stage::dedup() };
            let model = |all: &[i64]| {
                let mut few: Vec<i64> = all.iter().map(|value| value.rem_euclid(3)).collect();
                few.dedup();
                few
            };
            BuiltStage::new("map(few) | dedup", stage, model).holds(Holds::at_most(1))
        },
    },
    Operator {
        name: "dedup_by_key",
        build: |_| {
            let stage = stage::dedup_by_key(|item: &Item| item.value().rem_euclid(3));
            let model = |all: &[i64]| {
                let mut all = all.to_vec();
                all.dedup_by_key(|value| value.rem_euclid(3));
                all
            };
            BuiltStage::new("dedup_by_key", stage, model)
        },
    },
];
