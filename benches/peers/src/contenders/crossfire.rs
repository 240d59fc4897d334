//! crossfire, by hand: `spsc` between two tasks, `mpmc` where workers share.

use std::sync::Once;

use crossfire::{AsyncRx, AsyncTx, MAsyncRx, MAsyncTx, mpmc, spsc};

use super::Contender;
use super::by_hand::{self, Channel};

pub const CONTENDER: Contender = Contender {
    hop: Some(by_hand::hop::<Spsc>),
    unordered: Some(by_hand::unordered::<Mpmc>),
    naps: Some(by_hand::naps::<Mpmc>),
    latency: Some(by_hand::latency::<Spsc>),
    park: Some(by_hand::park::<Spsc>),
    ..Contender::named("crossfire")
};

/// Its README asks programs to call this once: it spins less where there are few cores.
fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(crossfire::detect_backoff_cfg);
}

struct Spsc;

impl Channel for Spsc {
    type Sender = AsyncTx<spsc::Array<u64>>;
    type Receiver = AsyncRx<spsc::Array<u64>>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        prepare();
        spsc::bounded_async(capacity)
    }

    async fn send(sender: &mut Self::Sender, item: u64) -> bool {
        sender.send(item).await.is_ok()
    }

    async fn recv(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await.ok()
    }
}

struct Mpmc;

impl Channel for Mpmc {
    type Sender = MAsyncTx<mpmc::Array<u64>>;
    type Receiver = MAsyncRx<mpmc::Array<u64>>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        prepare();
        mpmc::bounded_async(capacity)
    }

    async fn send(sender: &mut Self::Sender, item: u64) -> bool {
        sender.send(item).await.is_ok()
    }

    async fn recv(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await.ok()
    }
}
