//! What is drawn from the seed, and the hash that tells one schedule from another.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::rng::{Rng, mix};

/// Which of the runnable tasks goes next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// Any of them, drawn from the seed.
    Random,
    /// The one that has been runnable for the longest.
    Fifo,
    /// The one that became runnable last.
    Lifo,
    /// Any but the tasks of this stage, which run only when nothing else can.
    Starve(Cow<'static, str>),
    /// Any but the nth task, counted from zero as they were started, the root included.
    StarveNth(usize),
}

impl Policy {
    /// The policy of a simulation that wasn't given one.
    pub(crate) fn of_seed(seed: u64) -> Self {
        match seed % 4 {
            0 => Self::Random,
            1 => Self::Fifo,
            2 => Self::Lifo,
            _ => Self::StarveNth(usize::try_from(seed / 4 % 8).unwrap_or_default()),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => f.write_str("random"),
            Self::Fifo => f.write_str("first-in"),
            Self::Lifo => f.write_str("last-in"),
            Self::Starve(name) => write!(f, "starve stage `{name}`"),
            Self::StarveNth(nth) => write!(f, "starve task {nth}"),
        }
    }
}

/// A runnable task that has waited for this many steps goes next under every policy: real runtimes
/// are fair in the end, and code that spins until another task has run relies on it.
const PATIENCE: u64 = 1_000;

/// What a user may fix; what isn't fixed is drawn from the seed.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) policy: Option<Policy>,
    /// How many of 100 steps poll a task that wasn't woken.
    pub(crate) extra_polls: Option<u8>,
    /// How many of 100 questions for budget are answered with no.
    pub(crate) budget_ends: Option<u8>,
    /// By how much of its length a sleep may be late, in percent.
    pub(crate) jitter: Option<u8>,
    pub(crate) max_steps: u64,
    /// True where only `advance` moves the clock.
    pub(crate) manual_clock: bool,
    /// True where `Sim::each` tells the seed of a panic.
    pub(crate) told: bool,
}

/// The choices of one simulation.
#[derive(Debug)]
pub(crate) struct Schedule {
    rng: Rng,
    pub(crate) seed: u64,
    pub(crate) policy: Policy,
    extra_polls: u8,
    budget_ends: u8,
    pub(crate) jitter: u8,
    /// What the user's own draws begin with; apart, so that one more of them changes no schedule.
    draws: Rng,
    max_steps: u64,
    pub(crate) manual_clock: bool,
    /// How many polls and jobs there were.
    pub(crate) steps: u64,
    /// Grows with every choice and event, in their order.
    pub(crate) hash: u64,
}

/// What goes into the hash.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    Poll = 1,
    ExtraPoll,
    BudgetEnd,
    Clock,
    End,
}

/// A task that could go next.
pub(crate) struct Candidate<'a> {
    /// Its number, counted from the start of the simulation.
    pub(crate) nth: u64,
    pub(crate) name: &'a str,
}

impl Schedule {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut rng = Rng::new(plan.seed);
        let policy = plan.policy.clone().unwrap_or_else(|| Policy::of_seed(plan.seed));
        // Rates differ from seed to seed: an extra poll can hide a lost wake, and none can hide a
        // future that counts on being polled after a wake only.
        let extra = match policy {
            Policy::Fifo | Policy::Lifo => [3, 10, 30][rng.below(3)],
            _ => [0, 5, 25][rng.below(3)],
        };
        let ends = [2, 10, 40][rng.below(3)];
        let jitter = match policy {
            // In some schedules time is exact.
            Policy::Fifo | Policy::Lifo => 0,
            _ => [0, 30, 100][rng.below(3)],
        };
        // A clock that is moved by hand stands where the hand has put it.
        let jitter = if plan.manual_clock { 0 } else { plan.jitter.unwrap_or(jitter) };
        Self {
            rng,
            seed: plan.seed,
            policy,
            extra_polls: plan.extra_polls.unwrap_or(extra),
            budget_ends: plan.budget_ends.unwrap_or(ends),
            jitter,
            draws: Rng::new(mix(!plan.seed)),
            max_steps: plan.max_steps,
            manual_clock: plan.manual_clock,
            steps: 0,
            hash: 0,
        }
    }

    /// Writes an event into the hash.
    pub(crate) fn note(&mut self, event: Event, value: u64) {
        self.hash = mix(self.hash ^ mix(value.wrapping_add(event as u64)).rotate_left(event as u32));
    }

    /// Counts a step; false once there were too many.
    pub(crate) fn step(&mut self) -> bool {
        self.steps += 1;
        self.steps <= self.max_steps
    }

    pub(crate) fn max_steps(&self) -> u64 {
        self.max_steps
    }

    /// Which of `parked` tasks to poll without need, if any.
    pub(crate) fn extra_poll(&mut self, parked: impl FnOnce() -> Vec<u64>) -> Option<u64> {
        if !self.rng.chance(self.extra_polls) {
            return None;
        }
        let parked = parked();
        (!parked.is_empty()).then(|| parked[self.rng.below(parked.len())])
    }

    /// True where a task that asks must give way.
    pub(crate) fn budget_ends(&mut self) -> bool {
        let ends = self.rng.chance(self.budget_ends);
        if ends {
            self.note(Event::BudgetEnd, self.steps);
        }
        ends
    }

    /// How late a sleep of this length ends.
    pub(crate) fn late(&mut self, length: Duration) -> Duration {
        if self.jitter == 0 {
            return Duration::ZERO;
        }
        // In steps of a thousandth of the most.
        let late = u32::try_from(self.rng.below(1001)).unwrap_or_default();
        (length / 1000).saturating_mul(late).saturating_mul(self.jitter.into()) / 100
    }

    /// A generator for draws of the user's own.
    pub(crate) fn draws(&mut self) -> Rng {
        Rng::new(self.draws.any())
    }

    /// Which of the runnable tasks goes next; the first has waited for the longest, since step
    /// `oldest`.
    pub(crate) fn choose<'a>(
        &mut self,
        oldest: u64,
        runnable: impl ExactSizeIterator<Item = Candidate<'a>>,
    ) -> usize {
        let count = runnable.len();
        if self.steps.saturating_sub(oldest) > PATIENCE {
            return 0;
        }
        match &self.policy {
            Policy::Fifo => 0,
            Policy::Lifo => count - 1,
            Policy::Random => self.rng.below(count),
            Policy::Starve(name) => one_of(&mut self.rng, runnable.map(|task| task.name != name)),
            Policy::StarveNth(nth) => {
                let nth = *nth as u64;
                one_of(&mut self.rng, runnable.map(|task| task.nth != nth))
            }
        }
    }
}

/// The index of one that is wanted; of any, where none is.
fn one_of(rng: &mut Rng, wanted: impl Iterator<Item = bool>) -> usize {
    let wanted: Vec<bool> = wanted.collect();
    let count = wanted.iter().filter(|wanted| **wanted).count();
    if count == 0 {
        return rng.below(wanted.len());
    }
    let pick = rng.below(count);
    let mut indices = wanted.iter().enumerate().filter(|(_, wanted)| **wanted);
    indices.nth(pick).map_or(0, |(index, _)| index)
}
