//! Entries: stages that make other items of items.

use anypipe_core::Holds;
use anypipe_stages::stage;

use super::{Agree, BuiltStage, Census, Item, Operator, around, mix, result_value};

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

fn numbered((number, item): (usize, Item)) -> Item {
    let value = item.raw();
    item.revalued(number_value(number, value))
}

fn numbers(all: &[i64], start: usize) -> Vec<i64> {
    (start..).zip(all).map(|(number, &value)| number_value(number, value)).collect()
}

fn number_value(number: usize, value: i64) -> i64 {
    mix(&[i64::try_from(number).expect("a small number"), value])
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
        name: "map_with",
        build: |draw| {
            let stage = stage::map_with(
                || 0,
                |count: &mut i64, item: Item| {
                    *count += 1;
                    item.map(|value| value + 1)
                },
            );
            BuiltStage::synchronous(draw, "map_with", stage, add_one)
        },
    },
    Operator {
        name: "then_with",
        build: |draw| {
            let stage = stage::then_with(
                async || 0,
                async |count: &mut i64, item: Item| {
                    item.work().await;
                    *count += 1;
                    item.map(|value| value + 1)
                },
            );
            BuiltStage::parallel(draw, "then_with", stage, add_one)
        },
    },
    Operator {
        name: "try_then_with",
        build: |draw| {
            let options = draw.options();
            let stage = stage::try_then_with(
                async || Ok(0),
                async |count: &mut i64, item: Item| {
                    item.work().await;
                    *count += 1;
                    item.map(|value| value).into_result()
                },
            );
            let stage = around(|item: Item| item, options.apply(stage), Item::of_result);
            let model = |all: &[i64]| all.iter().map(|&value| result_value(value, |value| value)).collect();
            let built = BuiltStage::new(options.told("try_then_with"), stage, model).itemwise();
            let built = built.holds(options.holds());
            if options.is_ordered() { built } else { built.agree(Agree::AnyOrder) }
        },
    },
    Operator {
        name: "flat_map",
        build: |draw| {
            let stage = stage::flat_map(|item: Item| row(&item, item.value()));
            BuiltStage::synchronous(draw, "flat_map", stage, rows).holds(Holds::UNBOUNDED)
        },
    },
    Operator {
        name: "flat_map_async",
        build: |draw| {
            let stage = stage::flat_map_async(async |item: Item| {
                item.work().await;
                row(&item, item.value())
            });
            BuiltStage::parallel(draw, "flat_map_async", stage, rows).holds(Holds::UNBOUNDED)
        },
    },
    Operator {
        name: "enumerate",
        build: |_| {
            BuiltStage::new("enumerate", around(|item| item, stage::enumerate(), numbered), |all| {
                numbers(all, 0)
            })
        },
    },
    Operator {
        name: "enumerate_from",
        build: |draw| {
            let start = draw.below(9);
            let stage = around(|item| item, stage::enumerate_from(start), numbered);
            BuiltStage::new(format!("enumerate_from({start})"), stage, move |all| numbers(all, start))
        },
    },
    Operator {
        name: "scan",
        build: |_| {
            let step = |sum: &mut i64, value: i64| {
                *sum = mix(&[*sum, value]);
                (*sum % 16 != 0).then_some(*sum)
            };
            let stage = stage::scan(7, move |sum: &mut i64, item: Item| {
                step(sum, item.value()).map(|value| item.map(|_| value))
            });
            let model = move |all: &[i64]| all.iter().scan(7, |sum, &value| step(sum, value)).collect();
            BuiltStage::new("scan", stage, model)
        },
    },
    Operator {
        name: "chunks",
        build: |draw| {
            let n = draw.within(1..=5);
            let list = |list: Vec<Item>| Item::of_list(list).expect("no list is empty");
            let stage = around(|item: Item| item, stage::chunks(n), list);
            let model = move |all: &[i64]| all.chunks(n).map(mix).collect();
            BuiltStage::new(format!("chunks({n})"), stage, model).holds(Holds::at_most(n))
        },
    },
    Operator {
        name: "pairwise",
        build: |_| {
            let pair = |(before, item): (Item, Item)| Item::of_list([before, item]).expect("two items");
            let stage = around(|item: Item| item, stage::pairwise(), pair);
            let model = |all: &[i64]| all.windows(2).map(mix).collect();
            BuiltStage::new("pairwise", stage, model).holds(Holds::at_most(1))
        },
    },
    Operator {
        name: "intersperse",
        build: |draw| {
            let value = draw.value();
            let stage = stage::intersperse(Census::new().item(value));
            let model = move |all: &[i64]| all.iter().flat_map(|item| [value, *item]).skip(1).collect();
            BuiltStage::new(format!("intersperse({value})"), stage, model).itemwise().holds(Holds::at_most(1))
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
