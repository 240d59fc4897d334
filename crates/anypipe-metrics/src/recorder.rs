//! What one run adds.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use anypipe_core::run::Control;
use anypipe_core::run::picture::{Picture, RunState};

use crate::totals::{self, Sums};

/// Records the pictures of one run under a pipeline's name.
///
/// [`run.metrics(..)`](crate::RecordMetrics::metrics) does so by itself. This is for a run whose pictures are taken by hand.
/// When it is dropped the run counts as ended, and as having no workers and no items any more.
///
/// # Examples
///
/// ```
/// use anypipe_core::run::RunStream;
/// use anypipe_metrics::Recorder;
///
/// /// What to call now and then, while the stream is taken from.
/// fn recording<T: Send + 'static>(stream: &RunStream<T>) -> impl FnMut() + use<T> {
///     let control = stream.control();
///     let mut recorder = Recorder::new("orders");
///     move || recorder.record(&control.picture())
/// }
/// ```
pub struct Recorder {
    pipeline: Arc<str>,
    /// What this run has added so far, by the names of its stages.
    added: BTreeMap<Arc<str>, Sums>,
    /// As which of the states it is counted.
    state: Option<usize>,
    /// The run, for what it has counted since the last picture.
    control: Option<Control>,
}

impl Recorder {
    /// Records a run of this pipeline.
    pub fn new(pipeline: impl Into<String>) -> Self {
        let pipeline: String = pipeline.into();
        Self { pipeline: pipeline.into(), added: BTreeMap::new(), state: None, control: None }
    }

    /// Takes a last picture when it is dropped.
    pub(crate) fn at_last(mut self, control: Control) -> Self {
        self.control = Some(control);
        self
    }

    /// Records a picture of the run: of all of it, and not what lies between two ([`Picture::since`]). What only grows
    /// stays where an earlier picture was further.
    pub fn record(&mut self, picture: &Picture) {
        self.add(picture, totals::place_of(picture.state));
    }

    fn add(&mut self, picture: &Picture, state: Option<usize>) {
        let is_over = state.is_some_and(totals::is_over);
        let mut now = BTreeMap::<&str, Sums>::new();
        for stage in &picture.stages {
            now.entry(&stage.name).or_default().add_stage(stage, is_over);
        }
        let mut changes = Vec::with_capacity(now.len());
        for (name, now) in now {
            let known = self.added.get_key_value(name).map(|(name, before)| (Arc::clone(name), *before));
            let (name, before) = known.unwrap_or_else(|| (name.into(), Sums::default()));
            let now = now.not_less_than(&before);
            self.added.insert(Arc::clone(&name), now);
            changes.push((name, before, now));
        }
        let before = std::mem::replace(&mut self.state, state);
        totals::change(&self.pipeline, &changes, before, state);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let last = self.control.take().map(|control| control.picture());
        let last = last.filter(|last| last.state != RunState::Planned).unwrap_or_default();
        // Only what was counted as one that goes on.
        if self.state.is_some_and(totals::is_over) || self.state.is_none() && last.stages.is_empty() {
            return;
        }
        let state = totals::place_of(last.state).filter(|state| totals::is_over(*state));
        self.add(&last, state.or(Some(totals::ENDED)));
        let gone = |(name, sums): (&Arc<str>, &mut Sums)| {
            let before = *sums;
            sums.end();
            (before != *sums).then(|| (Arc::clone(name), before, *sums))
        };
        let changes: Vec<_> = self.added.iter_mut().filter_map(gone).collect();
        totals::change(&self.pipeline, &changes, self.state, self.state);
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}
