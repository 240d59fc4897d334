//! Random pipelines of registered operators give what the same does over `Vec`s.

use std::future::Future;

use anypipe_core::run::{inherit, scoped};

use crate::plan::{Plan, Trial};
use crate::registry::Draw;
use crate::tools::{Crumb, drop_after, is_virtual};

crate::suite::cases! { ($) property as __property {
    random_pipelines_give_what_vecs_give(seed),
    random_pipelines_leave_nothing_when_dropped(seed),
} }

/// The seeds of the pipelines that are drawn for one seed of the case: few where there are many seeds.
fn plans(seed: u64) -> impl Iterator<Item = u64> {
    let mut draw = Draw::new(seed);
    let count = if is_virtual() { 10 } else { 60 };
    (0..count).map(move |_| draw.any())
}

async fn random_pipelines_give_what_vecs_give(seed: u64) {
    for plan_seed in plans(seed) {
        let plan = Plan::draw(plan_seed);
        if let Some(failure) = fails(plan.clone()).await {
            let smallest = shrink(plan, failure, fails).await;
            panic!("{smallest}\n  drawn with seed {plan_seed}");
        }
    }
}

/// Runs a pipeline; what it did wrong, if anything.
async fn fails(plan: Plan) -> Option<String> {
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
async fn shrink<F>(mut plan: Plan, mut failure: String, fails: impl Fn(Plan) -> F) -> String
where
    F: Future<Output = Option<String>>,
{
    let mut tries = 300;
    'again: loop {
        for smaller in plan.smaller() {
            if tries == 0 {
                return failure;
            }
            tries -= 1;
            if let Some(found) = fails(smaller.clone()).await {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::wait;

    /// Fails for every pipeline with an `inspect` in it.
    async fn dislikes_inspect(plan: Plan) -> Option<String> {
        plan.build().map(|trial| trial.told).filter(|told| told.contains("| inspect"))
    }

    #[test]
    fn a_failure_is_shrunk_to_what_it_takes() {
        let mut shrunk = 0;
        for seed in 0..200 {
            let plan = Plan::draw(seed);
            let Some(failure) = wait(dislikes_inspect(plan.clone())) else { continue };
            let smallest = wait(shrink(plan, failure, dislikes_inspect));
            assert!(smallest.starts_with("from_iter([]) | inspect"), "{smallest}");
            // A sink of several parts is told in brackets.
            let parts = smallest.split(" | (").next().expect("there is something before it");
            let bracketed = usize::from(parts.len() < smallest.len());
            assert_eq!(parts.matches(" | ").count() + bracketed, 2, "one stage and a sink: {smallest}");
            shrunk += 1;
        }
        assert!(shrunk > 5);
    }

    #[test]
    fn the_same_seed_draws_the_same_pipeline() {
        let told = |seed| Plan::draw(seed).build().map(|trial| trial.told);
        assert!((0..100).all(|seed| told(seed).is_some() && told(seed) == told(seed)));
    }
}
