//! What people wire by hand with channels and tasks: the loops, written once for all channels.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;

use super::{CAPACITY, Crew, Hop, Job, Later, nap, numbers, turn};
use crate::runtime::Runtime;

/// A bounded channel of one sender and one receiver.
pub trait Channel: 'static {
    type Sender: Send + 'static;
    type Receiver: Send + 'static;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver);

    /// Gives whether there is a receiver still.
    fn send(sender: &mut Self::Sender, item: u64) -> impl Future<Output = bool> + Send;

    fn recv(receiver: &mut Self::Receiver) -> impl Future<Output = Option<u64>> + Send;

    /// A stage: what its task does.
    fn relay(mut input: Self::Receiver, mut output: Self::Sender) -> impl Future<Output = ()> + Send {
        async move {
            while let Some(n) = Self::recv(&mut input).await {
                if !Self::send(&mut output, n).await {
                    return;
                }
            }
        }
    }

    /// A consumer.
    fn sum(mut input: Self::Receiver) -> impl Future<Output = u64> + Send {
        async move {
            let mut sum = 0;
            while let Some(n) = Self::recv(&mut input).await {
                sum += n;
            }
            sum
        }
    }
}

/// A channel that workers can share.
pub trait Shared: Channel<Sender: Clone, Receiver: Clone> {}

impl<C: Channel<Sender: Clone, Receiver: Clone>> Shared for C {}

pub fn hop<C: Channel>(Hop { on, capacity, items }: Hop) -> Job {
    async move {
        let first = feed::<C>(on, capacity, items);
        C::sum(stages::<C>(on, 3, capacity, first)).await
    }
    .boxed()
}

pub fn latency<C: Channel>(items: u64) -> Later<Vec<Duration>> {
    async move {
        let (mut sender, first) = C::bounded(CAPACITY);
        let mut last = stages::<C>(Runtime::Tokio, 4, CAPACITY, first);
        let mut times = Vec::new();
        for n in 0..items {
            let start = Instant::now();
            assert!(C::send(&mut sender, n).await, "nobody receives");
            assert_eq!(C::recv(&mut last).await, Some(n));
            times.push(start.elapsed());
        }
        times
    }
    .boxed()
}

pub fn park<C: Channel>(runs: u64) -> Later<Box<dyn Any + Send>> {
    async move {
        let arrived = Arc::new(AtomicU64::new(0));
        let mut senders = Vec::new();
        for n in 0..runs {
            let (mut sender, first) = C::bounded(CAPACITY);
            let mut last = stages::<C>(Runtime::Tokio, 4, CAPACITY, first);
            let arrived = Arc::clone(&arrived);
            Runtime::Tokio.spawn(async move {
                while C::recv(&mut last).await.is_some() {
                    arrived.fetch_add(1, Ordering::Relaxed);
                }
            });
            assert!(C::send(&mut sender, n).await, "nobody receives");
            senders.push(sender);
        }
        all_arrived(&arrived, runs).await;
        Box::new(senders) as Box<dyn Any + Send>
    }
    .boxed()
}

pub fn unordered<C: Shared>(crew: Crew) -> Job {
    async move {
        let input = feed::<C>(Runtime::Tokio, crew.capacity, crew.items);
        C::sum(workers::<C, _>(crew, input, std::future::ready)).await
    }
    .boxed()
}

pub fn naps<C: Shared>(crew: Crew) -> Job {
    async move {
        let input = feed::<C>(Runtime::Tokio, crew.capacity, crew.items);
        let middle = workers::<C, _>(crew, input, nap);
        C::sum(workers::<C, _>(crew, middle, nap)).await
    }
    .boxed()
}

pub fn turns<C: Shared>(crew: Crew) -> Job {
    async move {
        let input = feed::<C>(Runtime::Tokio, crew.capacity, crew.items);
        C::sum(workers::<C, _>(crew, input, turn)).await
    }
    .boxed()
}

/// Waits until an item of each run has come through.
pub async fn all_arrived(arrived: &AtomicU64, runs: u64) {
    while arrived.load(Ordering::Relaxed) < runs {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A task that sends the items.
fn feed<C: Channel>(on: Runtime, capacity: usize, items: u64) -> C::Receiver {
    let (mut sender, receiver) = C::bounded(capacity);
    on.spawn(async move {
        for n in numbers(items) {
            if !C::send(&mut sender, n).await {
                return;
            }
        }
    });
    receiver
}

/// Tasks in a row, each with a channel behind it.
fn stages<C: Channel>(on: Runtime, count: usize, capacity: usize, first: C::Receiver) -> C::Receiver {
    (0..count).fold(first, |input, _| {
        let (output, next) = C::bounded(capacity);
        on.spawn(C::relay(input, output));
        next
    })
}

/// Tasks that share an input and an output.
fn workers<C: Shared, Fut>(crew: Crew, input: C::Receiver, work: fn(u64) -> Fut) -> C::Receiver
where
    Fut: Future<Output = u64> + Send + 'static,
{
    let (output, next) = C::bounded(crew.capacity);
    for _ in 0..crew.workers {
        let (mut input, mut output) = (input.clone(), output.clone());
        tokio::spawn(async move {
            while let Some(n) = C::recv(&mut input).await {
                if !C::send(&mut output, work(n).await).await {
                    return;
                }
            }
        });
    }
    next
}
