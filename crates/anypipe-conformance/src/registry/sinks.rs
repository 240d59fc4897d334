//! Entries: sinks.

use std::sync::{Arc, Mutex, PoisonError};

use anypipe_core::channel::{SendError, bounded};
use anypipe_stages::{Joined, sink, stage};

use super::{BuiltSink, Item, Terminal, fails, mix};

/// What the sinks that ask look for: most values have it.
fn is_plain(value: i64) -> bool {
    value % 11 != 6
}

fn number(count: usize) -> i64 {
    i64::try_from(count).expect("a small number")
}

fn tell_item(item: Option<Item>) -> Vec<i64> {
    item.into_iter().map(|item| item.raw()).collect()
}

fn tell_failure(result: Result<(), Item>) -> Vec<i64> {
    result.err().map_or_else(Vec::new, |item| vec![-1, item.raw()])
}

fn first_that_is_not_plain(all: &[i64]) -> Vec<i64> {
    all.iter().find(|&&value| !is_plain(value)).map_or_else(Vec::new, |&value| vec![-1, value])
}

pub(super) const ENTRIES: &[Terminal] = &[
    Terminal {
        name: "collect",
        build: |draw| {
            let tell = |items: Vec<Item>| items.iter().map(Item::raw).collect();
            if draw.coin() {
                return BuiltSink::new("collect", sink::collect(), tell, <[i64]>::to_vec).itemwise();
            }
            // Behind stages of its own.
            let n = draw.within(1..=4);
            let stages = Joined {
                first: stage::filter(|item: &Item| is_plain(item.value())),
                second: stage::buffer(n),
            };
            let sink = Joined { first: stages, second: sink::collect() };
            let model = |all: &[i64]| all.iter().copied().filter(|&value| is_plain(value)).collect();
            BuiltSink::new(format!("(filter | buffer({n}) | collect)"), sink, tell, model).itemwise()
        },
    },
    Terminal {
        name: "partition",
        build: |_| {
            let tell = |(plain, others): (Vec<Item>, Vec<Item>)| {
                plain.iter().chain(&others).map(Item::raw).collect()
            };
            let model = |all: &[i64]| {
                let (mut plain, others): (Vec<_>, Vec<_>) = all.iter().partition(|&&value| is_plain(value));
                plain.extend(others);
                plain
            };
            BuiltSink::new("partition", sink::partition(|item: &Item| is_plain(item.value())), tell, model)
                .itemwise()
        },
    },
    Terminal {
        name: "unzip",
        build: |_| {
            let tell =
                |(first, second): (Vec<Item>, Vec<i64>)| first.iter().map(Item::raw).chain(second).collect();
            let before = |item: Item| {
                let value = item.raw();
                (item, value)
            };
            BuiltSink::behind("unzip", before, sink::unzip(), tell, |all| [all, all].concat()).itemwise()
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
    Terminal {
        name: "fold_async",
        build: |_| {
            let sink = sink::fold_async(7, async |folded, item: Item| {
                item.work().await;
                mix(&[folded, item.value()])
            });
            let model = |all: &[i64]| vec![all.iter().fold(7, |folded, &value| mix(&[folded, value]))];
            BuiltSink::new("fold_async", sink, |folded| vec![folded], model)
        },
    },
    Terminal {
        name: "for_each_async",
        build: |_| {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let seeing = Arc::clone(&seen);
            let sink = sink::for_each_async(move |item: Item| {
                let seeing = Arc::clone(&seeing);
                async move {
                    item.work().await;
                    seeing.lock().unwrap_or_else(PoisonError::into_inner).push(item.value());
                }
            });
            let tell = move |()| std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
            BuiltSink::new("for_each_async", sink, tell, <[i64]>::to_vec).itemwise()
        },
    },
    Terminal {
        name: "reduce",
        build: |_| {
            let sink = sink::reduce(|reduced: Item, item: Item| {
                let reduced = reduced.value();
                item.map(|value| mix(&[reduced, value]))
            });
            let model = |all: &[i64]| {
                all.iter().copied().reduce(|reduced, value| mix(&[reduced, value])).into_iter().collect()
            };
            BuiltSink::new("reduce", sink, tell_item, model)
        },
    },
    Terminal {
        name: "count",
        build: |_| {
            let tell = |count| vec![number(count)];
            BuiltSink::new("count", sink::count(), tell, |all| vec![number(all.len())]).itemwise()
        },
    },
    Terminal {
        name: "sum",
        build: |_| {
            let model = |all: &[i64]| vec![all.iter().sum()];
            BuiltSink::behind("sum", |item| item.raw(), sink::sum::<i64>(), |sum| vec![sum], model).itemwise()
        },
    },
    Terminal {
        name: "min",
        build: |_| {
            let model = |all: &[i64]| all.iter().copied().min().into_iter().collect();
            BuiltSink::new("min", sink::min(), tell_item, model).itemwise()
        },
    },
    Terminal {
        name: "max",
        build: |_| {
            let model = |all: &[i64]| all.iter().copied().max().into_iter().collect();
            BuiltSink::new("max", sink::max(), tell_item, model).itemwise()
        },
    },
    Terminal {
        name: "all",
        build: |_| {
            let sink = sink::all(|item: Item| is_plain(item.value()));
            let model = |all: &[i64]| vec![i64::from(all.iter().all(|&value| is_plain(value)))];
            BuiltSink::new("all", sink, |all| vec![i64::from(all)], model).itemwise().stops_early()
        },
    },
    Terminal {
        name: "any",
        build: |_| {
            let sink = sink::any(|item: Item| !is_plain(item.value()));
            let model = |all: &[i64]| vec![i64::from(all.iter().any(|&value| !is_plain(value)))];
            BuiltSink::new("any", sink, |any| vec![i64::from(any)], model).itemwise().stops_early()
        },
    },
    Terminal {
        name: "first",
        build: |_| {
            let model = |all: &[i64]| all.first().copied().into_iter().collect();
            BuiltSink::new("first", sink::first(), tell_item, model).stops_early()
        },
    },
    Terminal {
        name: "last",
        build: |_| {
            let model = |all: &[i64]| all.last().copied().into_iter().collect();
            BuiltSink::new("last", sink::last(), tell_item, model)
        },
    },
    Terminal {
        name: "drain",
        build: |_| BuiltSink::new("drain", sink::drain(), |()| vec![], |_| vec![]).itemwise(),
    },
    Terminal {
        name: "send_to",
        build: |_| {
            // Room for all there can be: nobody receives before the end.
            let (sender, receiver) = bounded(1_000_000);
            let tell = move |sent: Result<(), SendError<Option<Item>>>| {
                assert!(sent.is_ok(), "the receiver is there");
                std::iter::from_fn(|| receiver.try_recv().ok()).map(|item: Item| item.raw()).collect()
            };
            BuiltSink::new("send_to", sink::send_to(sender), tell, <[i64]>::to_vec).itemwise()
        },
    },
    Terminal {
        name: "partition_results",
        build: |_| {
            let tell = |(values, errors): (Vec<Item>, Vec<Item>)| {
                let errors = errors.iter().map(|item| -1 - item.raw());
                values.iter().map(Item::raw).chain(errors).collect()
            };
            let model = |all: &[i64]| {
                let (errors, values): (Vec<i64>, Vec<i64>) = all.iter().partition(|&&value| fails(value));
                values.into_iter().chain(errors.into_iter().map(|value| -1 - value)).collect()
            };
            let sink = sink::partition_results();
            BuiltSink::behind("partition_results", Item::into_result, sink, tell, model).itemwise()
        },
    },
    Terminal {
        name: "try_for_each",
        build: |_| {
            let sink =
                sink::try_for_each(|item: Item| if is_plain(item.value()) { Ok(()) } else { Err(item) });
            let tell = |result: Result<(), Item>| match result {
                Ok(()) => vec![],
                Err(item) => vec![-1, item.raw()],
            };
            let model = |all: &[i64]| {
                let first = all.iter().find(|&&value| fails(value) || !is_plain(value));
                first.map_or_else(Vec::new, |&value| vec![-1, value])
            };
            BuiltSink::behind("try_for_each", Item::into_result, sink, tell, model).stops_early()
        },
    },
    Terminal {
        name: "try_each",
        build: |_| {
            let sink = sink::try_each(|item: Item| if is_plain(item.value()) { Ok(()) } else { Err(item) });
            BuiltSink::new("try_each", sink, tell_failure, first_that_is_not_plain).stops_early()
        },
    },
    Terminal {
        name: "try_each_async",
        build: |_| {
            let sink = sink::try_each_async(async |item: Item| {
                item.work().await;
                if is_plain(item.value()) { Ok(()) } else { Err(item) }
            });
            BuiltSink::new("try_each_async", sink, tell_failure, first_that_is_not_plain).stops_early()
        },
    },
    Terminal {
        name: "try_fold",
        build: |_| {
            let sink = sink::try_fold(7, |folded, item: Item| {
                let value = item.value();
                if is_plain(value) { Ok(mix(&[folded, value])) } else { Err(item) }
            });
            let tell = |result: Result<i64, Item>| match result {
                Ok(folded) => vec![folded],
                Err(item) => vec![-1, item.raw()],
            };
            let model = |all: &[i64]| {
                let folded = all.iter().try_fold(7, |folded, &value| {
                    if fails(value) || !is_plain(value) { Err(value) } else { Ok(mix(&[folded, value])) }
                });
                folded.map_or_else(|value| vec![-1, value], |folded| vec![folded])
            };
            BuiltSink::behind("try_fold", Item::into_result, sink, tell, model).stops_early()
        },
    },
];
