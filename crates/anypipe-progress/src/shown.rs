//! What is drawn of one run.

use std::time::Duration;

use anypipe_core::run::Control;
use anypipe_core::run::picture::{Picture, RunState, StageKind, StagePicture};
use anypipe_core::scope::in_blocking_work;
use indicatif::{HumanCount, HumanDuration, MultiProgress, ProgressBar, ProgressStyle};

use crate::bars::Bars;

/// No more stages have a bar: a terminal is no longer.
const MOST_STAGES: usize = 20;
/// No more of a name is shown.
const LETTERS: usize = 24;
/// How long a change of the rate takes to show, about.
const SMOOTH: Duration = Duration::from_secs(3);

pub(crate) struct Shown {
    control: Control,
    total: Option<u64>,
    with_stages: bool,
    multi: MultiProgress,
    run: ProgressBar,
    stages: Vec<ProgressBar>,
    /// How many items are done; it never falls.
    done: u64,
    /// How many are done in a second, of late.
    rate: Option<f64>,
    /// True once the last was drawn.
    is_over: bool,
}

impl Shown {
    pub(crate) fn new(bars: Bars, control: Control) -> Self {
        let Bars { total, stages: with_stages, multi, .. } = bars;
        // It is put into its place by the first picture: a run that never begins draws nothing.
        let run = ProgressBar::hidden().with_style(style(match total {
            Some(_) => "{prefix:.bold} {wide_bar:.green/dim} {msg}",
            None => "{prefix:.bold} {spinner} {msg}",
        }));
        run.set_length(total.unwrap_or_default());
        let (stages, done, rate, is_over) = (Vec::new(), 0, None, false);
        Self { control, total, with_stages, multi, run, stages, done, rate, is_over }
    }

    /// Draws the run as it is now; `part` is what came since the last time.
    pub(crate) fn show(&mut self, part: &Picture) {
        let whole = self.control.picture();
        if self.run.is_hidden() {
            self.run = self.multi.add(self.run.clone());
            self.run.set_prefix(plain(&whole.run));
        }
        let before = self.done;
        let known = done(&whole);
        self.done = before.max(known.unwrap_or_default());
        self.note_rate(self.done - before, part.watched);
        if matches!(whole.state, RunState::Ended | RunState::Failed) {
            // The last call comes from where the run is awaited. Another, from the threads for blocking work, that finds the
            // run over was late: perhaps the run was dropped, and then nothing is to be left.
            if !in_blocking_work() {
                self.end(&whole, known.is_some());
            }
            return;
        }
        if self.with_stages {
            self.show_stages(&whole, part);
        }
        self.run.set_position(self.total.map_or(self.done, |total| total.min(self.done)));
        self.run.set_message(self.told(whole.at, known.is_some()));
        // Once for all: what was drawn in between was perhaps too much, and left out.
        self.run.force_draw();
    }

    fn note_rate(&mut self, items: u64, time: Duration) {
        if time.is_zero() {
            return;
        }
        let now = number(items) / time.as_secs_f64();
        let weight = -(-time.as_secs_f64() / SMOOTH.as_secs_f64()).exp_m1();
        self.rate = Some(self.rate.map_or(now, |before| before + weight * (now - before)));
    }

    /// What stands behind the run's bar.
    fn told(&self, at: Duration, is_known: bool) -> String {
        let mut told = Vec::new();
        match self.total {
            _ if !is_known => {}
            Some(total) => told.push(format!("{}/{}", HumanCount(self.done), HumanCount(total))),
            None => told.push(HumanCount(self.done).to_string()),
        }
        let rate = self.rate.filter(|rate| is_known && *rate > 0.0);
        told.extend(rate.map(per_second));
        let left = rate.zip(self.total).map(|(rate, total)| number(total.saturating_sub(self.done)) / rate);
        match left.and_then(|left| Duration::try_from_secs_f64(left).ok()) {
            Some(left) => told.push(format!("{:#} left", HumanDuration(left))),
            None => told.push(format!("for {:#}", HumanDuration(at))),
        }
        told.join(", ")
    }

    fn show_stages(&mut self, whole: &Picture, part: &Picture) {
        let wide = whole.stages.iter().map(|stage| plain(&stage.name).chars().count()).max().unwrap_or(0);
        for (at, (stage, part)) in whole.stages.iter().zip(&part.stages).enumerate().take(MOST_STAGES) {
            if at == self.stages.len() {
                let bar = ProgressBar::new(100).with_style(style("{prefix} {bar:20.red/dim} {msg}"));
                self.stages.push(self.multi.insert_before(&self.run, bar));
            }
            let bar = &self.stages[at];
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is a part of 100"
            )]
            let busy = (part.times.busy() * 100.0).round() as u64;
            bar.set_prefix(format!("{:wide$}", plain(&stage.name)));
            bar.set_position(busy);
            bar.set_message(told_of(stage, busy));
        }
    }

    /// The run is over: one line stays.
    fn end(&mut self, whole: &Picture, is_known: bool) {
        self.is_over = true;
        self.clear_stages();
        let state = if whole.state == RunState::Failed { "failed" } else { "done" };
        let mut told = format!("{state} after {:#}", HumanDuration(whole.at));
        if is_known {
            let rate = number(self.done) / whole.at.as_secs_f64();
            let rate = if rate.is_finite() { format!(", {}", per_second(rate)) } else { String::new() };
            told = format!("{} items, {told}{rate}", HumanCount(self.done));
        }
        self.run.set_style(style("{prefix:.bold} {msg}"));
        self.run.abandon_with_message(told);
    }

    fn clear_stages(&mut self) {
        for bar in self.stages.drain(..) {
            bar.finish_and_clear();
            self.multi.remove(&bar);
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if !self.is_over && !self.run.is_hidden() {
            self.clear_stages();
            self.run.finish_and_clear();
            self.multi.remove(&self.run);
        }
    }
}

/// How many items are done: those that came from the sources, and that no stage holds.
fn done(picture: &Picture) -> Option<u64> {
    let is_source = |at: usize| picture.stages[at].kind == StageKind::Source;
    let mut first: Vec<_> =
        picture.edges.iter().filter(|edge| is_source(edge.from)).map(|edge| edge.to).collect();
    first.sort_unstable();
    first.dedup();
    let came =
        first.iter().map(|at| picture.stages[*at].taken).sum::<Option<u64>>().filter(|_| !first.is_empty());
    let held: u64 = picture.stages.iter().map(|stage| stage.held).sum();
    came.map(|came| came.saturating_sub(held))
}

/// What stands behind a stage's bar.
fn told_of(stage: &StagePicture, busy: u64) -> String {
    let mut told = vec![format!("{busy:3} % at work")];
    told.extend(stage.taken.map(|count| format!("{} in", HumanCount(count))));
    told.extend(stage.delivered.map(|count| format!("{} out", HumanCount(count))));
    if stage.taken.is_some() && stage.delivered.is_some() {
        told.push(format!("{} held", HumanCount(stage.held)));
    }
    told.join(", ")
}

fn per_second(rate: f64) -> String {
    if rate < 10.0 { format!("{rate:.1}/s") } else { format!("{rate:.0}/s") }
}

/// A name as it may stand on a terminal: nothing in it moves the cursor.
fn plain(name: &str) -> String {
    name.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(LETTERS).collect()
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are in this file")
}

#[expect(clippy::cast_precision_loss, reason = "it is shown with a few digits")]
fn number(count: u64) -> f64 {
    count as f64
}
