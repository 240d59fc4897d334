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

/// Gives `start`, and for ever what the last number and `step` add up to.
///
/// → `T`. Holds nothing. Past the largest number it does what `+` does.
pub fn count_from<T>(start: T, step: T) -> CountFrom<T>
where
    T: Add<Output = T> + Clone,
{
    CountFrom { start, step }
}

impl<T> Source for CountFrom<T>
where
    T: Add<Output = T> + Clone + Send + 'static,
{
    type Item = T;

    fn attach(self, _scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        let Self { start, step } = self;
        let mut last: Option<T> = None;
        produce(move || {
            in_stage("count_from", || {
                // Added up when it is asked for, so that the largest number is given too.
                let next = match last.take() {
                    Some(last) => last + step.clone(),
                    None => start.clone(),
                };
                last = Some(next.clone());
                Some(next)
            })
        })
    }
}
