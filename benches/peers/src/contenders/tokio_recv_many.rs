//! tokio's `mpsc`, by hand, with all that waits received in one go.

use tokio::sync::mpsc;

use super::Contender;
use super::by_hand::{self, Channel};

pub const CONTENDER: Contender =
    Contender { hop: Some(by_hand::hop::<RecvMany>), ..Contender::named("tokio recv_many") };

struct RecvMany;

impl Channel for RecvMany {
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

    async fn relay(mut input: Self::Receiver, output: Self::Sender) {
        let mut items = Vec::new();
        while input.recv_many(&mut items, input.max_capacity()).await > 0 {
            for n in items.drain(..) {
                if output.send(n).await.is_err() {
                    return;
                }
            }
        }
    }

    async fn sum(mut input: Self::Receiver) -> u64 {
        let (mut items, mut sum) = (Vec::new(), 0);
        while input.recv_many(&mut items, input.max_capacity()).await > 0 {
            sum += items.drain(..).sum::<u64>();
        }
        sum
    }
}
