//! The channels' calls for plain threads: they wait, are woken by whatever ends a wait, and never block a task.

use std::future::pending;
use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

use anypipe_core::Run;
use anypipe_core::channel::{
    RecvError, SendError, TryRecvError, TrySendError, bounded, broadcast, oneshot, rendezvous, watch,
};
use anypipe_core::run::inherit;
use anypipe_core::scope::current_scope;

use crate::tools::{Clock, Dropped, beside, give_way, is_virtual, panic_of, runtime, sleep, together, unit};

crate::suite::cases! { ($) plain_threads as __plain_threads {
    threads_pass_items_in_order(),
    a_thread_and_a_task_meet(),
    a_thread_that_waits_sees_the_end(),
    a_limit_of_time_gives_the_item_back(),
    a_task_may_not_block(),
    blocking_work_may_wait_for_a_thread(),
    blocking_work_and_tasks_wait_for_each_other(),
    blocking_work_waits_no_longer_than_its_limit(),
    blocking_work_hears_of_the_end_of_its_run(),
} }

/// Waits for what another thread does, with no step of the runtime's in between: it replays the same.
fn spin(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        thread::yield_now();
    }
}

async fn threads_pass_items_in_order() {
    const ITEMS: u64 = 1000;
    for (tx, rx) in [rendezvous(), bounded(1), bounded(7)] {
        let senders = [tx.clone(), tx]
            .map(|tx| beside(move || (0..ITEMS).for_each(|item| tx.send_blocking(item).unwrap())));
        let receivers = [rx.clone(), rx].map(|rx| {
            beside(move || {
                let mut received = Vec::new();
                while let Ok(item) = rx.recv_blocking() {
                    received.push(item);
                }
                received
            })
        });
        for sender in senders {
            sender.join().unwrap();
        }
        let mut all: Vec<_> = receivers.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq((0..ITEMS).flat_map(|item| [item, item])));
    }

    // With one at each end, in order.
    let (tx, rx) = rendezvous();
    let sender = beside(move || (0..ITEMS).for_each(|item| tx.send_blocking(item).unwrap()));
    for item in 0..ITEMS {
        spin(|| rx.statistics().waiting_senders == 1);
        assert_eq!(rx.try_recv(), Ok(item));
    }
    sender.join().unwrap();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

async fn a_thread_and_a_task_meet() {
    let (tx, rx) = rendezvous();
    let receiver = beside(move || (rx.recv_blocking(), rx.recv_blocking()));
    spin(|| tx.statistics().waiting_receivers == 1);
    tx.send("a").await.unwrap();
    spin(|| tx.statistics().waiting_receivers == 1);
    tx.try_send("b").unwrap();
    assert_eq!(receiver.join().unwrap(), (Ok("a"), Ok("b")));

    let (tx, rx) = rendezvous();
    let sender = beside(move || tx.send_blocking(1));
    spin(|| rx.statistics().waiting_senders == 1);
    assert_eq!(rx.recv().await, Ok(1));
    assert_eq!(sender.join().unwrap(), Ok(()));

    let (tx, rx) = oneshot();
    let receiver = beside(move || rx.recv_blocking());
    spin(|| tx.statistics().waiting_receivers == 1);
    tx.send(2).unwrap();
    assert_eq!(receiver.join().unwrap(), Ok(2));
}

async fn a_thread_that_waits_sees_the_end() {
    for breaks in [false, true] {
        let end = move |held: Box<dyn Send>| {
            let goes = beside(move || {
                let _held = held;
                if breaks {
                    resume_unwind(Box::new("vanished"));
                }
            });
            assert_eq!(goes.join().is_err(), breaks);
        };
        let told = if breaks { RecvError::Broken } else { RecvError::Closed };

        let (tx, rx) = bounded::<u8>(1);
        let receiver = beside(move || rx.recv_blocking());
        spin(|| tx.statistics().waiting_receivers == 1);
        end(Box::new(tx));
        assert_eq!(receiver.join().unwrap(), Err(told));

        let (tx, rx) = rendezvous();
        let sender = beside(move || tx.send_blocking(5));
        spin(|| rx.statistics().waiting_senders == 1);
        end(Box::new(rx));
        let given_back = if breaks { SendError::Broken(5) } else { SendError::Closed(5) };
        assert_eq!(sender.join().unwrap(), Err(given_back));

        let (tx, rx) = oneshot::<u8>();
        let receiver = beside(move || rx.recv_blocking());
        spin(|| tx.statistics().waiting_receivers == 1);
        end(Box::new(tx));
        assert_eq!(receiver.join().unwrap(), Err(told));
    }
}

async fn a_limit_of_time_gives_the_item_back() {
    let short = Duration::from_millis(1);
    let checks = beside(move || {
        let (tx, rx) = bounded(1);
        assert_eq!(rx.recv_blocking_within(short), Err(TryRecvError::Empty));
        assert_eq!(tx.send_blocking_within(1, Duration::ZERO), Ok(()), "there is room, and it is tried once");
        assert_eq!(tx.send_blocking_within(2, short), Err(TrySendError::Full(2)));
        assert_eq!(rx.statistics().waiting_senders, 0);
        assert_eq!(rx.recv_blocking_within(Duration::ZERO), Ok(1));
        assert_eq!(rx.recv_blocking_within(Duration::ZERO), Err(TryRecvError::Empty));
        assert_eq!(tx.statistics().waiting_receivers, 0);
        drop(tx);
        assert_eq!(rx.recv_blocking_within(Duration::MAX), Err(TryRecvError::Closed));

        let (tx, rx) = rendezvous();
        let sender = beside(move || tx.send_blocking_within(7, Duration::MAX));
        assert_eq!(rx.recv_blocking_within(Duration::MAX), Ok(7));
        assert_eq!(sender.join().unwrap(), Ok(()));
        let (tx, mut rx) = oneshot();
        assert_eq!(rx.recv_blocking_within(short), Err(TryRecvError::Empty));
        tx.send(3).unwrap();
        assert_eq!(rx.recv_blocking_within(Duration::MAX), Ok(3));
    });
    checks.join().unwrap();
}

async fn a_task_may_not_block() {
    let (tx, rx) = bounded(1);
    let (short, name) = (Duration::from_millis(1), runtime().name());
    let refused = |text: Option<String>, call: &str, instead: &str| {
        let text = text.unwrap_or_else(|| panic!("`{call}` blocks a task"));
        let expected =
            [format!("`{call}`"), format!("on a running {name} runtime"), format!("await `{instead}`")];
        assert!(expected.iter().all(|part| text.contains(part)), "{text}");
    };
    // Also where it would not have to wait: a fault that shows only now and then is no help.
    refused(panic_of(|| tx.send_blocking(1)), "send_blocking", "send");
    refused(panic_of(|| tx.send_blocking_within(1, short)), "send_blocking_within", "send");
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    tx.try_send(1).unwrap();
    refused(panic_of(|| rx.recv_blocking()), "recv_blocking", "recv");
    refused(panic_of(|| rx.recv_blocking_within(short)), "recv_blocking_within", "recv");
    assert_eq!(rx.try_recv(), Ok(1));
    let (_tx, mut rx) = oneshot::<u8>();
    refused(panic_of(|| rx.recv_blocking_within(short)), "recv_blocking_within", "recv");
    refused(panic_of(|| rx.recv_blocking()), "recv_blocking", "recv");
}

async fn blocking_work_may_wait_for_a_thread() {
    // Its threads take turns with the simulator's, which waits for no other.
    if is_virtual() {
        return;
    }
    let scope = current_scope().expect("a case runs in a scope");
    let (tx, rx) = rendezvous();
    let job = scope.spawn_blocking("waits", move || rx.recv_blocking());
    let sender = beside(move || tx.send_blocking(1));
    assert_eq!((job.await.unwrap(), sender.join().unwrap()), (Ok(1), Ok(())));
}

async fn blocking_work_and_tasks_wait_for_each_other() {
    let scope = current_scope().expect("a case runs in a scope");
    for (there, back) in [(rendezvous(), rendezvous()), (bounded(2), bounded(1))] {
        let ((tx, takes), (gives, rx)) = (there, back);
        let job = scope.spawn_blocking("doubles", move || {
            let mut count = 0;
            while let Ok(item) = takes.recv_blocking() {
                gives.send_blocking(item * 2).unwrap();
                count += 1;
            }
            count
        });
        together(|group| async move {
            group.spawn(async move {
                for item in 0..20 {
                    tx.send(item).await.unwrap();
                }
            });
            for item in 0..20 {
                assert_eq!(rx.recv().await, Ok(item * 2));
            }
            assert_eq!(rx.recv().await, Err(RecvError::Closed));
        })
        .await;
        assert_eq!(job.await.unwrap(), 20);
    }
    // Two jobs that wait for each other, and each of the other channels.
    let ((tx, rx), (answers, answered)) = (oneshot(), oneshot());
    let asks = scope.spawn_blocking("asks", move || {
        tx.send(3).unwrap();
        answered.recv_blocking()
    });
    let answers = scope.spawn_blocking("answers", move || answers.send(rx.recv_blocking().unwrap() + 1));
    assert_eq!((asks.await.unwrap(), answers.await.unwrap()), (Ok(4), Ok(())));
    let (bus, (latest, mut watches)) = (broadcast(1), watch(0));
    let mut hears = bus.subscribe();
    let hears = scope.spawn_blocking("hears", move || (hears.recv_blocking(), hears.recv_blocking()));
    let watches = scope.spawn_blocking("watches", move || watches.wait_for_blocking(|value| *value == 2));
    assert_eq!((bus.send(1).await, bus.send(2).await), (1, 1));
    latest.send(1);
    give_way().await;
    latest.send(2);
    assert_eq!((hears.await.unwrap(), watches.await.unwrap().as_deref()), ((Ok(1), Ok(2)), Ok(&2)));
}

async fn blocking_work_waits_no_longer_than_its_limit() {
    let (scope, clock) = (current_scope().expect("a case runs in a scope"), Clock::start());
    let (tx, rx) = bounded::<u8>(1);
    let waits = rx.clone();
    let job = scope.spawn_blocking("waits", move || {
        (waits.recv_blocking_within(Duration::ZERO), waits.recv_blocking_within(unit()))
    });
    assert_eq!(job.await.unwrap(), (Err(TryRecvError::Empty), Err(TryRecvError::Empty)));
    clock.assert_at(1);
    // What comes in time is had, at the very moment and before it.
    let sends = tx.clone();
    let job = scope.spawn_blocking("waits", move || rx.recv_blocking_within(unit() * 100_000));
    sleep(unit()).await;
    sends.send(5).await.unwrap();
    assert_eq!(job.await.unwrap(), Ok(5));
    clock.assert_at(2);
    assert_eq!((tx.statistics().waiting_receivers, tx.statistics().used), (0, 0));
}

async fn blocking_work_hears_of_the_end_of_its_run() {
    // What it waits for goes with a task of the run that is cancelled: the wait is over, and so the run is.
    let ended = Dropped::new();
    let tells = ended.tells();
    let run = Run::new("run", inherit, move |scope| {
        let (tx, rx) = bounded::<u8>(1);
        let (begin, begun) = oneshot();
        drop(scope.spawn_blocking("waits", move || {
            begin.send(()).unwrap();
            assert_eq!(rx.recv_blocking(), Err(RecvError::Broken));
            drop(tells);
        }));
        let scope = scope.clone();
        scope.clone().spawn("holds", async move {
            let _tx = tx;
            pending::<()>().await;
        });
        async move {
            begun.await.unwrap();
            scope.cancel();
            pending::<()>().await;
        }
    });
    assert!(run.checked().await.unwrap_err().is_cancelled());
    assert_eq!(ended.count(), 1, "a run waits for blocking work that has begun");
}
