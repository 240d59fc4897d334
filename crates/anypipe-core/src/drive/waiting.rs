//! Who waits to be called in a hop and in a crew. Apart from them, so that it is built once and not again for
//! each type of item.

use std::collections::VecDeque;
use std::iter;
use std::task::Waker;

use crate::scope::replace_waker;

/// The tasks of a stage, by their index, of which some wait to be called. Nothing here takes longer for their
/// number.
pub(super) struct Waiting {
    /// Most stages have one task, which needs no allocation.
    first: Each,
    others: Vec<Each>,
    /// Those to be called, first come first called, and some that wait no more.
    line: VecDeque<usize>,
}

#[derive(Clone, Default)]
struct Each {
    waker: Option<Waker>,
    /// True while it waits to be called.
    waits: bool,
    /// True while it stands in the line, where one that leaves is only passed over in its turn.
    in_line: bool,
}

impl Waiting {
    pub(super) fn new(count: usize) -> Self {
        let others = vec![Each::default(); count.saturating_sub(1)];
        Self { first: Each::default(), others, line: VecDeque::new() }
    }

    fn each(&mut self, index: usize) -> &mut Each {
        match index.checked_sub(1) {
            None => &mut self.first,
            Some(index) => &mut self.others[index],
        }
    }

    /// Keeps a task's waker; gives its old one.
    #[must_use]
    pub(super) fn register(&mut self, index: usize, waker: &Waker) -> Option<Waker> {
        replace_waker(&mut self.each(index).waker, waker)
    }

    /// Has the task called in its turn; gives its old waker.
    #[must_use]
    pub(super) fn enter(&mut self, index: usize, waker: &Waker) -> Option<Waker> {
        let each = self.each(index);
        each.waits = true;
        if !std::mem::replace(&mut each.in_line, true) {
            self.line.push_back(index);
        }
        self.register(index, waker)
    }

    /// The task waits no more; `false` where it had been called.
    pub(super) fn leave(&mut self, index: usize) -> bool {
        std::mem::take(&mut self.each(index).waits)
    }

    /// Calls the first that waits.
    pub(super) fn call(&mut self) -> Option<Waker> {
        while let Some(index) = self.line.pop_front() {
            let each = self.each(index);
            each.in_line = false;
            if std::mem::take(&mut each.waits) {
                return each.waker.clone();
            }
        }
        None
    }

    /// The wakers of all.
    pub(super) fn take_all(&mut self) -> Vec<Waker> {
        iter::once(&mut self.first).chain(&mut self.others).filter_map(|each| each.waker.take()).collect()
    }
}
