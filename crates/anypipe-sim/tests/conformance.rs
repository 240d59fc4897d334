//! Every law, promise and case, under many schedules.

use anypipe_conformance::Case;
use anypipe_sim::Sim;

/// Seeds for each case; `ANYPIPE_SIM_SEEDS` says otherwise.
const SEEDS: u64 = 20;

fn run(case: &Case) {
    if case.owns_runtimes() {
        return case.run_on(|| Sim::new(0), 0);
    }
    Sim::each(SEEDS, |sim| case.run_on(|| sim.clone(), sim.seed()));
}

anypipe_conformance::suite!(sim, each run);

/// P13: the same seed gives the same schedule, and a failure tells its seed (`tests/failures.rs`).
fn replay(case: &Case) {
    for seed in 0..4 {
        let Some(first) = case.future(seed) else { return };
        let second = case.future(seed).expect("there was one before");
        let first = Sim::new(seed).run(first);
        first.value.unwrap_or_else(|error| error.resume());
        let second = Sim::new(seed).run(second);
        second.value.unwrap_or_else(|error| error.resume());
        assert_eq!((first.hash, first.steps), (second.hash, second.steps), "seed {seed}");
        assert_eq!(first.elapsed, second.elapsed, "seed {seed}");
    }
}

anypipe_conformance::suite!(promise_p13_replay, each replay);
