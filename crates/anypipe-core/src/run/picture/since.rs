use std::collections::BTreeMap;

use super::{Picture, StagePicture};

impl Picture {
    /// What lies between an earlier picture of the same run and this one: the counts and times of that interval alone. What
    /// each worker is doing, and for how long, is as in this one.
    ///
    /// Rates, shares and the [`bottleneck`](Picture::bottleneck) of an interval are those of the present; over the whole
    /// run they hide what has changed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe_core::run::{Control, Picture};
    ///
    /// /// How many items a second a stage gave between two pictures.
    /// fn rate(earlier: &Picture, control: &Control, stage: &str) -> Option<f64> {
    ///     let between = control.picture().since(earlier);
    ///     between.stage(stage)?.rate(between.watched)
    /// }
    /// ```
    #[must_use = "it changes neither"]
    pub fn since(&self, earlier: &Picture) -> Picture {
        let mut between = self.clone();
        between.watched = self.watched.saturating_sub(earlier.watched);
        let known: BTreeMap<_, _> = earlier.stages.iter().map(|stage| (stage.id, stage)).collect();
        for stage in &mut between.stages {
            if let Some(before) = known.get(&stage.id) {
                stage.subtract(before);
            }
        }
        between
    }
}

impl StagePicture {
    fn subtract(&mut self, before: &StagePicture) {
        let less = |now: Option<u64>, before: Option<u64>| {
            now.map(|now| now.saturating_sub(before.unwrap_or_default()))
        };
        self.taken = less(self.taken, before.taken);
        self.delivered = less(self.delivered, before.delivered);
        for (now, before) in [
            (&mut self.filtered, before.filtered),
            (&mut self.failed, before.failed),
            (&mut self.panicked, before.panicked),
            (&mut self.cancelled, before.cancelled),
            (&mut self.left, before.left),
        ] {
            *now = now.saturating_sub(before);
        }
        self.times = self.times.since(&before.times);
        self.changes.retain(|change| !before.changes.contains(change));
        let known: BTreeMap<_, _> =
            before.workers.iter().map(|worker| (worker.number, &worker.times)).collect();
        for worker in &mut self.workers {
            if let Some(before) = known.get(&worker.number) {
                worker.times = worker.times.since(before);
            }
        }
    }

    /// How many items a second it gave in a time; `None` where that isn't known.
    pub fn rate(&self, time: std::time::Duration) -> Option<f64> {
        let delivered = self.delivered?;
        #[expect(clippy::cast_precision_loss, reason = "it is a rate")]
        let rate = delivered as f64 / time.as_secs_f64();
        rate.is_finite().then_some(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_counted_is_less_by_what_was_before() {
        let counts = |n: u64| StagePicture {
            taken: Some(n),
            delivered: Some(2 * n),
            filtered: 3 * n,
            failed: 4 * n,
            panicked: 5 * n,
            cancelled: 6 * n,
            left: 7 * n,
            held: 8 * n,
            ..StagePicture::default()
        };
        let picture = |n| Picture { stages: vec![counts(n)], ..Picture::default() };
        // What it holds is of the moment.
        let between = StagePicture { held: 80, ..counts(7) };
        assert_eq!(picture(10).since(&picture(3)).stages, [between]);
        // A stage that was not there before has all of it since.
        assert_eq!(picture(10).since(&Picture::default()).stages, [counts(10)]);
    }
}
