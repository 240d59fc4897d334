use std::cmp::Ordering;
use std::ops::Add;

use anypipe_core::stage::in_stage;
use anypipe_core::{Scope, Source};
use futures_core::Stream;

use crate::produce::produce;

/// Numbers without an end; made by [`count_from`].
#[derive(Clone, Copy, Debug)]
pub struct CountFrom<T> {
    start: T,
    step: T,
}

/// The source of `Pipeline::count_from`, where all of it is told.
pub fn count_from<T>(start: T, step: T) -> CountFrom<T>
where
    T: Add<Output = T> + Clone + Default + PartialOrd,
{
    CountFrom { start, step }
}

impl<T> Source for CountFrom<T>
where
    T: Add<Output = T> + Clone + Default + PartialOrd + Send + 'static,
{
    type Item = T;

    fn attach(self, _scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        let Self { start, step } = self;
        let direction = in_stage("count_from", || step.partial_cmp(&T::default()));
        let mut last: Option<T> = None;
        produce(move || {
            in_stage("count_from", || {
                // Added up when it is asked for, so that the largest number is given too.
                let next = match last.take() {
                    Some(last) => {
                        let next = last.clone() + step.clone();
                        // Without overflow checks a number wraps round, and goes the other way.
                        match (direction, next.partial_cmp(&last)) {
                            (Some(Ordering::Greater), Some(Ordering::Less))
                            | (Some(Ordering::Less), Some(Ordering::Greater)) => {
                                panic!("past the last number")
                            }
                            _ => next,
                        }
                    }
                    None => start.clone(),
                };
                last = Some(next.clone());
                Some(next)
            })
        })
    }
}
