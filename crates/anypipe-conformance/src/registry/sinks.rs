//! Entries: sinks.

use std::sync::{Arc, Mutex, PoisonError};

use anypipe_stages::sink;

use super::{BuiltSink, Item, Terminal, fails, mix};

pub(super) const ENTRIES: &[Terminal] = &[
    Terminal {
        name: "collect",
        build: |_| {
            let tell = |items: Vec<Item>| items.iter().map(Item::raw).collect();
            BuiltSink::new("collect", sink::collect(), tell, <[i64]>::to_vec).itemwise()
        },
    },
    Terminal {
        name: "fold",
        build: |_| {
            let sink = sink::fold(7, |folded, item: Item| mix(&[folded, item.value()]));
            let model = |all: &[i64]| vec![all.iter().fold(7, |folded, &value| mix(&[folded, value]))];
            BuiltSink::new("fold", sink, |folded| vec![folded], model)
        },
    },
    Terminal {
        name: "for_each",
        build: |_| {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let seeing = Arc::clone(&seen);
            let sink = sink::for_each(move |item: Item| {
                seeing.lock().unwrap_or_else(PoisonError::into_inner).push(item.value());
            });
            let tell = move |()| std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
            BuiltSink::new("for_each", sink, tell, <[i64]>::to_vec).itemwise()
        },
    },
    Terminal {
        name: "try_collect",
        build: |_| {
            let tell = |result: Result<Vec<Item>, Item>| match result {
                Ok(items) => items.iter().map(Item::raw).collect(),
                Err(item) => vec![-1, item.raw()],
            };
            let model = |all: &[i64]| match all.iter().find(|&&value| fails(value)) {
                Some(&value) => vec![-1, value],
                None => all.to_vec(),
            };
            let sink = sink::try_collect();
            BuiltSink::behind("try_collect", Item::into_result, sink, tell, model).stops_early()
        },
    },
];
