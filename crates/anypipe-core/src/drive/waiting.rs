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
    #[inline]
    pub(super) fn call(&mut self) -> Option<Waker> {
        if std::mem::take(&mut self.waits) { self.waker.clone() } else { None }
    }
}

pub(super) struct Crew {
    all: Vec<Each>,
    /// Those to be called, first come first called, and some that wait no more.
    line: VecDeque<usize>,
    /// The places of those that have gone.
    vacant: Vec<usize>,
}

impl Crew {
    /// Gives a task a place in the line, where it has none.
    fn line_up(&mut self, index: usize) -> &mut Each {
        let each = &mut self.all[index];
        if !std::mem::replace(&mut each.in_line, true) {
            self.line.push_back(index);
        }
        each
    }

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
        Self::Crew(Lone::new(Crew {
            all: vec![Each::default(); count],
            line: VecDeque::new(),
            vacant: Vec::new(),
        }))
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
    #[inline]
    pub(super) fn enter(&mut self, index: usize, waker: &Waker) -> Option<Waker> {
        let each = match self {
            Self::Alone(each) => each,
            Self::Crew(crew) => crew.get_mut().line_up(index),
        };
        each.waits = true;
        replace_waker(&mut each.waker, waker)
    }

    /// The task waits no more; `false` where it had been called.
    #[inline]
    pub(super) fn leave(&mut self, index: usize) -> bool {
        match self {
            Self::Alone(each) => std::mem::take(&mut each.waits),
            Self::Crew(crew) => std::mem::take(&mut crew.get_mut().all[index].waits),
        }
    }

    /// The only one.
    #[inline]
    pub(super) fn alone(&mut self) -> Option<&mut Each> {
        match self {
            Self::Alone(each) => Some(each),
            Self::Crew(_) => None,
        }
    }

    /// Calls the first that waits.
    #[inline]
    pub(super) fn call(&mut self) -> Option<Waker> {
        match self {
            Self::Alone(each) => each.call(),
            Self::Crew(crew) => crew.get_mut().call(),
        }
    }

    /// Gives one more a place, that of one that has gone where there is such.
    pub(super) fn add(&mut self) -> usize {
        let index = self.all().len();
        let crew = self.crew();
        crew.vacant.pop().unwrap_or_else(|| {
            crew.all.push(Each::default());
            index
        })
    }

    fn crew(&mut self) -> &mut Crew {
        if let Self::Alone(each) = self {
            each.in_line = each.waits;
            let line = if each.waits { VecDeque::from([0]) } else { VecDeque::new() };
            *self = Self::Crew(Lone::new(Crew { all: vec![std::mem::take(each)], line, vacant: Vec::new() }));
        }
        match self {
            Self::Crew(crew) => crew.get_mut(),
            Self::Alone(_) => unreachable!("it is one now"),
        }
    }

    /// Has there be a place of this index, which somebody else has given.
    pub(super) fn admit(&mut self, index: usize) {
        let crew = self.crew();
        if crew.all.len() <= index {
            crew.all.resize(index + 1, Each::default());
        }
    }

    /// A task goes for good; gives its waker. Its place is free for another once that is told to whom gives them.
    #[must_use]
    pub(super) fn dismiss(&mut self, index: usize) -> Option<Waker> {
        let each = &mut self.all()[index];
        each.waits = false;
        each.waker.take()
    }

    /// As [`dismiss`](Waiting::dismiss), where places are given.
    #[must_use]
    pub(super) fn vacate(&mut self, index: usize) -> Option<Waker> {
        self.crew().vacant.push(index);
        self.dismiss(index)
    }

    /// The wakers of all, who stay where they are.
    pub(super) fn wakers(&mut self) -> impl Iterator<Item = Waker> {
        self.all().iter().filter_map(|each| each.waker.clone())
    }

    /// The wakers of all.
    pub(super) fn take_all(&mut self) -> Wakes {
        match self {
            Self::Alone(each) => each.waker.take().map_or(Wakes::None, Wakes::One),
            Self::Crew(crew) => crew.get_mut().all.iter_mut().filter_map(|each| each.waker.take()).collect(),
        }
    }
}
