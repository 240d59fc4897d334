//! Entries: groups and windows.

use std::collections::VecDeque;
use std::time::Duration;

use anypipe_core::Holds;
use anypipe_stages::stage::{TimeWindow, TooLate};
use anypipe_stages::{Joined, stage};

use super::{Agree, BuiltStage, Item, Operator, around, mix};

/// The key of a value: one that comes round and round would not tell apart which group is idle longest.
fn key(value: i64, keys: i64) -> i64 {
    mix(&[value]) % keys
}

/// What lists of up to `n` in each group give, where `limit` of them are open at once.
fn lists(all: &[i64], keys: i64, n: usize, limit: usize) -> Vec<i64> {
    let mut out = Vec::new();
    // The one idle longest first.
    let mut open: VecDeque<(i64, Vec<i64>)> = VecDeque::new();
    let give = |list: Vec<i64>, out: &mut Vec<i64>| {
        if !list.is_empty() {
            out.push(mix(&list));
        }
    };
    for &value in all {
        let key = key(value, keys);
        let place = open.iter().position(|(other, _)| *other == key);
        let (_, mut list) = match place.and_then(|place| open.remove(place)) {
            Some(group) => group,
            None => {
                if open.len() == limit {
                    let (_, list) = open.pop_front().expect("at least one is open");
                    give(list, &mut out);
                }
                (key, Vec::new())
            }
        };
        list.push(value);
        if list.len() == n {
            give(std::mem::take(&mut list), &mut out);
        }
        open.push_back((key, list));
    }
    for (_, list) in open {
        give(list, &mut out);
    }
    out
}

/// Longer than any run takes.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// The time of a value: about as late as it is large.
fn time_of(value: i64) -> u64 {
    value.unsigned_abs() + mix(&[value]).unsigned_abs() % 40
}

/// A window as the mix of its items and when it begins; an item that is too late with a mark.
fn told(window: Result<TimeWindow<Item>, TooLate<Item>>) -> Item {
    match window {
        Ok(TimeWindow { start, items, .. }) => {
            let start = i64::try_from(start.as_millis()).expect("a small number");
            let item = Item::of_list(items).expect("no window is empty");
            let value = mix(&[start, item.raw()]);
            item.revalued(value)
        }
        Err(TooLate { item, at, .. }) => {
            let at = i64::try_from(at.as_millis()).expect("a small number");
            item.revalued(mix(&[-1, at]))
        }
    }
}

/// What windows by the time of the values give.
fn event_windows(all: &[i64], length: u64, every: u64, lateness: u64) -> Vec<i64> {
    let mut out = Vec::new();
    let mut open: Vec<(u64, Vec<i64>)> = Vec::new();
    let (mut latest, mut given) = (0, 0);
    let give = |(start, items): (u64, Vec<i64>), out: &mut Vec<i64>| {
        out.push(mix(&[i64::try_from(start).expect("a small number"), mix(&items)]));
    };
    for &value in all {
        let at = time_of(value);
        // All that begin by then, in the way of whoever has time.
        let of: Vec<u64> = (0..=at / every).map(|n| n * every).filter(|start| at < start + length).collect();
        let in_time: Vec<u64> = of.iter().copied().filter(|start| start + length > given).collect();
        if in_time.is_empty() && !of.is_empty() {
            out.push(mix(&[-1, i64::try_from(at).expect("a small number")]));
            continue;
        }
        for start in in_time {
            match open.iter_mut().find(|(other, _)| *other == start) {
                Some((_, items)) => items.push(value),
                None => open.push((start, vec![value])),
            }
        }
        open.sort();
        latest = latest.max(at);
        given = given.max(latest.saturating_sub(lateness));
        while open.first().is_some_and(|(start, _)| start + length <= given) {
            give(open.remove(0), &mut out);
        }
    }
    for window in open {
        give(window, &mut out);
    }
    out
}

pub(super) const ENTRIES: &[Operator] = &[
    Operator {
        name: "group_by",
        build: |draw| {
            let (keys, n, limit) = (draw.within(1..=4), draw.within(1..=3), draw.within(1..=4));
            let idle = draw.coin();
            let keys = i64::try_from(keys).expect("a small number");
            let list = |list: Vec<Item>| Item::of_list(list).expect("no list is empty");
            let options = draw.buffer();
            let group = move |_| {
                let first = options.apply(stage::then(async |item: Item| {
                    item.work().await;
                    item
                }));
                let lists = Joined { first: stage::chunks(n), second: stage::map(list) };
                Joined { first, second: lists }
            };
            let grouped = stage::group_by(move |item: &Item| key(item.value(), keys), group, limit);
            // Longer than any test takes.
            let grouped = if idle { grouped.idle_timeout(Duration::from_secs(9000)) } else { grouped };
            let told = options.told("then");
            let told = format!(
                "group_by(mixed % {keys}, {told} | chunks({n}), {limit}){}",
                if idle { ".idle_timeout(..)" } else { "" }
            );
            BuiltStage::new(told, grouped, move |all| lists(all, keys, n, limit))
                .holds(Holds::UNBOUNDED)
                .agree(Agree::AnyOrder)
        },
    },
    Operator {
        name: "windows",
        build: |draw| {
            let (n, step) = (draw.within(1..=4), draw.within(1..=5));
            let list = |list: Vec<Item>| Item::of_list(list).expect("no list is empty");
            let stage = around(|item: Item| item, stage::windows(n, step), list);
            let model = move |all: &[i64]| all.windows(n).step_by(step).map(mix).collect();
            let holds = Holds::at_most(n + n.saturating_sub(step));
            BuiltStage::new(format!("windows({n}, {step})"), stage, model).holds(holds)
        },
    },
    Operator {
        name: "window_time",
        build: |_| {
            let list = |window: TimeWindow<Item>| Item::of_list(window.items).expect("no list is empty");
            let stage = around(|item: Item| item, stage::window_time(LONG, LONG), list);
            let model = |all: &[i64]| if all.is_empty() { Vec::new() } else { vec![mix(all)] };
            BuiltStage::new("window_time(..)", stage, model).needs_end().holds(Holds::UNBOUNDED)
        },
    },
    Operator {
        name: "window_event_time",
        build: |draw| {
            let (length, every, late) = (draw.within(1..=30), draw.within(1..=30), draw.within(0..=20));
            let millis = |n: usize| Duration::from_millis(n as u64);
            let at = |item: &Item| Duration::from_millis(time_of(item.value()));
            let stage = stage::window_event_time(at, millis(length), millis(every), millis(late));
            let stage = around(|item: Item| item, stage, told);
            let (length, every) = (length as u64, every as u64);
            let model = move |all: &[i64]| event_windows(all, length, every, late as u64);
            BuiltStage::new(format!("window_event_time({length}, {every}, {late})"), stage, model)
                .holds(Holds::UNBOUNDED)
        },
    },
];
