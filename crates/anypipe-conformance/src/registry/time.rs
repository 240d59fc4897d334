//! Entries: what depends on time.

use std::time::Duration;

use anypipe_core::Holds;
use anypipe_stages::stage::{self, Rate};

use super::{Agree, BuiltStage, Item, Operator, Origin, around, mix};

/// Longer than any run takes.
const LONG: Duration = Duration::from_secs(24 * 3600);
const SHORT: Duration = Duration::from_micros(100);

pub(super) const ENTRIES: &[Operator] = &[
    Operator {
        name: "chunks_timeout",
        build: |draw| {
            let n = draw.within(1..=5);
            let after = |items| Item::of_list(items).expect("no list is empty");
            let stage = around(|item: Item| item, stage::chunks_timeout(n, LONG), after);
            let model = move |all: &[i64]| all.chunks(n).map(mix).collect();
            BuiltStage::new(format!("chunks_timeout({n}, {LONG:?})"), stage, model).holds(Holds::at_most(n))
        },
    },
    Operator {
        name: "throttle",
        build: |draw| {
            let n = draw.within(1..=9);
            BuiltStage::new(format!("throttle({n}, {SHORT:?})"), stage::throttle(n, SHORT), <[i64]>::to_vec)
                .itemwise()
                .holds(Holds::at_most(1))
        },
    },
    Operator {
        name: "throttle_by",
        build: |draw| {
            let n = draw.within(1..=9);
            let stage = stage::throttle_by(Rate::new(n, SHORT));
            BuiltStage::new(format!("throttle_by({n}, {SHORT:?})"), stage, <[i64]>::to_vec)
                .itemwise()
                .holds(Holds::at_most(1))
        },
    },
    Operator {
        name: "space_out",
        build: |_| {
            BuiltStage::new(format!("space_out({SHORT:?})"), stage::space_out(SHORT), <[i64]>::to_vec)
                .itemwise()
                .holds(Holds::at_most(1))
        },
    },
    Operator {
        name: "debounce",
        build: |_| {
            BuiltStage::new(format!("debounce({SHORT:?})"), stage::debounce(SHORT), <[i64]>::to_vec)
                .agree(Agree::Part)
                .needs_end()
                .holds(Holds::at_most(1))
        },
    },
    Operator {
        name: "sample",
        build: |_| {
            BuiltStage::new(format!("sample({SHORT:?})"), stage::sample(SHORT), <[i64]>::to_vec)
                .agree(Agree::Part)
                .needs_end()
                .holds(Holds::at_most(1))
        },
    },
    Operator {
        name: "delay",
        build: |_| {
            BuiltStage::new(format!("delay({SHORT:?})"), stage::delay(SHORT), <[i64]>::to_vec).itemwise()
        },
    },
    Operator {
        name: "timeout",
        build: |_| {
            let after = |item: Result<Item, _>| item.expect("it never takes so long");
            let stage = around(|item: Item| item, stage::timeout(LONG), after);
            BuiltStage::new(format!("timeout({LONG:?})"), stage, <[i64]>::to_vec).itemwise()
        },
    },
];

pub(super) const SOURCES: &[Origin] = &[];
