use super::Rng;
use crate::each::seed;
use crate::executor::World;

/// A generator for what a test draws itself: sizes, latencies, which request fails.
///
/// In a simulation it is made of the simulation's seed, so a failure is replayed with the same draws; each
/// call gives another one, and no draw changes the schedule. Elsewhere, where nothing can be replayed
/// anyway, every call gives the numbers of the seed in `ANYPIPE_SIM_SEED`, or of 0.
///
/// # Panics
///
/// Outside a simulation, where the variable is no number.
///
/// # Examples
///
/// ```
/// use anypipe_sim::{Sim, testing::rng};
///
/// let draw = || Sim::new(17).run(async { (rng().below(1000), rng().below(1000)) }).value;
/// assert_eq!(draw(), draw());
/// assert_ne!(draw().0, draw().1);
/// ```
pub fn rng() -> Rng {
    World::current().map_or_else(|| Rng::new(seed().unwrap_or(0)), |world| world.draws())
}
