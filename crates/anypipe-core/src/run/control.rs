use std::fmt;
use std::time::Duration;

use super::{ResizeError, StageControl};
use crate::scope::{Controls, Picture, RunEnd, Stats};

/// Steers a run that was [started](super::Run::start), or a [stream](super::RunStream::control), from anywhere.
/// All clones steer the same run, and none keeps it alive.
///
/// A run that is over is not troubled by any of this.
#[derive(Clone)]
pub struct Control {
    controls: Controls,
}

impl Control {
    pub(super) fn new(controls: Controls) -> Self {
        Self { controls }
    }

    /// Tells whoever observes the run that nobody awaits it any more, where it never came to its first poll.
    pub(super) fn tell_given_up(&self) {
        if self.controls.told().is_none() {
            self.controls.observe_end(RunEnd::GivenUp);
        }
    }

    /// Ends the sources. Items on their way are finished, and the run gives what it has.
    pub fn stop(&self) {
        self.controls.stop_token().cancel();
    }

    /// As [`stop`](Control::stop), but a run that is not over after `grace` is cancelled, and fails as
    /// cancelled. Asked again, also after a plain stop, it begins anew with the new grace.
    pub fn stop_within(&self, grace: Duration) {
        self.controls.ask_grace(grace);
    }

    /// Cancels the run; it then fails as cancelled.
    pub fn cancel(&self) {
        self.controls.cancel();
    }

    /// Has the sources give nothing more until [`resume`](Control::resume). Items on their way go on:
    /// a user's future that was started is never held up.
    pub fn pause(&self) {
        self.controls.pause();
    }

    /// What the run's stages have done so far; also after the run.
    pub fn stats(&self) -> Stats {
        self.controls.stats()
    }

    /// The stage of this name, whose workers and buffer can be changed while the run goes on.
    ///
    /// Its stages are known once the run has begun, which a [started](super::Run::start) one does on its own task.
    ///
    /// # Errors
    ///
    /// Where no stage of this name has tasks of its own, or several have.
    pub fn stage(&self, name: &str) -> Result<StageControl, ResizeError> {
        StageControl::find(&self.controls, name)
    }

    /// The run as it is now: its stages, what each of their workers is doing, and how they hang together; also after
    /// the run.
    ///
    /// The first picture begins to watch the run: it says what each worker is doing, and from then on times are summed.
    /// Watching costs a reading of the clock now and then, and nothing for an item.
    pub fn picture(&self) -> Picture {
        self.controls.picture()
    }

    /// What every task of the run waits for, one in a line; and since when, where the run is watched.
    pub fn dump(&self) -> String {
        self.controls.dump()
    }

    /// Ends a pause.
    pub fn resume(&self) {
        self.controls.resume();
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("stopped", &self.controls.stop_token().is_cancelled())
            .field("cancelled", &self.controls.is_cancelled())
            .field("paused", &self.controls.is_paused())
            .finish()
    }
}
