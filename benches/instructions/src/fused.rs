//! Three closures in a row and a sum, in one task. The one in the middle hides its item from the compiler,
//! which would make of an iterator's a formula.

use std::future::ready;
use std::hint::black_box;

use anypipe::prelude::*;
use futures_util::{StreamExt, stream};

use crate::bare::Bare;

pub async fn anypipe(_: &Bare, _: usize, items: u64) -> u64 {
    let mapped = Pipeline::from_iter(0..items).map(|n| n + 1).map(black_box).map(|n| n - 1);
    mapped.fold(0, |sum, n| sum + n).await
}

pub async fn futures(_: &Bare, _: usize, items: u64) -> u64 {
    let mapped = stream::iter(0..items).map(|n| n + 1).map(black_box).map(|n| n - 1);
    mapped.fold(0, |sum, n| ready(sum + n)).await
}

pub async fn iterator(_: &Bare, _: usize, items: u64) -> u64 {
    let mapped = (0..items).map(|n| n + 1).map(black_box).map(|n| n - 1);
    mapped.sum()
}
