//! kanal, by hand.

use super::Contender;
use super::by_hand::{self, Channel};

pub const CONTENDER: Contender = Contender {
    hop: Some(by_hand::hop::<Kanal>),
    unordered: Some(by_hand::unordered::<Kanal>),
    naps: Some(by_hand::naps::<Kanal>),
    latency: Some(by_hand::latency::<Kanal>),
    park: Some(by_hand::park::<Kanal>),
    ..Contender::named("kanal")
};

struct Kanal;

impl Channel for Kanal {
    type Sender = kanal::AsyncSender<u64>;
    type Receiver = kanal::AsyncReceiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        kanal::bounded_async(capacity)
    }

    async fn send(sender: &mut Self::Sender, item: u64) -> bool {
        sender.send(item).await.is_ok()
    }

    async fn recv(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await.ok()
    }
}
