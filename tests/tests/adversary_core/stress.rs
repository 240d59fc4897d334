//! Many threads on one channel: each item comes out once, whoever gives up in between.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::Poll;
use std::thread;

use anypipe::channel::{Receiver, Sender, bounded, rendezvous};
use anypipe::runtime::{Smol, Tokio};
use anypipe::task::yield_now;

const ITEMS: u64 = 20_000;
const ENDS: u64 = 8;

/// Sends its share, giving up every third wait and trying again.
async fn sends(sender: Sender<u64>, mine: u64) {
    for n in (mine..ITEMS).step_by(usize::try_from(ENDS).unwrap()) {
        match n % 3 {
            0 => sender.send(n).await.unwrap(),
            1 => loop {
                // A reservation that is dropped while it waits, or just after it was granted.
                let mut reserve = pin!(sender.reserve());
                let permit = poll_fn(|cx| Poll::Ready(reserve.as_mut().poll(cx))).await;
                if let Poll::Ready(permit) = permit {
                    permit.unwrap().send(n).unwrap();
                    break;
                }
                yield_now().await;
            },
            _ => assert!(sender.send_many([n]).await.is_ok()),
        }
    }
}

/// Receives until the end, giving up every other wait.
async fn receives(mut ours: Receiver<u64>, seen: Arc<Vec<AtomicU8>>, count: Arc<AtomicU64>) {
    let mut turn = 0;
    let mut many = Vec::new();
    let tick = |n: u64| {
        seen[usize::try_from(n).unwrap()].fetch_add(1, Ordering::SeqCst);
        count.fetch_add(1, Ordering::SeqCst);
    };
    loop {
        turn += 1;
        let received = match turn % 4 {
            0 => {
                let mut recv = ours.recv();
                match poll_fn(|cx| Poll::Ready(pin!(&mut recv).poll(cx))).await {
                    Poll::Ready(received) => received,
                    Poll::Pending => {
                        yield_now().await;
                        continue;
                    }
                }
            }
            1 => match ours.recv_many(&mut many, 7).await {
                Ok(_) => {
                    many.drain(..).for_each(tick);
                    continue;
                }
                Err(end) => Err(end),
            },
            2 => poll_fn(|cx| ours.poll_recv(cx)).await,
            _ => ours.recv().await,
        };
        match received {
            Ok(n) => tick(n),
            Err(end) => return assert!(end.is_closed()),
        }
    }
}

fn each_item_once((sender, receiver): (Sender<u64>, Receiver<u64>)) {
    let seen: Arc<Vec<_>> = Arc::new((0..ITEMS).map(|_| AtomicU8::new(0)).collect());
    let count = Arc::new(AtomicU64::new(0));
    let watch = sender.clone();
    thread::scope(|threads| {
        for end in 0..ENDS {
            let sender = sender.clone();
            // Each end on a thread and under a runtime of its own choice.
            threads.spawn(move || {
                if end % 2 == 0 {
                    anypipe::run_on(Smol::new(), sends(sender, end));
                } else {
                    anypipe::run_on(Tokio::current_thread(), sends(sender, end));
                }
            });
            let (receiver, seen, count) = (receiver.clone(), Arc::clone(&seen), Arc::clone(&count));
            threads.spawn(move || anypipe::run_on(Smol::new(), receives(receiver, seen, count)));
        }
        drop((sender, receiver));
        threads.spawn(|| {
            while watch.statistics().senders > 1 {
                thread::yield_now();
            }
            watch.close();
        });
    });
    assert_eq!(count.load(Ordering::SeqCst), ITEMS);
    assert!(seen.iter().all(|seen| seen.load(Ordering::SeqCst) == 1));
    let left = watch.statistics();
    assert_eq!((left.used, left.waiting_senders, left.waiting_receivers), (0, 0, 0));
    assert_eq!((left.senders, left.receivers), (0, 0));
}

#[test]
fn a_small_buffer() {
    each_item_once(bounded(3));
}

#[test]
fn no_buffer() {
    each_item_once(rendezvous());
}
