//! How many workers a stage is to have, by what was seen of those it has. Pure: no clock, no task.

// For maintainers. Throughput decides, not the length of an item's work: a slow answer of a service says nothing of whether
// it would give more answers to more who ask. The stage is only looked at while it holds others up.
//
// Doubling finds the size of what limits the stage in a few steps. Where twice the workers give less than twice as much, how
// much less tells how many are needed: with as many as there is room for, each adds its share, and those beyond add nothing.

use crate::scope::ChangeReason;

/// What was seen of a stage for a while.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// How many items it is of: of few nothing is known for sure.
    pub(super) items: u64,
    /// Items that were worked on in a second.
    pub(super) rate: f64,
    /// The share of the workers' time in which they waited for input or for room.
    pub(super) spare: f64,
    /// The share of the time in which they worked, in which they were polled.
    pub(super) polled: f64,
}

/// With more of their time spare than this the workers hold nobody up.
const SPARE: f64 = 0.3;
/// For so many samples in a row, before some are let go.
const SPARE_SAMPLES: u32 = 3;
/// What twice the workers, or half of them, must do of what they would where nothing but their number limits them: less
/// where few items were seen, by so much over the root of their number, but some more than before.
const SCALES: f64 = 0.9;
const CHANCE: f64 = 1.5;
const SOME: f64 = 1.2;
/// How much more twice the workers must do, for those in between to be worth having.
const WORTH: f64 = 1.05;
/// The rate of the same workers has changed, by this share.
const JUMP: f64 = 0.3;
/// Samples before a probe of more. One of less, which costs more where it is no use, comes after so many of those.
const BETWEEN_PROBES: u32 = 10;
const MORE_PROBES: u32 = 4;
/// Samples of which a probe takes the mean, where the first doesn't tell already that it is no use.
const PROBE_SAMPLES: u32 = 3;
/// What a probe must gain, or lose, of its share.
const OF_SHARE: f64 = 0.4;

/// Work of which more than this is polling computes, until it is less than that: more workers than there are cores are of no
/// use to it. Seen where there are no more: of those beyond the cores each waits for others.
const COMPUTES: f64 = 0.5;
const AWAITS: f64 = 0.25;

/// Climbs to the number of workers that is worth having.
#[derive(Debug)]
pub(super) struct Climb {
    least: usize,
    most: usize,
    /// How many cores there are.
    cores: usize,
    /// True where the work is mostly polling.
    computes: bool,
    /// How many there are.
    workers: usize,
    phase: Phase,
    /// Samples in a row with much spare time.
    spare: u32,
    /// What one worker does in a second where nothing but their number limits them, on the mean of what was seen last.
    each: f64,
    /// How many probes of more are to come before one of less.
    more: u32,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Nothing is known.
    Begin,
    /// Twice as many as these are tried, which did so much; so much was seen of them where they do not twice as much.
    Doubling { from: usize, rate: f64, sum: f64, samples: u32 },
    /// Half of these are tried.
    Halving { from: usize, rate: f64, first: bool },
    /// They do so much, on the mean of so many samples.
    Hold { rate: f64, samples: u32 },
    /// A few more, or less, than these are tried; so much was seen of them.
    Probe { from: usize, rate: f64, sum: f64, samples: u32 },
}

#[expect(clippy::cast_precision_loss, reason = "of so many workers none is lost")]
fn real(n: usize) -> f64 {
    n as f64
}

/// Up to the next whole number, but for what is lost in reckoning.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is bounded by who asks")]
fn up(n: f64) -> usize {
    (n - 1e-6).ceil().clamp(0.0, 1e9) as usize
}

/// What is left of a whole where nothing but chance is against it, in so many items.
fn scales(items: u64) -> f64 {
    let items = f64::from(u32::try_from(items.max(1)).unwrap_or(u32::MAX));
    SCALES.min(1.0 - CHANCE / items.sqrt())
}

/// So many workers were seen to be needed, as well as that can be seen.
fn needed(n: f64) -> usize {
    // Some more than that where they are many, since the items of a while are by chance some more or less.
    up(n * (1.0 + 0.05 * (n / 20.0).min(1.0)) - 0.1)
}

impl Climb {
    pub(super) fn new(least: usize, most: usize, cores: usize) -> Self {
        Self {
            least,
            most,
            cores,
            computes: false,
            workers: least,
            phase: Phase::Begin,
            spare: 0,
            each: 0.0,
            more: MORE_PROBES,
        }
    }

    /// How many there may be.
    fn most(&self) -> usize {
        if self.computes { self.cores.clamp(self.least, self.most) } else { self.most }
    }

    /// How many there are to be.
    pub(super) fn workers(&self) -> usize {
        self.workers
    }

    /// True while it looks for their number in large steps.
    pub(super) fn searches(&self) -> bool {
        matches!(self.phase, Phase::Begin | Phase::Doubling { .. } | Phase::Halving { .. })
    }

    /// What was seen since the last change had its effect; gives why there are to be more or less, where there are.
    pub(super) fn see(&mut self, sample: Sample) -> Option<ChangeReason> {
        if self.workers <= self.cores && sample.items > 0 {
            self.computes = sample.polled > if self.computes { AWAITS } else { COMPUTES };
        }
        let why = self.judge(sample);
        if self.workers > self.most() {
            // What it had before, or was to go back to.
            (self.workers, self.phase) = (self.most(), Phase::Hold { rate: 0.0, samples: 0 });
        }
        why
    }

    fn judge(&mut self, sample: Sample) -> Option<ChangeReason> {
        if sample.spare > SPARE {
            return self.see_spare(sample);
        }
        self.spare = 0;
        let Sample { rate, items, .. } = sample;
        match self.phase {
            Phase::Begin => self.double(rate),
            Phase::Doubling { from, rate: before, sum, samples } => {
                let (gain, scale) = (rate / before, real(self.workers) / real(from));
                if samples == 0 && gain >= (scale * scales(items)).max(SOME) {
                    return self.double(rate);
                }
                let (sum, samples) = (sum + rate, samples + 1);
                if samples < PROBE_SAMPLES && gain >= WORTH {
                    self.phase = Phase::Doubling { from, rate: before, sum, samples };
                    return None;
                }
                let gain = sum / f64::from(samples) / before;
                if gain < WORTH {
                    return self.go(from, ChangeReason::Back);
                }
                self.go(
                    needed(sum / f64::from(samples) / self.each).clamp(from, self.workers),
                    ChangeReason::Needed,
                )
            }
            Phase::Halving { from, rate: before, first } => {
                let kept = rate / before;
                if kept >= scales(items) {
                    return self.halve(rate, false);
                }
                let needed = needed(real(self.workers) / kept).min(from);
                if first && real(needed) >= SCALES * real(from) {
                    // All are needed: maybe more are.
                    self.workers = from;
                    return self.double(before);
                }
                self.go(needed, ChangeReason::Needed)
            }
            Phase::Hold { samples: 0, .. } => {
                self.phase = Phase::Hold { rate, samples: 1 };
                None
            }
            Phase::Hold { rate: held, .. } if rate < held * (1.0 - JUMP) => {
                self.each = 0.0;
                self.halve(rate, true)
            }
            Phase::Hold { rate: held, .. } if rate > held * (1.0 + JUMP) => {
                self.each = 0.0;
                self.double(rate)
            }
            Phase::Hold { rate: held, samples } if samples < BETWEEN_PROBES => {
                let weight = f64::from(samples.min(4));
                let rate = (held * weight + rate) / (weight + 1.0);
                self.phase = Phase::Hold { rate, samples: samples + 1 };
                None
            }
            Phase::Hold { rate, .. } => self.probe(rate),
            Phase::Probe { from, rate: before, sum, samples } => {
                let (sum, samples) = (sum + rate, samples + 1);
                let share = real(self.workers) / real(from) - 1.0;
                let no_use = if share > 0.0 { rate < before } else { rate / before - 1.0 < 0.75 * share };
                if samples < PROBE_SAMPLES && !no_use {
                    self.phase = Phase::Probe { from, rate: before, sum, samples };
                    return None;
                }
                let rate = sum / f64::from(samples);
                match (share > 0.0, rate / before - 1.0 >= OF_SHARE * share) {
                    (true, true) => self.double(rate),
                    (false, true) => {
                        // Fewer do as much: still fewer may.
                        (self.more, self.phase) = (0, Phase::Hold { rate, samples: BETWEEN_PROBES });
                        None
                    }
                    (_, false) => {
                        self.workers = from;
                        self.phase = Phase::Hold { rate: before, samples: 1 };
                        Some(ChangeReason::Back)
                    }
                }
            }
        }
    }

    fn see_spare(&mut self, Sample { spare, rate, .. }: Sample) -> Option<ChangeReason> {
        self.spare += 1;
        let known = matches!(self.phase, Phase::Hold { .. });
        if matches!(self.phase, Phase::Begin) || (known && self.spare < SPARE_SAMPLES) {
            return None;
        }
        self.spare = 0;
        let busy = up(real(self.workers) * (1.0 - spare) * 1.2).clamp(self.least, self.workers);
        if busy == self.workers {
            self.phase = Phase::Hold { rate, samples: 1 };
            return None;
        }
        self.go(busy, ChangeReason::Spare)
    }

    /// These are what there is to be, as far as is known.
    fn go(&mut self, workers: usize, why: ChangeReason) -> Option<ChangeReason> {
        self.phase = Phase::Hold { rate: 0.0, samples: 0 };
        let workers = workers.clamp(self.least, self.most());
        (std::mem::replace(&mut self.workers, workers) != workers).then_some(why)
    }

    fn double(&mut self, rate: f64) -> Option<ChangeReason> {
        let from = self.workers;
        let each = rate / real(from);
        self.each = if self.each == 0.0 { each } else { f64::midpoint(self.each, each) };
        if from >= self.most() {
            self.phase = Phase::Hold { rate, samples: 1 };
            return None;
        }
        self.workers = (from * 2).min(self.most());
        self.phase = Phase::Doubling { from, rate, sum: 0.0, samples: 0 };
        Some(ChangeReason::Doubling)
    }

    fn halve(&mut self, rate: f64, first: bool) -> Option<ChangeReason> {
        let from = self.workers;
        if from == self.least {
            return if first { self.double(rate) } else { self.go(from, ChangeReason::Needed) };
        }
        self.workers = (from / 2).max(self.least);
        self.phase = Phase::Halving { from, rate, first };
        Some(ChangeReason::Halving)
    }

    fn probe(&mut self, rate: f64) -> Option<ChangeReason> {
        let from = self.workers;
        let step = from.isqrt();
        let fewer = (self.more == 0 || from == self.most()) && from > self.least;
        self.more = if fewer { MORE_PROBES } else { self.more.saturating_sub(1) };
        let workers = if fewer { from - step } else { from + step };
        self.workers = workers.clamp(self.least, self.most());
        if self.workers == from {
            self.phase = Phase::Hold { rate, samples: 1 };
            return None;
        }
        self.phase = Phase::Probe { from, rate, sum: 0.0, samples: 0 };
        Some(ChangeReason::Probe)
    }
}

#[cfg(test)]
mod tests {
    use super::{Climb, Phase, Sample, real};
    use crate::scope::ChangeReason;

    /// Sees a service, for so many samples, that gives so many items a second to so many workers; gives where it came to.
    fn climb(climb: &mut Climb, samples: usize, rate: impl Fn(usize) -> f64, limit: f64) -> usize {
        for _ in 0..samples {
            let could = rate(climb.workers());
            let (rate, spare) = if could > limit { (limit, 1.0 - limit / could) } else { (could, 0.0) };
            climb.see(Sample { items: 1000, rate, spare, polled: 0.0 });
        }
        climb.workers()
    }

    fn takes(most: usize) -> impl Fn(usize) -> f64 {
        move |workers| real(workers.min(most)) * 100.0
    }

    #[test]
    fn it_finds_how_many_a_service_takes() {
        for most in [1, 2, 3, 5, 16, 31, 64, 65, 100, 200, 255] {
            let mut climbs = Climb::new(1, 256, 4);
            let found = climb(&mut climbs, 12, takes(most), f64::INFINITY);
            assert!(
                real(found) * 1.05 >= real(most) && real(found) <= real(most) * 1.25,
                "{found} for {most}"
            );
            // And stays there, but for its probes.
            for _ in 0..100 {
                let now = climb(&mut climbs, 1, takes(most), f64::INFINITY);
                assert!(
                    real(now) >= real(most) * 0.75 - 1.0 && real(now) <= real(most) * 1.4 + 2.0,
                    "{now} for {most}"
                );
            }
        }
    }

    #[test]
    fn it_takes_no_more_than_there_may_be_and_no_less() {
        assert_eq!(climb(&mut Climb::new(4, 10, 4), 9, takes(200), f64::INFINITY), 10);
        assert_eq!(climb(&mut Climb::new(4, 10, 4), 9, takes(1), f64::INFINITY), 4);
        assert_eq!(climb(&mut Climb::new(3, 3, 4), 90, takes(9), f64::INFINITY), 3);
    }

    #[test]
    fn it_leaves_a_service_that_thrashes_alone() {
        let thrashes = |workers: usize| if workers <= 16 { real(workers) } else { 256.0 / real(workers) };
        assert_eq!(climb(&mut Climb::new(1, 256, 4), 8, thrashes, f64::INFINITY), 16);
    }

    #[test]
    fn it_goes_with_a_service_that_changes() {
        let mut climbs = Climb::new(1, 256, 4);
        climb(&mut climbs, 12, takes(64), f64::INFINITY);
        let fewer = climb(&mut climbs, 8, takes(16), f64::INFINITY);
        assert!((16..=20).contains(&fewer), "{fewer}");
        let more = climb(&mut climbs, 30, takes(100), f64::INFINITY);
        assert!((100..=125).contains(&more), "{more}");
    }

    /// Sees work that computes on so many cores; gives the most workers that there were meanwhile, and those in the end.
    fn compute(climb: &mut Climb, samples: usize, cores: usize) -> (usize, usize) {
        let mut most = 0;
        for _ in 0..samples {
            let (rate, polled) = (takes(cores)(climb.workers()), real(cores.min(climb.workers())));
            climb.see(Sample { items: 1000, rate, spare: 0.0, polled: polled / real(climb.workers()) });
            most = most.max(climb.workers());
        }
        (most, climb.workers())
    }

    #[test]
    fn work_that_computes_has_never_more_than_the_cores() {
        for cores in [1, 2, 3, 4, 12] {
            assert_eq!(compute(&mut Climb::new(1, 256, cores), 6, cores), (cores, cores));
            // Neither on trial.
            let mut climbs = Climb::new(1, 256, cores);
            let (most, found) = compute(&mut climbs, 300, cores);
            assert!(
                most == cores && (found == cores || real(found) >= real(cores) * 0.75 - 1.0),
                "{most} {found}"
            );
            // Where there are other threads for it than there are cores more would do more.
            assert!(compute(&mut Climb::new(1, 256, cores), 300, 64).0 <= cores);
        }
        assert_eq!(compute(&mut Climb::new(8, 256, 2), 6, 2).1, 8, "no fewer than there may be");
        assert_eq!(compute(&mut Climb::new(1, 3, 4), 6, 4), (3, 3));
    }

    #[test]
    fn it_goes_with_work_that_begins_to_compute_and_ends_to() {
        let mut climbs = Climb::new(1, 256, 4);
        assert!(climb(&mut climbs, 12, takes(64), f64::INFINITY) >= 64);
        assert!((3..=4).contains(&compute(&mut climbs, 20, 4).1), "{climbs:?}");
        assert!(compute(&mut climbs, 100, 4).0 <= 4);
        // It computes still, and not at all any more.
        let many = climb(&mut climbs, 40, takes(64), f64::INFINITY);
        assert!((64..=80).contains(&many), "{climbs:?}");
    }

    /// One that holds 64 workers, which do 64 times so much as one.
    fn holds_64() -> Climb {
        let mut climbs = Climb::new(1, 64, 4);
        assert_eq!(climb(&mut climbs, 8, takes(64), f64::INFINITY), 64);
        assert!(matches!(climbs.phase, Phase::Hold { .. }), "{climbs:?}");
        climbs
    }

    #[test]
    fn it_lets_go_as_many_as_wait_and_no_more() {
        for spare in [0.35, 0.5, 0.7, 0.9] {
            let mut climbs = holds_64();
            let sample = Sample { items: 1000, rate: 6400.0 * (1.0 - spare), spare, polled: 0.0 };
            assert_eq!(
                [climbs.see(sample), climbs.see(sample)],
                [None, None],
                "for a while that says nothing"
            );
            assert_eq!(climbs.see(sample), Some(ChangeReason::Spare));
            let (busy, now) = (64.0 * (1.0 - spare), real(climbs.workers()));
            assert!(now >= busy * 1.1 && now <= busy * 1.25 + 1.0, "{now} for {busy}");
        }
    }

    #[test]
    fn it_does_nothing_where_it_holds_nobody_up() {
        // Twice as many would do as much: others have no more for them.
        for spare in [0.31, 0.6, 1.0] {
            let mut climbs = Climb::new(2, 64, 4);
            for _ in 0..50 {
                assert_eq!(climbs.see(Sample { items: 1000, rate: 50.0, spare, polled: 0.0 }), None);
            }
            assert_eq!(climbs.workers(), 2);
        }
    }

    #[test]
    fn it_begins_anew_where_the_same_workers_do_much_more_or_less() {
        for (now, why) in [(1.4, ChangeReason::Doubling), (0.6, ChangeReason::Halving)] {
            let mut climbs = Climb::new(1, 256, 4);
            let held = climb(&mut climbs, 9, takes(16), f64::INFINITY);
            let sample = Sample { items: 1000, rate: 1600.0 * now, spare: 0.0, polled: 0.0 };
            assert_eq!(climbs.see(sample), Some(why), "{climbs:?}");
            assert_eq!(climbs.workers(), if now > 1.0 { held * 2 } else { held / 2 });
        }
    }

    #[test]
    fn a_probe_that_is_of_no_use_takes_one_look() {
        let mut climbs = Climb::new(1, 256, 4);
        let held = climb(&mut climbs, 9, takes(16), f64::INFINITY);
        let mut sample = Sample { items: 1000, rate: 1600.0, spare: 0.0, polled: 0.0 };
        while climbs.see(sample) != Some(ChangeReason::Probe) {}
        assert!(climbs.workers() > held);
        sample.rate = 1590.0;
        assert_eq!((climbs.see(sample), climbs.workers()), (Some(ChangeReason::Back), held));
    }

    #[test]
    fn it_has_no_more_than_others_leave_it() {
        let mut climbs = Climb::new(1, 256, 4);
        let few = climb(&mut climbs, 20, takes(200), 500.0);
        assert!((5..=6).contains(&few), "{few}");
        // Nothing to do at all.
        assert_eq!(climb(&mut Climb::new(1, 256, 4), 50, takes(200), 0.0), 1);
    }
}
