//! Every law, promise and case, under many schedules.

use anypipe_sim::Sim;

/// Seeds for each case; `ANYPIPE_SIM_SEEDS` says otherwise.
const SEEDS: u64 = 20;

anypipe_conformance::suite!(sim, each |case| Sim::each(SEEDS, |sim| case.run_on(sim, sim.seed())));
