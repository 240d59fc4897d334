//! Entries: tasks and buffers between stages.

use anypipe_core::Holds;
use anypipe_core::channel::Sender;
use anypipe_stages::stage::{self, Input, Overflow};

use super::{Agree, BuiltStage, Item, Operator};

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
    Operator {
        name: "buffer_lossy",
        build: |draw| {
            let n = draw.within(1..=5);
            let overflow = if draw.coin() { Overflow::DropOldest } else { Overflow::DropNewest };
            BuiltStage::new(
                format!("buffer_lossy({n}, {overflow:?})"),
                stage::buffer_lossy(n, overflow),
                <[i64]>::to_vec,
            )
            .itemwise()
            .agree(Agree::Part)
            .takes_all()
            .holds(Holds::at_most(n + 1))
        },
    },
    Operator {
        name: "latest",
        build: |_| {
            BuiltStage::new("latest", stage::latest(), <[i64]>::to_vec)
                .itemwise()
                .agree(Agree::Part)
                .takes_all()
                .holds(Holds::at_most(2))
        },
    },
    Operator {
        name: "stage",
        build: |draw| {
            let options = draw.buffer();
            let stage = stage::stage(|mut input: Input<Item>, output: Sender<Item>| async move {
                while let Some(item) = input.recv().await {
                    item.work().await;
                    if output.send(item.map(|value| value + 1)).await.is_err() {
                        return;
                    }
                }
            });
            let model = |all: &[i64]| all.iter().map(|value| value + 1).collect();
            BuiltStage::new(options.told("stage"), options.apply(stage), model)
                .itemwise()
                .holds(Holds::UNBOUNDED)
        },
    },
];
