//! Random numbers from a seed.

/// A generator of random numbers (SplitMix64): the same seed gives the same numbers.
///
/// Good enough to draw test data and to shuffle, and for nothing that is secret. [`rng`](crate::testing::rng)
/// makes one of the simulation's seed.
///
/// # Examples
///
/// ```
/// use anypipe_sim::testing::Rng;
///
/// let (mut one, mut other) = (Rng::new(7), Rng::new(7));
/// assert_eq!(one.any(), other.any());
/// assert!(one.below(6) < 6);
/// ```
#[derive(Clone, Debug)]
pub struct Rng {
    /// Grows by a fixed odd number; the output is a scramble of it.
    state: u64,
}

impl Rng {
    /// The numbers of this seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A number below `bound`; 0 where `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.any()) * bound as u128;
        usize::try_from(wide >> 64).unwrap_or_default()
    }

    /// True this often in 100 times.
    pub fn chance(&mut self, percent: u8) -> bool {
        percent > 0 && self.below(100) < usize::from(percent)
    }

    /// Puts items into any order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
