//! flume, by hand.

use super::Contender;
use super::by_hand::{self, Channel};

pub const CONTENDER: Contender = Contender {
    hop: Some(by_hand::hop::<Flume>),
    unordered: Some(by_hand::unordered::<Flume>),
    naps: Some(by_hand::naps::<Flume>),
    turns: Some(by_hand::turns::<Flume>),
    latency: Some(by_hand::latency::<Flume>),
    park: Some(by_hand::park::<Flume>),
    ..Contender::named("flume")
};

struct Flume;

impl Channel for Flume {
    type Sender = flume::Sender<u64>;
    type Receiver = flume::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        flume::bounded(capacity)
    }

    async fn send(sender: &mut Self::Sender, item: u64) -> bool {
        sender.send_async(item).await.is_ok()
    }

    async fn recv(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv_async().await.ok()
    }
}
