//! tokio's `mpsc`, by hand. Workers share a receiver behind a mutex, as tokio's guides have it.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};

use super::Contender;
use super::by_hand::{self, Channel};

pub const CONTENDER: Contender = Contender {
    hop: Some(by_hand::hop::<Mpsc>),
    unordered: Some(by_hand::unordered::<Locked>),
    naps: Some(by_hand::naps::<Locked>),
    latency: Some(by_hand::latency::<Mpsc>),
    park: Some(by_hand::park::<Mpsc>),
    ..Contender::named("tokio mpsc")
};

struct Mpsc;

impl Channel for Mpsc {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        mpsc::channel(capacity)
    }

    async fn send(sender: &mut Self::Sender, item: u64) -> bool {
        sender.send(item).await.is_ok()
    }

    fn recv(receiver: &mut Self::Receiver) -> impl Future<Output = Option<u64>> + Send {
        receiver.recv()
    }
}

struct Locked;

impl Channel for Locked {
    type Sender = mpsc::Sender<u64>;
    type Receiver = Arc<Mutex<mpsc::Receiver<u64>>>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        let (sender, receiver) = mpsc::channel(capacity);
        (sender, Arc::new(Mutex::new(receiver)))
    }

    async fn send(sender: &mut Self::Sender, item: u64) -> bool {
        sender.send(item).await.is_ok()
    }

    async fn recv(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.lock().await.recv().await
    }
}
