//! Entries: stages on results.

use std::convert::Infallible;

use anypipe_core::drive::DEFAULT_BUFFER;
use anypipe_core::option::{HasBoundary, IntoBlocking, IntoBoundary};
use anypipe_core::{Holds, Stage};
use anypipe_stages::{Joined, sink, stage};

use super::{Agree, BuiltStage, Draw, Item, Operator, around, fails, mix, result_value};

type Outcome = Result<Item, Item>;

/// A boundary on results, between the adapters.
fn on_results<G>(draw: &mut Draw, name: &str, stage: G, model: fn(i64) -> i64) -> BuiltStage
where
    G: Stage<Outcome, Out = Outcome> + HasBoundary,
{
    let options = draw.options();
    let stage = around(Item::into_result, options.apply(stage), Item::of_result);
    let model = move |all: &[i64]| all.iter().map(|&value| model(value)).collect();
    let built = BuiltStage::new(options.told(name), stage, model).itemwise().holds(options.holds());
    if options.is_ordered() { built } else { built.agree(Agree::AnyOrder) }
}

/// A synchronous stage on results in one of its forms: fused, with workers, on the blocking pool.
fn synchronous<G, Out>(
    draw: &mut Draw,
    name: &str,
    stage: G,
    after: fn(Out) -> Item,
    model: fn(&[i64]) -> Vec<i64>,
) -> BuiltStage
where
    Out: Send + 'static,
    G: Stage<Outcome, Out = Out> + IntoBoundary + IntoBlocking,
    G::Boundary: Stage<Outcome, Out = Out> + HasBoundary,
    G::Blocking: Stage<Outcome, Out = Out> + HasBoundary,
{
    let options = draw.options();
    let built = match draw.below(3) {
        0 => return BuiltStage::new(name, around(Item::into_result, stage, after), model).itemwise(),
        1 => {
            let stage = around(Item::into_result, options.apply(stage.into_boundary()), after);
            BuiltStage::new(options.told(name), stage, model)
        }
        _ => {
            let stage = around(Item::into_result, options.apply(stage.into_blocking()), after);
            BuiltStage::new(options.told(&format!("{name}.blocking()")), stage, model)
        }
    };
    let built = built.itemwise().holds(options.holds());
    if options.is_ordered() { built } else { built.agree(Agree::AnyOrder) }
}

/// What `Item::of_result` gives of an `Err` of this value.
fn as_error(value: i64) -> i64 {
    mix(&[value, 0])
}

/// What `Item::of_result` gives of an `Ok` of this value.
fn as_ok(value: i64) -> i64 {
    mix(&[value, 1])
}

fn unchanged(all: &[i64]) -> Vec<i64> {
    all.iter().map(|&value| result_value(value, |value| value)).collect()
}

pub(super) const ENTRIES: &[Operator] = &[
    Operator {
        name: "and_then",
        build: |draw| {
            let stage = stage::and_then(async |item: Item| {
                item.work().await;
                Ok::<_, Item>(item.map(|value| value + 1))
            });
            on_results(draw, "and_then", stage, |value| result_value(value, |value| value + 1))
        },
    },
    Operator {
        name: "try_then",
        build: |draw| {
            let stage = stage::try_then(async |item: Item| {
                item.work().await;
                if item.raw() % 2 == 0 { Ok(item) } else { Err(item) }
            });
            on_results(draw, "try_then", stage, |value| {
                if value % 2 == 0 { result_value(value, |value| value) } else { as_error(value) }
            })
        },
    },
    Operator {
        name: "or_else",
        build: |draw| {
            let stage = stage::or_else(async |item: Item| {
                item.work().await;
                if item.raw() % 2 == 0 { Ok(item) } else { Err(item) }
            });
            on_results(draw, "or_else", stage, |value| match (fails(value), value % 2) {
                (true, 0) | (false, _) => as_ok(value),
                (true, _) => as_error(value),
            })
        },
    },
    Operator {
        name: "map_ok",
        build: |draw| {
            let stage = stage::map_ok(|item: Item| item.map(|value| value + 1));
            synchronous::<_, Outcome>(draw, "map_ok", stage, Item::of_result, |all| {
                all.iter().map(|&value| result_value(value, |value| value + 1)).collect()
            })
        },
    },
    Operator {
        name: "map_err",
        build: |draw| {
            let stage = stage::map_err(|item: Item| item.map(|value| value + 1));
            synchronous::<_, Outcome>(draw, "map_err", stage, Item::of_result, |all| {
                all.iter()
                    .map(|&value| if fails(value) { as_error(value + 1) } else { as_ok(value) })
                    .collect()
            })
        },
    },
    Operator {
        name: "inspect_ok",
        build: |draw| {
            let stage = stage::inspect_ok(|item: &Item| {
                item.value();
            });
            synchronous::<_, Outcome>(draw, "inspect_ok", stage, Item::of_result, unchanged)
        },
    },
    Operator {
        name: "inspect_err",
        build: |draw| {
            let stage = stage::inspect_err(|item: &Item| {
                item.value();
            });
            synchronous::<_, Outcome>(draw, "inspect_err", stage, Item::of_result, unchanged)
        },
    },
    Operator {
        name: "try_filter",
        build: |draw| {
            let stage = stage::try_filter(|item: &Item| item.value() % 2 == 0);
            synchronous::<_, Outcome>(draw, "try_filter", stage, Item::of_result, |all| {
                let kept = all.iter().filter(|value| fails(**value) || *value % 2 == 0);
                kept.map(|&value| result_value(value, |value| value)).collect()
            })
        },
    },
    Operator {
        name: "recover",
        build: |draw| {
            let stage = stage::recover(|item: Item| item.map(|value| value + 1));
            synchronous::<_, Item>(
                draw,
                "recover",
                stage,
                |item| item,
                |all| all.iter().map(|&value| value + i64::from(fails(value))).collect(),
            )
        },
    },
    Operator {
        name: "ok_only",
        build: |_| {
            let stage = around(Item::into_result, stage::ok_only(), |item| item);
            let model = |all: &[i64]| all.iter().copied().filter(|value| !fails(*value)).collect();
            BuiltStage::new("ok_only", stage, model).itemwise()
        },
    },
    Operator {
        name: "err_only",
        build: |_| {
            let stage = around(Item::into_result, stage::err_only(), |item| item);
            let model = |all: &[i64]| all.iter().copied().filter(|value| fails(*value)).collect();
            BuiltStage::new("err_only", stage, model).itemwise()
        },
    },
    Operator {
        name: "dead_letter",
        build: |draw| {
            // In batches, of one item and more.
            let n = draw.within(1..=3);
            let write = sink::try_each(|batch: Vec<Item>| {
                drop(batch);
                Ok::<_, Infallible>(())
            });
            let sink = Joined { first: stage::chunks(n), second: write };
            let stage = around(Item::into_result, stage::dead_letter(sink), |item| item);
            let model = |all: &[i64]| all.iter().copied().filter(|value| !fails(*value)).collect();
            // Before the sink, and one that waits for room there.
            let holds = Holds::at_most(DEFAULT_BUFFER + 1 + n);
            BuiltStage::new(format!("dead_letter(chunks({n}) | try_each)"), stage, model)
                .itemwise()
                .holds(holds)
        },
    },
];
