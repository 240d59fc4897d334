//! Who waits to be called in a hop and in a crew. Apart from them, so that it is built once and not again for
//! each type of item.

use std::collections::VecDeque;
use std::slice;
use std::task::Waker;

use crate::scope::{Wakes, replace_waker};
use crate::sync::Lone;

/// The tasks of a stage, by their index, of which some wait to be called. Nothing here takes longer for their
/// number.
pub(super) enum Waiting {
    /// Most stages have one task, which needs no line, and no allocation.
    Alone(Each),
    Crew(Lone<Crew>),
}

#[derive(Clone, Default)]
pub(super) struct Each {
    waker: Option<Waker>,
    /// True while it waits to be called.
    waits: bool,
    /// True while it stands in the line, where one that leaves is only passed over in its turn.
    in_line: bool,
}

impl Each {
    /// Calls it, where it waits.
    fn call(&mut self) -> Option<Waker> {
        if std::mem::take(&mut self.waits) { self.waker.clone() } else { None }
    }
}

pub(super) struct Crew {
    all: Vec<Each>,
    /// Those to be called, first come first called, and some that wait no more.
    line: VecDeque<usize>,
}

impl Crew {
    fn call(&mut self) -> Option<Waker> {
        while let Some(index) = self.line.pop_front() {
            let each = &mut self.all[index];
            each.in_line = false;
            if each.waits {
                return each.call();
            }
        }
        None
    }
}

impl Waiting {
    pub(super) fn new(count: usize) -> Self {
        if count == 1 {
            return Self::Alone(Each::default());
        }
        Self::Crew(Lone::new(Crew { all: vec![Each::default(); count], line: VecDeque::new() }))
    }

    fn all(&mut self) -> &mut [Each] {
        match self {
            Self::Alone(each) => slice::from_mut(each),
            Self::Crew(crew) => &mut crew.get_mut().all,
        }
    }

    /// Keeps a task's waker; gives its old one.
    #[must_use]
    pub(super) fn register(&mut self, index: usize, waker: &Waker) -> Option<Waker> {
        replace_waker(&mut self.all()[index].waker, waker)
    }

    /// Has the task called in its turn; gives its old waker.
    #[must_use]
    pub(super) fn enter(&mut self, index: usize, waker: &Waker) -> Option<Waker> {
        self.all()[index].waits = true;
        if let Self::Crew(crew) = self {
            let crew = crew.get_mut();
            if !std::mem::replace(&mut crew.all[index].in_line, true) {
                crew.line.push_back(index);
            }
        }
        self.register(index, waker)
    }

    /// The task waits no more; `false` where it had been called.
    pub(super) fn leave(&mut self, index: usize) -> bool {
        std::mem::take(&mut self.all()[index].waits)
    }

    /// Calls the first that waits.
    #[inline]
    pub(super) fn call(&mut self) -> Option<Waker> {
        match self {
            Self::Alone(each) => each.call(),
            Self::Crew(crew) => crew.get_mut().call(),
        }
    }

    /// The wakers of all.
    pub(super) fn take_all(&mut self) -> Wakes {
        self.all().iter_mut().filter_map(|each| each.waker.take()).collect()
    }
}
