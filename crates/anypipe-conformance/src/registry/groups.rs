//! Entries: groups and windows.

use std::collections::VecDeque;
use std::time::Duration;

use anypipe_core::Holds;
use anypipe_stages::{Joined, stage};

use super::{Agree, BuiltStage, Item, Operator, mix};

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

pub(super) const ENTRIES: &[Operator] = &[Operator {
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
}];
