//! async-channel, by hand: what smol and async-std give to their users.

use super::Contender;
use super::by_hand::{self, Channel};

pub const CONTENDER: Contender = Contender {
    hop: Some(by_hand::hop::<AsyncChannel>),
    unordered: Some(by_hand::unordered::<AsyncChannel>),
    naps: Some(by_hand::naps::<AsyncChannel>),
    turns: Some(by_hand::turns::<AsyncChannel>),
    latency: Some(by_hand::latency::<AsyncChannel>),
    park: Some(by_hand::park::<AsyncChannel>),
    ..Contender::named("async-channel")
};

struct AsyncChannel;

impl Channel for AsyncChannel {
    type Sender = async_channel::Sender<u64>;
    type Receiver = async_channel::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        async_channel::bounded(capacity)
    }

    async fn send(sender: &mut Self::Sender, item: u64) -> bool {
        sender.send(item).await.is_ok()
    }

    async fn recv(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await.ok()
    }
}
