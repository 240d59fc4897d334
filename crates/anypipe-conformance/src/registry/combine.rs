//! Entries: what joins several sources or branches.

use std::cmp::Ordering;

use anypipe_core::drive::DEFAULT_BUFFER;
use anypipe_core::{Holds, Source};
use anypipe_stages::Joined;
use anypipe_stages::sink::{self, SinkStage};
use anypipe_stages::{source, stage};

use super::{Agree, BuiltSource, BuiltStage, Census, Draw, Item, Operator, Origin, around, mix};

/// A source of these values, whose items are made as they are asked for.
fn of(tally: &Census, values: &[i64]) -> impl Source<Item = Item> + use<> {
    let (tally, values) = (tally.clone(), values.to_vec());
    source::from_iter(values.into_iter().map(move |value| tally.item(value)))
}

/// The other source of a stage: its items are counted by themselves.
fn other(draw: &mut Draw) -> (Vec<i64>, impl Source<Item = Item> + use<>) {
    let values = draw.values(12);
    let source = of(&Census::new(), &values);
    (values, source)
}

/// The items that wait before a branch, apart from those in the branches.
const AHEAD: usize = DEFAULT_BUFFER;

fn pair((one, two): (Item, Item)) -> Item {
    Item::of_list([one, two]).expect("two items")
}

fn is_odd(value: i64) -> bool {
    value % 2 != 0
}

fn by_value(one: &Item, other: &Item) -> Ordering {
    one.value().cmp(&other.value())
}

/// One by one the smallest that is next, sorted or not.
fn merged(parts: &[Vec<i64>]) -> Vec<i64> {
    let mut parts: Vec<&[i64]> = parts.iter().map(Vec::as_slice).collect();
    let mut out = Vec::new();
    while let Some(next) = parts.iter_mut().filter(|part| !part.is_empty()).min_by_key(|part| part[0]) {
        out.push(next[0]);
        *next = &next[1..];
    }
    out
}

/// The first that has any, unless so many for each rank before it have gone before another; all are there at once.
fn ranked(parts: &[Vec<i64>], most: usize) -> Vec<i64> {
    let mut left: Vec<&[i64]> = parts.iter().map(Vec::as_slice).collect();
    let mut passed = vec![0; parts.len()];
    let mut out = Vec::new();
    while let Some(first) = left.iter().position(|part| !part.is_empty()) {
        let is_turn = |rank: &usize| !left[*rank].is_empty() && passed[*rank] >= most * rank;
        let rank = (1..left.len()).find(is_turn).unwrap_or(first);
        out.push(left[rank][0]);
        left[rank] = &left[rank][1..];
        passed[rank] = 0;
        passed[rank + 1..].iter_mut().for_each(|passed| *passed += 1);
    }
    out
}

pub(super) const ENTRIES: &[Operator] = &[
    Operator {
        name: "merge",
        build: |draw| {
            let (values, other) = other(draw);
            let told = format!("merge({values:?})");
            let model = move |all: &[i64]| [all, &values].concat();
            BuiltStage::new(told, stage::merge(other), model).itemwise().agree(Agree::AnyOrder)
        },
    },
    Operator {
        name: "merge_first",
        build: |draw| {
            let (values, other) = other(draw);
            let most = draw.within(1..=3);
            let told = format!("merge_first({values:?}, {most})");
            let model = move |all: &[i64]| [all, &values].concat();
            BuiltStage::new(told, stage::merge_first(other, most), model).itemwise().agree(Agree::AnyOrder)
        },
    },
    Operator {
        name: "merge_sorted_by",
        build: |draw| {
            let (values, other) = other(draw);
            let told = format!("merge_sorted_by({values:?})");
            let model = move |all: &[i64]| merged(&[all.to_vec(), values.clone()]);
            let stage = stage::merge_sorted_by(other, by_value);
            BuiltStage::new(told, stage, model).holds(Holds::at_most(2))
        },
    },
    Operator {
        name: "chain",
        build: |draw| {
            let (values, other) = other(draw);
            let told = format!("chain({values:?})");
            let model = move |all: &[i64]| [all, &values].concat();
            BuiltStage::new(told, stage::chain(other), model).itemwise()
        },
    },
    Operator {
        name: "zip",
        build: |draw| {
            let (values, other) = other(draw);
            let told = format!("zip({values:?})");
            let model = move |all: &[i64]| all.iter().zip(&values).map(|(a, b)| mix(&[*a, *b])).collect();
            let stage = around(|item| item, stage::zip(other), pair);
            BuiltStage::new(told, stage, model).holds(Holds::at_most(1))
        },
    },
    Operator {
        name: "zip_strict",
        build: |draw| {
            let (values, other) = other(draw);
            let told = format!("zip_strict({values:?})");
            let tally = Census::new();
            let after = move |row: Result<(Item, Item), _>| row.map_or_else(|_| tally.item(-1), pair);
            let model = move |all: &[i64]| {
                let rows = all.iter().zip(&values).map(|(a, b)| mix(&[*a, *b]));
                rows.chain((all.len() != values.len()).then_some(-1)).collect()
            };
            let stage = around(|item| item, stage::zip_strict(other), after);
            BuiltStage::new(told, stage, model).holds(Holds::at_most(1))
        },
    },
    Operator {
        name: "zip_latest",
        build: |draw| {
            // Of one item, so that the rows depend on the order of events only in which of them are left out.
            let value = draw.value();
            let stage = around(|item| item, stage::zip_latest(of(&Census::new(), &[value])), pair);
            let model = move |all: &[i64]| all.iter().map(|item| mix(&[*item, value])).collect();
            BuiltStage::new(format!("zip_latest([{value}])"), stage, model)
                .agree(Agree::Part)
                .holds(Holds::at_most(2))
        },
    },
    Operator {
        name: "zip_latest_partial",
        build: |_| {
            let after = |(item, _): (Option<Item>, Option<Item>)| item.expect("the other gives none");
            let stage = around(|item| item, stage::zip_latest_partial(of(&Census::new(), &[])), after);
            BuiltStage::new("zip_latest_partial([])", stage, <[i64]>::to_vec)
                .itemwise()
                .holds(Holds::at_most(2))
        },
    },
    Operator {
        name: "race",
        build: |draw| {
            let (values, other) = other(draw);
            let told = format!("race({values:?})");
            // One or the other, by who is first.
            let model = move |all: &[i64]| [all, &values].concat();
            BuiltStage::new(told, stage::race(other), model).agree(Agree::Part).holds(Holds::at_most(1))
        },
    },
    Operator {
        name: "broadcast",
        build: |draw| {
            if draw.coin() { broadcast_to_a_silent_sink(draw) } else { broadcast_to_an_aggregate(draw) }
        },
    },
    Operator {
        name: "route",
        build: |draw| {
            let buffer = draw.within(1..=4);
            let branches = (stage::map(|item: Item| item), stage::buffer(buffer));
            let route = stage::route(|item: &Item| usize::from(is_odd(item.value())), branches);
            BuiltStage::new(format!("route(odd, (map, buffer({buffer})))"), route, <[i64]>::to_vec)
                .itemwise()
                .agree(Agree::AnyOrder)
                .holds(Holds::at_most(2 * AHEAD + 1 + buffer + 1))
        },
    },
    Operator {
        name: "tee",
        build: |draw| {
            if draw.coin() {
                let sink = sink::for_each(|item: Item| {
                    item.value();
                });
                return BuiltStage::new("tee(for_each)", stage::tee(sink), <[i64]>::to_vec)
                    .itemwise()
                    .holds(Holds::at_most(AHEAD));
            }
            // The sink has stages before it, one of them with a task.
            let n = draw.within(1..=4);
            let batches = Joined { first: stage::buffer(n), second: stage::chunks(n) };
            let sink = Joined { first: batches, second: sink::for_each(|batch: Vec<Item>| drop(batch)) };
            BuiltStage::new(
                format!("tee(buffer({n}) | chunks({n}) | for_each)"),
                stage::tee(sink),
                <[i64]>::to_vec,
            )
            .itemwise()
            .holds(Holds::at_most(AHEAD + n + 1 + n))
        },
    },
];

fn broadcast_to_a_silent_sink(draw: &mut Draw) -> BuiltStage {
    let buffer = draw.within(1..=4);
    let branches = (
        stage::filter(|item: &Item| is_odd(item.value())),
        SinkStage::new(sink::for_each(|item: Item| drop(item))).silent(),
        stage::buffer(buffer),
    );
    let told = format!("broadcast((filter(odd), for_each.into_silent_stage(), buffer({buffer})))");
    let model = |all: &[i64]| {
        let odd = all.iter().copied().filter(|value| is_odd(*value));
        all.iter().copied().chain(odd).collect()
    };
    BuiltStage::new(told, stage::broadcast(branches), model)
        .itemwise()
        .agree(Agree::AnyOrder)
        .holds(Holds::at_most(3 * AHEAD + buffer + 1))
}

/// The largest item, which comes when all others have.
fn broadcast_to_an_aggregate(draw: &mut Draw) -> BuiltStage {
    let buffer = draw.within(1..=4);
    let largest = Joined { first: SinkStage::new(sink::max()), second: stage::filter_map(|item| item) };
    let branches = (largest, stage::buffer(buffer));
    let told = format!("broadcast((max.into_stage(), buffer({buffer})))");
    let model = |all: &[i64]| all.iter().copied().chain(all.iter().copied().max()).collect();
    BuiltStage::new(told, stage::broadcast(branches), model)
        .agree(Agree::AnyOrder)
        .holds(Holds::at_most(2 * AHEAD + 1 + buffer + 1))
}

/// Draws the values of a few sources.
fn parts(draw: &mut Draw) -> Vec<Vec<i64>> {
    (0..draw.below(5)).map(|_| draw.values(8)).collect()
}

fn sources(tally: &Census, parts: &[Vec<i64>]) -> Vec<impl Source<Item = Item> + use<>> {
    parts.iter().map(|values| of(tally, values)).collect()
}

/// The rows of the values, up to the end of the shortest.
fn rows(parts: &[Vec<i64>]) -> Vec<i64> {
    let length = parts.iter().map(Vec::len).min().unwrap_or(0);
    (0..length).map(|row| mix(&parts.iter().map(|values| values[row]).collect::<Vec<_>>())).collect()
}

fn row(items: Vec<Item>) -> Item {
    Item::of_list(items).expect("some items")
}

/// How many items wait for their row.
fn waiting(parts: &[Vec<i64>]) -> Holds {
    Holds::at_most(parts.len().saturating_sub(1))
}

/// A source with a stage behind it that turns what it gives to items.
fn then_item<S: Source>(
    source: S,
    after: impl Fn(S::Item) -> Item + Send + Sync + 'static,
) -> impl Source<Item = Item> {
    anypipe_stages::Piped { source, stage: stage::map(after) }
}

pub(super) const SOURCES: &[Origin] = &[
    Origin {
        name: "merge",
        build: |draw, tally| {
            let parts = parts(draw);
            let source = source::merge(sources(tally, &parts));
            BuiltSource::new(format!("merge({parts:?})"), source, parts.concat()).agree(Agree::AnyOrder)
        },
    },
    Origin {
        name: "merge_first",
        build: |draw, tally| {
            let (parts, most) = (parts(draw), draw.within(1..=3));
            let source = source::merge_first(sources(tally, &parts), most);
            BuiltSource::new(format!("merge_first({parts:?}, {most})"), source, ranked(&parts, most))
        },
    },
    Origin {
        name: "merge_sorted_by",
        build: |draw, tally| {
            let mut parts = parts(draw);
            for values in &mut parts {
                values.sort_unstable();
            }
            let source = source::merge_sorted_by(sources(tally, &parts), by_value);
            BuiltSource::new(format!("merge_sorted_by({parts:?})"), source, merged(&parts))
                .holds(Holds::at_most(parts.len()))
        },
    },
    Origin {
        name: "chain",
        build: |draw, tally| {
            let parts = parts(draw);
            let source = source::chain(sources(tally, &parts));
            BuiltSource::new(format!("chain({parts:?})"), source, parts.concat())
        },
    },
    Origin {
        name: "zip",
        build: |draw, tally| {
            let parts = parts(draw);
            let source = then_item(source::zip(sources(tally, &parts)), row);
            BuiltSource::new(format!("zip({parts:?})"), source, rows(&parts)).holds(waiting(&parts))
        },
    },
    Origin {
        name: "zip_strict",
        build: |draw, tally| {
            let (parts, counts) = (parts(draw), tally.clone());
            let after = move |made: Result<Vec<Item>, _>| made.map_or_else(|_| counts.item(-1), row);
            let source = then_item(source::zip_strict(sources(tally, &parts)), after);
            let together = parts.windows(2).all(|two| two[0].len() == two[1].len());
            let mut model = rows(&parts);
            model.extend((!together).then_some(-1));
            BuiltSource::new(format!("zip_strict({parts:?})"), source, model).holds(waiting(&parts))
        },
    },
    Origin {
        name: "zip_latest",
        build: |draw, tally| {
            // All of one item but the first, whose items are told.
            let values = draw.values(8);
            let parts = [values.clone(), vec![draw.value()], vec![draw.value()]];
            let source = source::zip_latest(sources(tally, &parts));
            let source = then_item(source, |items| items.into_iter().next().expect("three items"));
            // Each of the last two events may tell the same item of the first again.
            let model = values.iter().flat_map(|value| [*value; 3]).collect();
            BuiltSource::new(format!("zip_latest({parts:?})"), source, model)
                .agree(Agree::Part)
                .holds(Holds::at_most(3))
        },
    },
    Origin {
        name: "zip_latest_partial",
        build: |draw, tally| {
            let parts = [draw.values(8), vec![], vec![]];
            let first = |items: Vec<Option<Item>>| items.into_iter().flatten().next().expect("one item");
            let source = then_item(source::zip_latest_partial(sources(tally, &parts)), first);
            BuiltSource::new(format!("zip_latest_partial({parts:?})"), source, parts.concat())
                .holds(Holds::at_most(3))
        },
    },
    Origin {
        name: "race",
        build: |draw, tally| {
            let parts = parts(draw);
            let source = source::race(sources(tally, &parts));
            // All have their items at once, so the first that has any wins.
            let model = parts.iter().find(|values| !values.is_empty()).cloned().unwrap_or_default();
            BuiltSource::new(format!("race({parts:?})"), source, model).holds(Holds::at_most(1))
        },
    },
];
