//! One test under many seeds.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::Sim;

/// Replays one seed.
const SEED: &str = "ANYPIPE_SIM_SEED";
/// Says how many seeds to try, whatever the test asks for.
const SEEDS: &str = "ANYPIPE_SIM_SEEDS";

impl Sim {
    /// Runs a test under this many seeds, from zero, and so under every [policy](crate::Policy) in
    /// turn.
    ///
    /// The environment variable `ANYPIPE_SIM_SEED` has one seed run instead, to replay a failure;
    /// `ANYPIPE_SIM_SEEDS` has that many seeds run.
    ///
    /// # Panics
    ///
    /// With what the test panics with under the first seed that fails; where that is text, the seed
    /// and how to replay it are in it, else they are printed. And where a variable is no number.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe_sim::Sim;
    ///
    /// Sim::each(10, |sim| {
    ///     sim.run(async { assert_eq!(1 + 1, 2) });
    /// });
    /// ```
    pub fn each(seeds: u64, mut test: impl FnMut(&Sim)) {
        for seed in chosen(seed(), number(SEEDS), seeds) {
            let sim = Sim::new(seed).told();
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| test(&sim))) {
                go_on(payload, &sim.trailer());
            }
        }
    }
}

fn chosen(one: Option<u64>, count: Option<u64>, default: u64) -> Range<u64> {
    if let Some(seed) = one {
        return seed..seed.saturating_add(1);
    }
    let count = count.unwrap_or(default);
    assert!(count > 0, "no seeds: a test that runs under none shows nothing");
    0..count
}

/// The seed that is to be replayed.
pub(crate) fn seed() -> Option<u64> {
    number(SEED)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    let number = text.trim().parse().ok();
    Some(number.unwrap_or_else(|| panic!("{variable} must be a number, not `{text}`")))
}

/// Resumes a test's panic, with the seed in its text.
fn go_on(payload: Box<dyn Any + Send>, trailer: &str) -> ! {
    let text = payload.downcast_ref::<&'static str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    if text.as_ref().is_some_and(|text| text.ends_with(trailer)) {
        resume_unwind(payload);
    }
    // The panic itself was printed when it was raised.
    eprintln!("{trailer}");
    match text {
        Some(text) => resume_unwind(Box::new(format!("{text}\n{trailer}"))),
        None => resume_unwind(payload),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_overrides_the_count() {
        assert_eq!(chosen(None, None, 5), 0..5);
        assert_eq!(chosen(None, Some(9), 5), 0..9);
        assert_eq!(chosen(Some(77), Some(9), 5), 77..78);
    }

    #[test]
    #[should_panic(expected = "no seeds")]
    fn no_seeds_at_all_are_refused() {
        chosen(None, Some(0), 5);
    }

    #[test]
    fn a_payload_that_is_no_text_goes_on_as_it_was() {
        let panic = catch_unwind(|| Sim::each(3, |_| std::panic::panic_any(5_u32))).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&5_u32));
    }
}
