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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::picture::{Times, WorkerPicture};

    const SECOND: Duration = Duration::from_secs(1);

    /// A stage whose worker has awaited for a second, of the four for which it was looked at, with nothing done.
    fn awaiting() -> StagePicture {
        let times = Times { awaiting: 4 * SECOND, ..Times::default() };
        let state = WorkerState::Awaiting;
        let worker = WorkerPicture { number: 3, state, waits_for: None, lasts: SECOND, times };
        StagePicture {
            kind: StageKind::Stage,
            taken: Some(0),
            delivered: Some(0),
            workers: vec![worker],
            ..StagePicture::default()
        }
    }

    fn stuck(change: impl FnOnce(&mut StagePicture)) -> Option<(u32, Duration, bool)> {
        let mut stage = awaiting();
        change(&mut stage);
        stage.stuck().map(|stuck| (stuck.worker, stuck.lasts, stuck.throughout))
    }

    #[test]
    fn who_has_done_nothing_all_the_time_is_stuck_for_as_long() {
        assert_eq!(stuck(|_| ()), Some((3, 4 * SECOND, true)));
        assert_eq!(stuck(|stage| stage.workers[0].state = WorkerState::Polling), Some((3, 4 * SECOND, true)));
    }

    #[test]
    fn whose_stage_has_moved_is_stuck_since_its_last_poll() {
        let moves: [fn(&mut StagePicture); 7] = [
            |stage| stage.taken = Some(1),
            |stage| stage.delivered = Some(1),
            |stage| stage.filtered = 1,
            |stage| stage.failed = 1,
            |stage| stage.panicked = 1,
            |stage| stage.cancelled = 1,
            // Nobody knows.
            |stage| stage.taken = None,
        ];
        for moved in moves {
            assert_eq!(stuck(moved), Some((3, SECOND, false)));
        }
    }

    #[test]
    fn who_has_waited_for_others_is_stuck_since_its_last_poll() {
        assert_eq!(stuck(|stage| stage.workers[0].times.input = SECOND), Some((3, SECOND, false)));
        assert_eq!(stuck(|stage| stage.workers[0].times.room = SECOND), Some((3, SECOND, false)));
    }

    #[test]
    fn who_waits_for_others_is_not_stuck() {
        for state in [WorkerState::Input, WorkerState::Room] {
            assert_eq!(stuck(|stage| stage.workers[0].state = state), None);
        }
        assert_eq!(stuck(|stage| stage.kind = StageKind::Source), None, "it may have nothing to give");
    }
}
