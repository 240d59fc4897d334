/// What a channel is doing, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Items sent and not received.
    pub used: usize,
    /// The most items it may hold.
    pub capacity: usize,
    /// The most items it has held.
    pub high_water: usize,
    /// Senders that are open.
    pub senders: usize,
    /// Receivers that are open.
    pub receivers: usize,
    /// Senders that wait for room.
    pub waiting_senders: usize,
    /// Receivers that wait for an item.
    pub waiting_receivers: usize,
}
