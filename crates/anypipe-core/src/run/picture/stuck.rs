use std::time::Duration;

use super::{StageKind, StagePicture, WorkerState};

/// A worker that is in the user's code.
#[derive(Clone, Copy)]
pub(in crate::run) struct Stuck {
    pub(in crate::run) worker: u32,
    /// For how long, as far as is known.
    pub(in crate::run) lasts: Duration,
    /// True where it was so all the time that the picture is of, and may have been so before.
    pub(in crate::run) throughout: bool,
}

impl StagePicture {
    /// The worker that has been in the user's code for longest with nothing to show for it: without a poll that did anything new, or
    /// with nothing taken or given by the stage. The latter is known of the time of the picture: of what lies between
    /// two, where it is their difference.
    ///
    /// This is what a stall is, to who looks for the [`bottleneck`](super::Picture::bottleneck) and to who
    /// [warns](crate::run::Run::warn_stalls).
    pub(in crate::run) fn stuck(&self) -> Option<Stuck> {
        let moved = self.has_moved();
        let in_user_code = self.workers.iter().filter(|worker| match worker.state {
            WorkerState::Polling => true,
            // A source may have nothing to give.
            WorkerState::Awaiting => self.kind != StageKind::Source,
            WorkerState::Input | WorkerState::Room => false,
        });
        let stuck = in_user_code.map(|worker| {
            let times = &worker.times;
            let throughout = !moved && times.input.is_zero() && times.room.is_zero();
            let lasts = if throughout { worker.lasts.max(times.total()) } else { worker.lasts };
            Stuck { worker: worker.number, lasts, throughout }
        });
        stuck.max_by_key(|stuck| stuck.lasts)
    }

    /// Whether the stage has done anything; taken for granted where that isn't counted.
    fn has_moved(&self) -> bool {
        let Self { taken, delivered, filtered, failed, panicked, cancelled, .. } = self;
        let Some(taken) = taken else { return true };
        [*taken, delivered.unwrap_or_default(), *filtered, *failed, *panicked, *cancelled]
            .iter()
            .any(|count| *count > 0)
    }
}
