//! Random choices from a seed.

use std::ops::RangeInclusive;

use anypipe_core::Holds;
use anypipe_core::drive::{Boundary, Order};
use anypipe_core::option::HasBoundary;

/// A small generator of random numbers: the same seed gives the same choices.
///
/// # Examples
///
/// ```
/// use anypipe_conformance::registry::Draw;
///
/// assert_eq!(Draw::new(7).below(100), Draw::new(7).below(100));
/// ```
#[derive(Clone, Debug)]
pub struct Draw {
    /// Grows by a fixed odd number; the output is a scramble of it (`SplitMix64`).
    state: u64,
}

impl Draw {
    /// The choices of this seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    ///
    /// # Panics
    ///
    /// Where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.any() % n as u64).expect("below a `usize`")
    }

    /// A number in `range`.
    pub fn within(&mut self, range: RangeInclusive<usize>) -> usize {
        range.start() + self.below(range.end() - range.start() + 1)
    }

    /// Heads or tails.
    pub fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    /// The values of up to `most` items.
    pub fn values(&mut self, most: usize) -> Vec<i64> {
        let length = self.within(0..=most);
        (0..length).map(|_| self.value()).collect()
    }

    /// The value of an item.
    pub fn value(&mut self) -> i64 {
        i64::try_from(self.below(1000)).expect("below 1000")
    }

    /// The options of a boundary with workers.
    pub fn options(&mut self) -> Options {
        Options { workers: self.within(1..=4), buffer: self.within(0..=5), ordered: self.coin() }
    }

    /// The options of a boundary with one task.
    pub fn buffer(&mut self) -> Options {
        Options { workers: 1, buffer: self.within(0..=5), ordered: true }
    }
}

/// The options of a boundary: how many workers, how large a buffer, in which order.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    workers: usize,
    /// 0 is a rendezvous.
    buffer: usize,
    ordered: bool,
}

impl Options {
    /// Gives the options to a stage.
    pub fn apply<G: HasBoundary>(self, stage: G) -> G {
        stage.edit(|boundary: Boundary| {
            let boundary = boundary.workers(self.workers);
            let boundary = match self.buffer {
                0 => boundary.rendezvous(),
                n => boundary.buffer_size(n),
            };
            boundary.order(if self.ordered { Order::Ordered } else { Order::Unordered })
        })
    }

    /// What a boundary with these options holds.
    pub fn holds(self) -> Holds {
        Holds::at_most(self.buffer + self.workers)
    }

    /// What its buffer holds, without a worker.
    pub fn buffer_holds(self) -> Holds {
        Holds::at_most(self.buffer)
    }

    /// How something with a buffer and without workers is written.
    pub fn told_buffer(self, name: &str) -> String {
        match self.buffer {
            0 => format!("{name}.rendezvous()"),
            n => format!("{name}.buffer_size({n})"),
        }
    }

    /// True where results come in the order of the input.
    pub fn is_ordered(self) -> bool {
        self.ordered
    }

    /// True where there is one worker: nothing overtakes.
    pub fn is_alone(self) -> bool {
        self.workers == 1
    }

    /// How a stage with these options is written.
    pub fn told(self, name: &str) -> String {
        let Self { workers, buffer, ordered } = self;
        let order = if ordered { "" } else { ".unordered()" };
        match buffer {
            0 => format!("{name}.workers({workers}).rendezvous(){order}"),
            _ => format!("{name}.workers({workers}).buffer_size({buffer}){order}"),
        }
    }
}
