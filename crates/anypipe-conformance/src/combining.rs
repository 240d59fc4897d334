//! E5 to E10: operators over several sources, with counted resources; and time operators.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anypipe_core::Source;
use anypipe_core::channel::bounded;
use anypipe_core::drive::DEFAULT_BUFFER;
use anypipe_stages::source;
use anypipe_stages::{sink, stage};

use crate::registry::{Census, Item};
use crate::tools::{Clock, flow, is_exact, next, once, sleep, unit};

crate::suite::cases! { ($) combining as __combining {
    e05_a_merge_gives_in_the_order_of_time(),
    e06_combining_no_sources_gives_nothing(),
    e07_zip_awaits_no_further_than_it_must(),
    e07_zip_strict_tells_unequal_ends(),
    e07_zip_compares_nothing(),
    e08_zip_latest_waits_for_both_and_the_partial_form_for_none(),
    a_tie_goes_to_the_first_source(),
    no_rank_starves_and_none_waits_for_one_that_has_none(),
    a_broadcast_of_what_lies_at_hand_keeps_order_and_bound(),
    e10_chunks_are_full_but_for_the_last(),
    e10_chunks_close_an_endless_source(),
    e11_skipping_none_changes_nothing(),
    e12_reduce_and_accumulate(),
    time_operators_keep_their_time(),
} }

/// Counted items, each after a nap of so many units.
fn timed(tally: &Census, items: &'static [(u32, i64)]) -> impl Source<Item = Item> + use<> {
    let tally = tally.clone();
    source::from_fn(move |sender| async move {
        for &(nap, value) in items {
            sleep(unit() * nap).await;
            if sender.send(tally.item(value)).await.is_err() {
                return;
            }
        }
    })
}

fn counted(tally: &Census, values: impl Iterator<Item = i64> + Send + 'static) -> impl Source<Item = Item> {
    let tally = tally.clone();
    source::from_iter(values.map(move |value| tally.item(value)))
}

fn values(items: &[Item]) -> Vec<i64> {
    items.iter().map(Item::value).collect()
}

async fn e05_a_merge_gives_in_the_order_of_time() {
    let tally = Census::new();
    let clock = Clock::start();
    // At 0, 2, 4 and at 1, 3.
    let even = timed(&tally, &[(0, 0), (2, 2), (2, 4)]);
    let odd = timed(&tally, &[(1, 1), (2, 3)]);
    let mut came = flow(even).pipe(stage::merge(odd)).stream();
    let mut seen = Vec::new();
    while let Some(item) = next(&mut came).await {
        clock.assert_at(u32::try_from(item.value()).unwrap());
        seen.push(item.value());
    }
    if is_exact() {
        assert_eq!(seen, [0, 1, 2, 3, 4]);
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4], "it ends only when both have");
    assert_eq!(tally.live(), 0);
}

async fn e06_combining_no_sources_gives_nothing() {
    let none = Vec::<source::FromIter<Vec<u8>>>::new;
    assert!(flow(source::merge(none())).collect().await.is_empty());
    assert!(flow(source::chain(none())).collect().await.is_empty());
    assert!(flow(source::zip(none())).collect().await.is_empty());
    assert!(flow(source::zip_latest(none())).collect().await.is_empty());
    assert!(flow(source::zip_latest_partial(none())).collect().await.is_empty());
}

async fn e07_zip_awaits_no_further_than_it_must() {
    let tally = Census::new();
    let clock = Clock::start();
    // The second item of the longer one would take very long.
    let long = timed(&tally, &[(1, 1), (1_000_000, 2)]);
    let short = timed(&tally, &[(2, 10)]);
    let rows = flow(long).pipe(stage::zip(short)).collect().await;
    assert_eq!(rows.iter().map(|(a, b)| (a.value(), b.value())).collect::<Vec<_>>(), [(1, 10)]);
    clock.assert_at(2);
    drop(rows);
    assert_eq!(tally.live(), 0);
}

async fn e07_zip_strict_tells_unequal_ends() {
    let zipped = |one: Vec<u8>, other: Vec<u8>| {
        let rows = flow(source::from_iter(one)).pipe(stage::zip_strict(source::from_iter(other)));
        rows.into(sink::try_collect::<Vec<_>>())
    };
    assert_eq!(zipped(vec![1, 2], vec![3, 4]).await, Ok(vec![(1, 3), (2, 4)]));
    assert_eq!(zipped(vec![1, 2], vec![3]).await.unwrap_err().rows, 1);
    assert_eq!(zipped(vec![], vec![3]).await.unwrap_err().rows, 0);
}

/// An item that must not be compared.
#[derive(Debug)]
struct Incomparable;

impl PartialEq for Incomparable {
    fn eq(&self, _other: &Self) -> bool {
        panic!("compared");
    }
}

async fn e07_zip_compares_nothing() {
    let items = || source::from_iter([Incomparable, Incomparable]);
    let rows = flow(items()).pipe(stage::zip_strict(items())).collect().await;
    assert_eq!(rows.iter().filter(|row| row.is_ok()).count(), 2);
    assert_eq!(flow(items()).pipe(stage::zip(items())).collect().await.len(), 2);
}

async fn e08_zip_latest_waits_for_both_and_the_partial_form_for_none() {
    let tally = Census::new();
    // At 0, 2, 4 and at 1, 3.
    let even = || timed(&tally, &[(0, 0), (2, 2), (2, 4)]);
    let odd = || timed(&tally, &[(1, 1), (2, 3)]);
    let value = |item: &Option<Item>| item.as_ref().map(Item::value);
    let rows = flow(even()).pipe(stage::zip_latest_partial(odd())).collect().await;
    let partial: Vec<_> = rows.iter().map(|(a, b)| (value(a), value(b))).collect();
    drop(rows);
    let rows = flow(even()).pipe(stage::zip_latest(odd())).collect().await;
    let full: Vec<_> = rows.iter().map(|(a, b)| (a.value(), b.value())).collect();
    drop(rows);
    if is_exact() {
        let all =
            [(Some(0), None), (Some(0), Some(1)), (Some(2), Some(1)), (Some(2), Some(3)), (Some(4), Some(3))];
        assert_eq!(partial, all);
        assert_eq!(full, [(0, 1), (2, 1), (2, 3), (4, 3)]);
    }
    assert!(partial[0].0.is_none() || partial[0].1.is_none(), "the first event has one side");
    assert_eq!((partial.last(), full.last()), (Some(&(Some(4), Some(3))), Some(&(4, 3))));
    assert_eq!(tally.live(), 0);
}

/// Where several sources are ready when they are looked at, it doesn't count who was woken first.
async fn a_tie_goes_to_the_first_source() {
    let channels = || {
        let channels: Vec<_> = (0..3).map(|_| bounded(2)).collect();
        channels.into_iter().unzip::<_, _, Vec<_>, Vec<_>>()
    };
    let (senders, receivers) = channels();
    let mut race = flow(source::race(receivers.into_iter().map(source::from_channel))).stream();
    assert!(once(&mut pin!(next(&mut race))).await.is_pending());
    for index in [2, 1] {
        senders[index].try_send(index).unwrap();
    }
    assert_eq!(next(&mut race).await, Some(1));

    let (mut senders, receivers) = channels();
    let mut rows = flow(source::zip_strict(receivers.into_iter().map(source::from_channel))).stream();
    assert!(once(&mut pin!(next(&mut rows))).await.is_pending());
    senders[0].try_send(0).unwrap();
    drop((senders.pop(), senders.pop()));
    let Some(Err(end)) = next(&mut rows).await else { panic!("they don't end together") };
    assert_eq!((end.source, end.rows), (1, 0));
}

async fn no_rank_starves_and_none_waits_for_one_that_has_none() {
    const RANKS: usize = 6;
    for most in 1..=4 {
        let endless = (0..RANKS).map(source::repeat);
        let mut items = pin!(flow(source::merge_first(endless, most)).stream());
        let (mut last, mut seen) = ([0; RANKS], [0; RANKS]);
        for given in 1..=200_usize {
            let rank = next(&mut items).await.expect("they are endless");
            (last[rank], seen[rank]) = (given, seen[rank] + 1);
            for (rank, last) in last.iter().enumerate() {
                let (waits, at_most) = (given - last, most * rank + 2 * RANKS);
                assert!(waits <= at_most, "rank {rank} waits for {waits} items where it may be {at_most}");
            }
        }
        assert!(seen.is_sorted_by(|one, next| one >= next), "one behind passes another: {seen:?}");
    }
    // Strict: none of a rank goes before what is ahead, whatever came of it by then.
    let ranks = (0..RANKS).rev().map(|rank| source::repeat_n(rank, 3));
    let all: Vec<usize> = flow(source::merge_first(ranks, usize::MAX)).into(sink::collect()).await;
    assert!(all.is_sorted_by(|one, other| one >= other), "{all:?}");
    assert_eq!(all.len(), 3 * RANKS);

    // One that has none now is passed, and comes first when it has.
    let clock = Clock::start();
    let tally = Census::new();
    let (urgent, usual, idle) = (&[(4, 0)], &[(2, 1), (1, 1)], &[(0, 2), (0, 2), (4, 2)]);
    let sources = [timed(&tally, urgent), timed(&tally, usual), timed(&tally, idle)];
    let all: Vec<Item> = flow(source::merge_first(sources, 8)).into(sink::collect()).await;
    clock.assert_at(4);
    let mut all = values(&all);
    if is_exact() {
        assert_eq!(all[..4], [2, 2, 1, 1]);
    }
    // Two come at the same time, and it isn't said which of them was there first.
    all.sort_unstable();
    assert_eq!(all, [0, 1, 1, 2, 2, 2]);
}

async fn a_broadcast_of_what_lies_at_hand_keeps_order_and_bound() {
    const ALL: usize = 1000;
    for buffer in [1, 5, DEFAULT_BUFFER, 3 * DEFAULT_BUFFER] {
        let begun = Arc::new(AtomicUsize::new(0));
        let begins = Arc::clone(&begun);
        let work = stage::map(move |item: usize| {
            begins.fetch_add(1, Ordering::SeqCst);
            item
        });
        let items = flow(source::from_iter(0..ALL)).pipe(work).buffer_size(buffer);
        let branches = (stage::map(|item: usize| (0, item)), stage::map(|item: usize| (1, item)));
        let run = items.clone().pipe(stage::broadcast(branches)).collect().start();
        let control = run.control();
        let given = run.await.unwrap();
        assert_eq!(control.stats().stage("map").map(|map| map.delivered), Some(ALL as u64));
        for branch in 0..2 {
            let of_branch = given.iter().filter(|(of, _)| *of == branch).map(|(_, item)| *item);
            assert!(of_branch.eq(0..ALL), "branch {branch} behind a buffer of {buffer}");
        }
        begun.store(0, Ordering::SeqCst);
        let mut came = items.pipe(stage::broadcast((stage::map(|item: usize| item),))).stream();
        for item in 0..ALL {
            assert_eq!(next(&mut came).await, Some(item));
            // What waits before the branch, what waits behind the work, and what is worked on.
            let most = ALL.min(item + 1 + DEFAULT_BUFFER + buffer + 1);
            assert!(begun.load(Ordering::SeqCst) <= most, "item {item} behind a buffer of {buffer}");
        }
        assert_eq!(next(&mut came).await, None);
    }
}

async fn e10_chunks_are_full_but_for_the_last() {
    for (length, expected) in [(3, vec![3]), (4, vec![3, 1]), (5, vec![3, 2]), (0, vec![])] {
        let chunks = flow(source::from_iter(0..length)).pipe(stage::chunks(3)).collect().await;
        assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), expected);
        assert_eq!(chunks.concat(), (0..length).collect::<Vec<_>>());
    }
}

async fn e10_chunks_close_an_endless_source() {
    let tally = Census::new();
    let run = flow(counted(&tally, 0..)).pipe(stage::chunks(3)).pipe(stage::take(1)).collect();
    let chunks = run.await;
    assert_eq!(chunks.iter().map(|chunk| values(chunk)).collect::<Vec<_>>(), [[0, 1, 2]]);
    assert_eq!(tally.made(), 3, "it was closed after the first batch");
    drop(chunks);
    assert_eq!(tally.live(), 0);
}

async fn e11_skipping_none_changes_nothing() {
    let tally = Census::new();
    let all = flow(counted(&tally, 0..5)).pipe(stage::skip_last(0)).collect().await;
    assert_eq!(values(&all), [0, 1, 2, 3, 4]);
    drop(all);
    assert!(flow(counted(&tally, 0..5)).pipe(stage::take_last(0)).collect().await.is_empty());
    assert_eq!(tally.live(), 0);
}

async fn e12_reduce_and_accumulate() {
    let nothing = || flow(source::from_iter(Vec::<i32>::new()));
    assert_eq!(nothing().into(sink::reduce(|a, b| a + b)).await, None);
    assert_eq!(flow(source::from_iter(1..5)).into(sink::reduce(|a, b| a * b)).await, Some(24));
    let running = flow(source::from_iter(0..5)).pipe(stage::accumulate(|a: i32, b: i32| a + b));
    assert_eq!(running.collect().await, [0, 1, 3, 6, 10]);
}

async fn time_operators_keep_their_time() {
    let tally = Census::new();
    let spaced = flow(counted(&tally, 0..4)).pipe(stage::space_out(unit()));
    let clock = Clock::start();
    let mut came = spaced.stream();
    for moment in 0..4 {
        drop(next(&mut came).await);
        clock.assert_at(moment);
    }
    drop(came);

    // Two at once, and two more in the next window.
    let throttled = flow(counted(&tally, 0..4)).pipe(stage::throttle(2, unit() * 3));
    let clock = Clock::start();
    let mut came = throttled.stream();
    for moment in [0, 0, 3, 3] {
        drop(next(&mut came).await);
        clock.assert_at(moment);
    }
    drop(came);

    let late = flow(counted(&tally, 0..1)).pipe(stage::delay(unit() * 2));
    let clock = Clock::start();
    assert_eq!(values(&late.collect().await), [0]);
    clock.assert_at(2);

    // A wait that is too long is an item of its own, and the next wait begins anew.
    let slow = timed(&tally, &[(1, 1), (5, 2)]);
    let waits = flow(slow).pipe(stage::timeout(unit() * 3)).collect().await;
    assert!(waits.iter().any(Result::is_err) || !is_exact());
    let came: Vec<_> = waits.iter().flatten().map(Item::value).collect();
    assert_eq!(came, [1, 2]);
    drop(waits);
    assert_eq!(tally.live(), 0);
    let forever = flow(source::never::<u8>()).into(sink::first()).deadline(Duration::from_millis(1));
    assert!(forever.checked().await.is_err());
}
