//! Closures in a row and a sum, in one task. One in the middle hides its item from the compiler, which would make
//! of an iterator's a formula.

use std::future::ready;
use std::hint::black_box;

use anypipe::prelude::*;
use futures_util::{StreamExt, stream};

use crate::bare::Bare;

pub mod maps {
    use super::*;

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
}

/// Each item that goes through follows one that doesn't.
pub mod filters {
    use super::*;

    pub async fn anypipe(_: &Bare, _: usize, items: u64) -> u64 {
        let halves = Pipeline::from_iter(0..2 * items).map(black_box).filter(|n| n % 2 == 1).map(|n| n / 2);
        halves.filter(|_| true).fold(0, |sum, n| sum + n).await
    }

    pub async fn futures(_: &Bare, _: usize, items: u64) -> u64 {
        let halves = stream::iter(0..2 * items).map(black_box).filter(|n| ready(n % 2 == 1)).map(|n| n / 2);
        halves.filter(|_| ready(true)).fold(0, |sum, n| ready(sum + n)).await
    }

    pub async fn iterator(_: &Bare, _: usize, items: u64) -> u64 {
        let halves = (0..2 * items).map(black_box).filter(|n| n % 2 == 1).map(|n| n / 2);
        halves.filter(|_| true).sum()
    }
}

/// A stream of others, and a closure with a state.
pub mod streams {
    use super::*;

    pub async fn anypipe(_: &Bare, _: usize, items: u64) -> u64 {
        let counted = Pipeline::from_stream(stream::iter(0..items).map(black_box)).scan(0, |count, n| {
            *count += 1;
            Some(*count + n)
        });
        counted.fold(0, |sum, n| sum + (n - 1) / 2).await
    }

    pub async fn futures(_: &Bare, _: usize, items: u64) -> u64 {
        let counted = stream::iter(0..items).map(black_box).scan(0, |count, n| {
            *count += 1;
            ready(Some(*count + n))
        });
        counted.fold(0, |sum, n| ready(sum + (n - 1) / 2)).await
    }
}
