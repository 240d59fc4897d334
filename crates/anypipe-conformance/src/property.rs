//! Random pipelines of registered operators give what the same does over `Vec`s.

use anypipe_core::run::{inherit, scoped};

use crate::plan::{Plan, Trial};
use crate::registry::Draw;
use crate::tools::{Crumb, drop_after};

crate::suite::cases! { ($) property as __property {
    random_pipelines_give_what_vecs_give(seed),
    random_pipelines_leave_nothing_when_dropped(seed),
} }

/// Pipelines for each seed of a simulation, and for the one of a real runtime.
const PLANS: u64 = 40;

/// The seeds of the pipelines that are drawn for one seed of the case.
fn plans(seed: u64) -> impl Iterator<Item = u64> {
    let mut draw = Draw::new(seed);
    (0..PLANS).map(move |_| draw.any())
}

async fn random_pipelines_give_what_vecs_give(seed: u64) {
    for plan_seed in plans(seed) {
        let plan = Plan::draw(plan_seed);
        if let Some(failure) = fails(&plan).await {
            let smallest = shrink(plan, failure).await;
            panic!("{smallest}\n  drawn with seed {plan_seed}");
        }
    }
}

/// Runs a pipeline; what it did wrong, if anything.
async fn fails(plan: &Plan) -> Option<String> {
    let Trial { told, run, tally, meaning } = plan.build()?;
    let crumb = Crumb::new(&told);
    let result = run.checked().await;
    crumb.done();
    match result {
        Err(error) => Some(format!("{told}: failed: {error}")),
        Ok(came) if !meaning.agrees(came.clone()) => {
            Some(format!("{told}:\n  gave {came:?}\n  and not {:?}", meaning.values))
        }
        Ok(_) if tally.live() > 0 => Some(format!("{told}: {} items are left", tally.live())),
        Ok(_) => None,
    }
}

/// The smallest pipeline near this one that fails too, by leaving out stages and values.
async fn shrink(mut plan: Plan, mut failure: String) -> String {
    let mut tries = 300;
    'again: loop {
        for smaller in plan.smaller() {
            if tries == 0 {
                return failure;
            }
            tries -= 1;
            if let Some(found) = fails(&smaller).await {
                (plan, failure) = (smaller, found);
                continue 'again;
            }
        }
        return failure;
    }
}

async fn random_pipelines_leave_nothing_when_dropped(seed: u64) {
    for plan_seed in plans(seed) {
        let mut draw = Draw::new(plan_seed);
        let Some(Trial { told, run, tally, .. }) = Plan::draw(plan_seed).build() else { continue };
        let crumb = Crumb::new(&told);
        // The scope around it joins what the dropped run leaves behind.
        let dropped = scoped("dropped", inherit, drop_after(draw.below(12), run)).await;
        assert!(dropped.is_ok(), "{told}: {dropped:?}");
        crumb.done();
        assert_eq!(tally.live(), 0, "{told}: items are left; drawn with seed {plan_seed}");
    }
}
