/// A stage of a run, whose workers and buffer can be changed while it goes on.
pub(crate) trait Resize: Send + Sync {
    /// From now on it is to have so many workers, and a buffer for so many items; what is `None` stays.
    fn resize(&self, workers: Option<usize>, buffer: Option<usize>) -> Result<(), Refused>;

    /// What it has now.
    fn size(&self) -> Size;
}

/// Why a stage can't be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It has ended.
    Ended,
    /// It has one task for good.
    OneTask,
    /// Its buffer has a bound by weight.
    Weighed,
}

/// How much a stage has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Workers that have not ended.
    pub(crate) workers: usize,
    /// Finished items that may wait; none where they are weighed.
    pub(crate) buffer: Option<usize>,
    /// The most items that it holds; none where they are weighed.
    pub(crate) bound: Option<usize>,
}
