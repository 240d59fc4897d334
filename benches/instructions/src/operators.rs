//! What an item costs in operators that hold several, make more of one or put several sources together; all but `expand` and
//! `blocking_iter` without a task of their own.

use std::collections::VecDeque;
use std::future::ready;
use std::hint::black_box;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use anypipe::prelude::*;
use anypipe::stage::Overflow;
use futures_util::{Stream, StreamExt, stream};

use crate::bare::Bare;

/// Numbers that the compiler doesn't make a formula of.
fn numbers(items: u64) -> Pipeline<impl Source<Item = u64>> {
    Pipeline::from_iter(0..items).map(black_box)
}

/// Halves of the items in two sources.
fn halves(items: u64) -> [Pipeline<impl Source<Item = u64>>; 2] {
    [0, 1].map(|part| Pipeline::from_iter((0..items / 2).map(move |n| black_box(2 * n + part))))
}

/// Of a root come so many numbers, eight of each that gives any.
pub async fn expand(_: &Bare, _: usize, items: u64) -> u64 {
    let more =
        move |n: u64| ready((8 * n + 1..8 * n + 9).take_while(move |n| *n < items).collect::<Vec<_>>());
    Pipeline::once(0).expand(more).fold(0, |sum, n| sum + n).await
}

/// The same in a queue by hand.
pub async fn queue(_: &Bare, _: usize, items: u64) -> u64 {
    let (mut queue, mut sum) = (VecDeque::from([0]), 0);
    while let Some(n) = queue.pop_front() {
        let more = ready((8 * n + 1..8 * n + 9).take_while(move |n| *n < items).collect::<Vec<_>>()).await;
        queue.extend(more);
        sum += black_box(n);
    }
    sum
}

/// In groups of four keys, in turn.
pub async fn group_by(_: &Bare, _: usize, items: u64) -> u64 {
    let sum = |_: &u64| sink::sum::<u64>().into_stage();
    numbers(items).group_by(|n| n % 4, move |key| sum(&key), 4).fold(0, |sum, n: u64| sum + n).await
}

/// Four at a time, and the next four.
pub async fn windows(_: &Bare, _: usize, items: u64) -> u64 {
    numbers(items).windows(4, 4).map(|window| window.into_iter().sum::<u64>()).fold(0, |sum, n| sum + n).await
}

pub async fn futures_chunks(_: &Bare, _: usize, items: u64) -> u64 {
    let chunks = stream::iter(0..items).map(black_box).chunks(4);
    chunks.map(|chunk| chunk.into_iter().sum::<u64>()).fold(0, |sum, n| ready(sum + n)).await
}

pub async fn merge(_: &Bare, _: usize, items: u64) -> u64 {
    source::merge(halves(items)).fold(0, |sum, n| sum + n).await
}

pub async fn futures_select(_: &Bare, _: usize, items: u64) -> u64 {
    let [one, other] = [0, 1].map(|part| stream::iter((0..items / 2).map(move |n| black_box(2 * n + part))));
    stream::select(one, other).fold(0, |sum, n| ready(sum + n)).await
}

pub async fn merge_sorted_by(_: &Bare, _: usize, items: u64) -> u64 {
    source::merge_sorted_by(halves(items), u64::cmp).fold(0, |sum, n| sum + n).await
}

pub async fn merge_first(_: &Bare, _: usize, items: u64) -> u64 {
    let [one, other] = halves(items);
    one.merge_first(other, 8).fold(0, |sum, n| sum + n).await
}

/// As a list of two.
pub async fn merge_first_of(_: &Bare, _: usize, items: u64) -> u64 {
    source::merge_first(halves(items), 8).fold(0, |sum, n| sum + n).await
}

pub async fn partition(_: &Bare, _: usize, items: u64) -> u64 {
    let (even, odd): (Vec<u64>, Vec<u64>) = numbers(items).partition(|n| n % 2 == 0).await;
    even.into_iter().sum::<u64>() + odd.into_iter().sum::<u64>()
}

pub async fn iterator_partition(_: &Bare, _: usize, items: u64) -> u64 {
    let (even, odd): (Vec<u64>, Vec<u64>) = (0..items).map(black_box).partition(|n| n % 2 == 0);
    even.into_iter().sum::<u64>() + odd.into_iter().sum::<u64>()
}

pub async fn intersperse(_: &Bare, _: usize, items: u64) -> u64 {
    numbers(items).intersperse(0).fold(0, |sum, n| sum + n).await
}

/// Numbers that come in bursts of 32, so that none has to be dropped.
struct Bursts {
    next: u64,
    items: u64,
    /// True where it has given way since the last burst.
    waited: bool,
}

impl Stream for Bursts {
    type Item = u64;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u64>> {
        if self.next.is_multiple_of(32) && !mem::replace(&mut self.waited, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.waited = false;
        self.next += 1;
        Poll::Ready((self.next <= self.items).then_some(black_box(self.next - 1)))
    }
}

fn bursts(items: u64) -> Pipeline<impl Source<Item = u64>> {
    Pipeline::from_stream(Bursts { next: 0, items, waited: false })
}

pub async fn buffer_lossy(_: &Bare, capacity: usize, items: u64) -> u64 {
    bursts(items).buffer_lossy(capacity, Overflow::DropOldest).fold(0, |sum, n| sum + n).await
}

pub async fn buffer(_: &Bare, capacity: usize, items: u64) -> u64 {
    bursts(items).buffer(capacity).fold(0, |sum, n| sum + n).await
}

pub async fn blocking_iter(_: &Bare, _: usize, items: u64) -> u64 {
    Pipeline::blocking_iter((0..items).map(black_box)).fold(0, |sum, n| sum + n).await
}
