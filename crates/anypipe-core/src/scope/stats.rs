/// What a run's stages have done so far, given by [`Control::stats`](crate::run::Control::stats).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The stages that have tasks of their own, and those with a sink beside them (`tee`, `dead_letter`), in the
    /// order in which they were attached. Fused stages count with the task that pulls them.
    ///
    /// The pipelines that an operator starts in any number (those of `flat_map_stream`, `concat_map`, `switch_map`,
    /// `cycle`, and of a `source::chain(..)` over a list) are counted together, running and ended: their stages of
    /// one name share one entry. Where they are to be told apart, give them names.
    pub stages: Vec<StageStats>,
}

impl Stats {
    /// The first stage of this name.
    pub fn stage(&self, name: &str) -> Option<&StageStats> {
        self.stages.iter().find(|stage| stage.name == name)
    }
}

/// Where the items of one stage have gone.
///
/// When the run is over, `taken` is the sum of the five ways in which an item ends: `delivered`, `filtered`,
/// `panicked`, `cancelled` and `left`. Only a task of one's own (`.stage(..)`) may give more or fewer items than
/// it takes; there `taken` and `delivered` are counted each for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageStats {
    /// The stage's name.
    pub name: String,
    /// Items it has taken from its input.
    pub taken: u64,
    /// Items that what comes after it has taken. An `Err` is an item like any other.
    pub delivered: u64,
    /// Items that its work has made an `Err` of, or that came as one and passed; they end like any other. Known
    /// where the work makes results by its meaning (`and_then`, `try_then`, `or_else`, `try_then_with`, and
    /// whatever has `.timeout_each(d)`, `.catch_panics()`, `.located()` or `.with_input()`): what the closure of
    /// a `then` or `map` gives isn't looked into.
    pub failed: u64,
    /// Items it has filtered out, or dropped where its buffer was full (`buffer_lossy`, `latest`).
    pub filtered: u64,
    /// Items whose work panicked.
    pub panicked: u64,
    /// Items that were dropped before or during their work, because the run needed no more.
    pub cancelled: u64,
    /// Finished items that nobody took, because the run needed no more.
    pub left: u64,
    /// Workers that have no item now, but wait for a thread: the work on their last item was given up, by
    /// `.timeout_each(d)`, and runs on, since nothing can interrupt it.
    pub overdue: u64,
}

impl StageStats {
    /// Items that are inside the stage now: worked on, or waiting to be taken.
    pub fn held(&self) -> u64 {
        let ended = self.delivered + self.filtered + self.panicked + self.cancelled + self.left;
        self.taken.saturating_sub(ended)
    }
}
