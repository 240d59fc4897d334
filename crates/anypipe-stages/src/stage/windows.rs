use std::collections::VecDeque;

use anypipe_core::stage::{Step, drop_each, in_stage};
use anypipe_core::{Holds, Scope, Stage};
use futures_core::Stream;

use crate::gather::{Gather, gathered};
use crate::stage::sequential_stage;

/// Lists of items that overlap or leave some out; made by [`windows`].
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    n: usize,
    step: usize,
}

/// The stage of `Pipeline::windows`, where all of it is told.
///
/// # Panics
///
/// Where `n` or `step` is 0.
#[track_caller]
pub fn windows(n: usize, step: usize) -> Windows {
    assert!(n > 0, "`windows(0, ..)`: a list needs room for at least one item");
    assert!(step > 0, "`windows(.., 0)`: the same items would be given without an end");
    Windows { n, step }
}

impl<In: Clone + Send + 'static> Stage<In> for Windows {
    type Out = Vec<In>;

    fn attach(
        self,
        input: impl Stream<Item = In> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = Vec<In>> + Send + 'static {
        gathered(input, Window { windows: self, held: VecDeque::new(), skip: 0 })
    }

    fn holds(&self) -> Holds {
        // A list on its way out, and what it has in common with the next.
        Holds::at_most(self.n) + Holds::at_most(self.n.saturating_sub(self.step))
    }
}

sequential_stage!(Windows, "windows");

struct Window<In> {
    windows: Windows,
    /// The list that is growing.
    held: VecDeque<In>,
    /// How many items come before the next list.
    skip: usize,
}

impl<In: Clone> Gather<In> for Window<In> {
    type Out = Vec<In>;

    fn step(&mut self, item: In) -> Step<Vec<In>> {
        let Windows { n, step } = self.windows;
        if self.skip > 0 {
            self.skip -= 1;
            return Step::Skip;
        }
        self.held.push_back(item);
        if self.held.len() < n {
            return Step::Skip;
        }
        if step >= n {
            self.skip = step - n;
            return Step::Give(std::mem::take(&mut self.held).into());
        }
        // What is in no further list goes out as it is.
        let mut list: Vec<In> = Vec::with_capacity(n);
        list.extend(self.held.drain(..step));
        in_stage("windows", || list.extend(self.held.iter().cloned()));
        Step::Give(list)
    }

    fn rest(&mut self) -> Option<Vec<In>> {
        None
    }
}

impl<In> Drop for Window<In> {
    fn drop(&mut self) {
        drop_each(self.held.drain(..));
    }
}
