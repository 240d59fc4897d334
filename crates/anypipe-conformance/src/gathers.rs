//! D, and what else holds for futures that are gathered: `gather`, `try_gather` and `as_completed`.

use std::future::{Future, pending, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anypipe_core::ErrorKind;
use anypipe_core::channel::{RecvError, bounded};
use anypipe_core::run::{RunStream, as_completed, gather, inherit, try_gather};
use anypipe_core::scope::{CancelToken, current_scope};

use crate::registry::Draw;
use crate::tools::{Dropped, give_way, next, once, panic_in, panic_of, settle, sleep, together, unit, until};

crate::suite::cases! { ($) gathers as __gathers {
    d01_gather_keeps_the_order(),
    d01_gather_of_nothing_is_empty(),
    d02_as_completed_gives_what_is_done(),
    d03_try_gather_cancels_the_others(),
    d03_an_error_is_an_item_of_as_completed(),
    all_errors_of_try_gather_are_told_where_asked_for(),
    a_limit_of_zero_is_refused(),
    no_more_are_alive_than_the_limit(),
    as_many_are_under_way_as_the_limit(),
    without_a_limit_all_are_under_way(),
    what_is_not_taken_holds_the_others_back(),
    a_slow_future_holds_nobody_back(),
    nothing_is_pulled_once_the_scope_is_cancelled(),
    a_dropped_gather_is_joined_by_the_scope_around_it(),
    a_panic_in_a_future_or_the_iterator_goes_on(),
    outcomes_that_panic_when_they_are_dropped_are_dropped_one_by_one(),
    what_the_iterator_sends_into_is_closed_at_its_end_and_broken_before(),
    what_is_drawn_is_what_is_given(seed),
} }

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Futures that wait for each other: each gives its number once the one before it in `order` was done.
fn in_order(order: [usize; 3]) -> Vec<BoxFuture<usize>> {
    let gates: Arc<[CancelToken]> = (0..4).map(|_| CancelToken::new()).collect();
    gates[0].cancel();
    let at = |n| order.iter().position(|other| *other == n).expect("each is in the order");
    let gated = |n| {
        let (gates, at) = (Arc::clone(&gates), at(n));
        Box::pin(async move {
            gates[at].cancelled().await;
            gates[at + 1].cancel();
            n
        }) as BoxFuture<usize>
    };
    (0..3).map(gated).collect()
}

async fn d01_gather_keeps_the_order() {
    assert_eq!(gather(inherit, 3, in_order([2, 1, 0])).await, [0, 1, 2]);
    assert_eq!(gather(inherit, None, in_order([1, 2, 0])).await, [0, 1, 2]);
    assert_eq!(gather(inherit, 1, in_order([0, 1, 2])).await, [0, 1, 2]);
    let all = try_gather(
        inherit,
        usize::MAX,
        in_order([2, 0, 1]).into_iter().map(|future| async { Ok::<_, ()>(future.await) }),
    );
    assert_eq!(all.await, Ok(vec![0, 1, 2]));
}

async fn d01_gather_of_nothing_is_empty() {
    assert!(gather(inherit, 3, Vec::<BoxFuture<u8>>::new()).await.is_empty());
    assert!(gather(inherit, None, Vec::<BoxFuture<u8>>::new()).await.is_empty());
    assert_eq!(try_gather(inherit, 3, Vec::<BoxFuture<Result<u8, u8>>>::new()).await, Ok(vec![]));
    let mut none = RunStream::new(inherit, as_completed(3, Vec::<BoxFuture<u8>>::new()));
    assert_eq!(next(&mut none).await, None);
}

async fn d02_as_completed_gives_what_is_done() {
    // The next is not done before the last was given: what is done at about the same time comes in any order.
    let gates: Vec<_> = (0..3).map(|_| CancelToken::new()).collect();
    let gated = |n: usize| {
        let gate = gates[n].clone();
        Box::pin(async move {
            gate.cancelled().await;
            n
        }) as BoxFuture<usize>
    };
    let mut done = RunStream::new(inherit, as_completed(None, (0..3).map(gated).collect::<Vec<_>>()));
    for expected in [1, 2, 0] {
        gates[expected].cancel();
        assert_eq!(next(&mut done).await, Some(expected));
    }
    assert_eq!(next(&mut done).await, None);
    // One at a time they are done in their own order.
    let mut done = RunStream::new(inherit, as_completed(1, in_order([0, 1, 2])));
    for expected in [0, 1, 2] {
        assert_eq!(next(&mut done).await, Some(expected));
    }
    assert_eq!(next(&mut done).await, None);
}

async fn d03_try_gather_cancels_the_others() {
    let (dropped, begun) = (Dropped::new(), Arc::new(AtomicUsize::new(0)));
    let (tells, begins) = (dropped.clone(), Arc::clone(&begun));
    let futures = (0..).map(move |n| {
        let (tells, begins) = (tells.tells(), Arc::clone(&begins));
        async move {
            begins.fetch_add(1, Ordering::SeqCst);
            if n == 0 {
                until(|| begins.load(Ordering::SeqCst) == 3).await;
                return Err("no");
            }
            pending::<()>().await;
            drop(tells);
            Ok(n)
        }
    });
    assert_eq!(try_gather(inherit, 3, futures).await, Err("no"));
    assert_eq!(begun.load(Ordering::SeqCst), 3, "nothing was started after it");
    assert_eq!(dropped.live(), 0, "the others were cancelled and joined");
}

async fn d03_an_error_is_an_item_of_as_completed() {
    let dropped = Dropped::new();
    let tells = dropped.clone();
    together(|_| async move {
        let futures = (0..3).map(move |n| {
            let tells = tells.tells();
            async move {
                if n == 1 {
                    return Err(7);
                }
                pending::<()>().await;
                drop(tells);
                Ok(n)
            }
        });
        let mut done = RunStream::new(inherit, as_completed(None, futures));
        assert_eq!(next(&mut done).await, Some(Err(7)));
    })
    .await;
    assert_eq!(dropped.live(), 0);
}

async fn all_errors_of_try_gather_are_told_where_asked_for() {
    let futures = (0..6).map(|n| async move {
        give_way().await;
        if n % 2 == 0 { Ok(n) } else { Err(n) }
    });
    let mut errors = try_gather(inherit, 2, futures).all_errors().await.unwrap_err();
    errors.sort_unstable();
    assert_eq!(errors, [1, 3, 5]);
    let fine = try_gather(inherit, 2, (0..3).map(|n| ready(Ok::<_, ()>(n)))).all_errors();
    assert_eq!(fine.await, Ok(vec![0, 1, 2]));
}

async fn a_limit_of_zero_is_refused() {
    let texts = [
        panic_of(|| gather(inherit, 0, [ready(1)])),
        panic_of(|| try_gather(inherit, 0, [ready(Ok::<_, ()>(1))])),
        panic_of(|| as_completed(0, [ready(1)])),
    ];
    for text in texts {
        let text = text.expect("it is refused at once");
        assert!(text.contains("give 1 or more, or `None` for no limit"), "{text}");
    }
}

async fn no_more_are_alive_than_the_limit() {
    const LIMIT: usize = 8;
    let (dropped, most) = (Dropped::new(), Arc::new(AtomicUsize::new(0)));
    let (tells, notes) = (dropped.clone(), Arc::clone(&most));
    let length = 10_000;
    let futures = (0..length).map(move |n| {
        let tell = tells.tells();
        notes.fetch_max(tells.live(), Ordering::SeqCst);
        async move {
            if n % 64 == 0 {
                give_way().await;
            }
            drop(tell);
            n
        }
    });
    let all = gather(inherit, LIMIT, futures).await;
    assert!(all.into_iter().eq(0..length));
    let most = most.load(Ordering::SeqCst);
    assert!(most <= LIMIT, "{most}");
}

async fn as_many_are_under_way_as_the_limit() {
    let (begun, gate) = (Arc::new(AtomicUsize::new(0)), CancelToken::new());
    let (begins, waits) = (Arc::clone(&begun), gate.clone());
    let futures = (0..9).map(move |n| {
        let (begins, waits) = (Arc::clone(&begins), waits.clone());
        async move {
            begins.fetch_add(1, Ordering::SeqCst);
            waits.cancelled().await;
            n
        }
    });
    let all = together(|group| async move {
        let gathers = group.spawn(gather(inherit, 4, futures));
        until(|| begun.load(Ordering::SeqCst) >= 4).await;
        settle().await;
        assert_eq!(begun.load(Ordering::SeqCst), 4);
        gate.cancel();
        gathers.await.unwrap()
    });
    assert!(all.await.into_iter().eq(0..9));
}

async fn without_a_limit_all_are_under_way() {
    let (begun, gate) = (AtomicUsize::new(0), CancelToken::new());
    let begun = Arc::new(begun);
    let futures = (0..300).map(move |n| {
        let (begun, gate) = (Arc::clone(&begun), gate.clone());
        async move {
            // None goes on before all have begun.
            if begun.fetch_add(1, Ordering::SeqCst) == 299 {
                gate.cancel();
            }
            gate.cancelled().await;
            n
        }
    });
    assert!(gather(inherit, None, futures).await.into_iter().eq(0..300));
}

async fn what_is_not_taken_holds_the_others_back() {
    let made = Arc::new(AtomicUsize::new(0));
    let makes = Arc::clone(&made);
    let futures = (0..).map(move |n| {
        makes.fetch_add(1, Ordering::SeqCst);
        ready(n)
    });
    let mut done = RunStream::new(inherit, as_completed(3, futures));
    for taken in 1..20 {
        assert!(next(&mut done).await.is_some());
        until(|| made.load(Ordering::SeqCst) >= taken + 3).await;
        settle().await;
        assert_eq!(made.load(Ordering::SeqCst), taken + 3, "as many as were taken, and the limit");
    }
}

async fn a_slow_future_holds_nobody_back() {
    let gate = CancelToken::new();
    let waits = gate.clone();
    let futures = (0..200).map(move |n| {
        let waits = waits.clone();
        async move {
            if n == 0 {
                waits.cancelled().await;
            } else if n % 3 == 0 {
                give_way().await;
            }
            if n == 199 {
                waits.cancel();
            }
            n
        }
    });
    assert!(gather(inherit, 2, futures).await.into_iter().eq(0..200));
    assert!(gate.is_cancelled());
}

async fn nothing_is_pulled_once_the_scope_is_cancelled() {
    // In a poll of the worker's own, and among others in one poll.
    for (last, turns) in [(0, 0), (0, 1), (1, 1), (3, 0), (4, 0), (4, 1)] {
        let pulled = Arc::new(AtomicUsize::new(0));
        let pulls = Arc::clone(&pulled);
        let futures = (0..100).map(move |n| {
            pulls.fetch_add(1, Ordering::SeqCst);
            async move {
                for _ in 0..turns {
                    give_way().await;
                }
                if n == last {
                    current_scope().expect("it is gathered in a scope").cancel();
                }
            }
        });
        let gathered = gather(inherit, 1, futures).checked().await;
        assert_eq!(gathered.unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(pulled.load(Ordering::SeqCst), last + 1, "the one that cancels is the last");
    }
}

async fn a_dropped_gather_is_joined_by_the_scope_around_it() {
    for limit in [Some(2), None] {
        let dropped = Dropped::new();
        let tells = dropped.clone();
        together(move |_| async move {
            let begun = Arc::new(AtomicBool::new(false));
            let begins = Arc::clone(&begun);
            let futures = (0..5).map(move |n| {
                let (tells, begins) = (tells.tells(), Arc::clone(&begins));
                async move {
                    begins.store(true, Ordering::SeqCst);
                    if n > 0 {
                        pending::<()>().await;
                    }
                    drop(tells);
                }
            });
            let mut gathers = Box::pin(gather(inherit, limit, futures));
            assert!(once(&mut gathers).await.is_pending());
            until(|| begun.load(Ordering::SeqCst)).await;
            drop(gathers);
        })
        .await;
        assert_eq!(dropped.live(), 0, "a limit of {limit:?}");
    }
    let late = gather(inherit, 2, (0..).map(|_| pending::<()>())).deadline(unit()).checked().await;
    assert_eq!(late.unwrap_err().kind(), ErrorKind::TimedOut);
}

async fn a_panic_in_a_future_or_the_iterator_goes_on() {
    let dropped = Dropped::new();
    let tells = dropped.clone();
    let futures = (0..3).map(move |n| {
        let tells = tells.tells();
        async move {
            assert!(n < 2, "two");
            pending::<()>().await;
            drop(tells);
        }
    });
    assert_eq!(
        panic_in(gather(inherit, None, futures)).await.as_deref(),
        Some("stage `gather` panicked: two")
    );
    assert_eq!(dropped.live(), 0);
    let futures = (0..3).map(|n| {
        assert!(n < 2, "the iterator");
        pending::<()>()
    });
    let error = gather(inherit, None, futures).checked().await.unwrap_err();
    assert_eq!(error.to_string(), "stage `gather` panicked: the iterator");
    let futures = (0..3).map(|n| async move { assert!(n < 2, "two") });
    let mut done = RunStream::new(inherit, as_completed(1, futures)).checked();
    assert!(next(&mut done).await.unwrap().is_ok());
    assert!(next(&mut done).await.unwrap().is_ok());
    let error = next(&mut done).await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "stage `as_completed` panicked: two");
    assert!(next(&mut done).await.is_none());
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        // Two at once abort the process.
        panic!("bomb");
    }
}

async fn outcomes_that_panic_when_they_are_dropped_are_dropped_one_by_one() {
    let error = together(|_| async move {
        let futures = (0..3).map(|n| async move {
            if n == 2 {
                give_way().await;
                return Err(());
            }
            Ok(Bomb)
        });
        try_gather(inherit, 1, futures).checked().await.map(drop).unwrap_err()
    });
    assert!(error.await.to_string().starts_with("stage `try_gather` panicked: bomb"));
    // Those that nobody has taken; the scope around the stream is told.
    let group = together(|_| async move {
        let (gate, made) = (CancelToken::new(), Arc::new(AtomicUsize::new(0)));
        let (waits, makes) = (gate.clone(), Arc::clone(&made));
        let futures = (0..2).map(move |_| {
            let (waits, makes) = (waits.clone(), Arc::clone(&makes));
            async move {
                waits.cancelled().await;
                makes.fetch_add(1, Ordering::SeqCst);
                Bomb
            }
        });
        let mut done = RunStream::new(inherit, as_completed(2, futures));
        assert!(once(Box::pin(next(&mut done))).await.is_pending());
        gate.cancel();
        until(|| made.load(Ordering::SeqCst) == 2).await;
        settle().await;
        drop(done);
    });
    assert!(panic_in(group).await.is_some_and(|text| text.contains("panicked: bomb")));
}

async fn what_the_iterator_sends_into_is_closed_at_its_end_and_broken_before() {
    let (sender, receiver) = bounded(8);
    let futures = (0..3).map(move |n| {
        let sender = sender.clone();
        async move { sender.send(n).await.expect("somebody receives") }
    });
    gather(inherit, 2, futures).await;
    let mut came = Vec::new();
    while let Ok(n) = receiver.recv().await {
        came.push(n);
    }
    came.sort_unstable();
    assert_eq!(came, [0, 1, 2]);
    assert_eq!(receiver.recv().await, Err(RecvError::Closed));

    let (sender, receiver) = bounded::<u8>(8);
    let futures = (0..).map(move |n| {
        let _sender = sender.clone();
        async move { if n < 3 { Ok(()) } else { Err("no") } }
    });
    assert_eq!(try_gather(inherit, 2, futures).await, Err("no"));
    assert_eq!(receiver.recv().await, Err(RecvError::Broken), "what was not started is cut off");
}

async fn what_is_drawn_is_what_is_given(seed: u64) {
    let mut draw = Draw::new(seed);
    for _ in 0..6 {
        let length = draw.within(0..=20);
        let limit = if draw.coin() { None } else { Some(draw.within(1..=6)) };
        let plan: Vec<(usize, usize)> = (0..length).map(|_| (draw.below(4), draw.below(3))).collect();
        let (dropped, alive) = (Dropped::new(), Arc::new(AtomicUsize::new(0)));
        let tells = dropped.clone();
        let most = Arc::clone(&alive);
        let futures = plan.clone().into_iter().enumerate().map(move |(n, (ways, naps))| {
            let tell = tells.tells();
            most.fetch_max(tells.live(), Ordering::SeqCst);
            async move {
                for _ in 0..ways {
                    give_way().await;
                }
                if naps > 1 {
                    sleep(std::time::Duration::from_millis(naps as u64)).await;
                }
                drop(tell);
                n
            }
        });
        match draw.below(3) {
            0 => assert!(gather(inherit, limit, futures).await.into_iter().eq(0..length)),
            1 => {
                let mut done = RunStream::new(inherit, as_completed(limit, futures));
                let mut came = Vec::new();
                while let Some(n) = next(&mut done).await {
                    came.push(n);
                    if draw.below(3) == 0 {
                        give_way().await;
                    }
                }
                came.sort_unstable();
                assert!(came.into_iter().eq(0..length));
            }
            _ => {
                let takes = draw.below(length + 1);
                let came = together(move |_| async move {
                    let mut done = RunStream::new(inherit, as_completed(limit, futures));
                    let mut came = Vec::new();
                    for _ in 0..takes {
                        came.extend(next(&mut done).await);
                    }
                    came
                });
                assert_eq!(came.await.len(), takes);
            }
        }
        assert_eq!(dropped.live(), 0);
        let most = alive.load(Ordering::SeqCst);
        assert!(limit.is_none_or(|limit| most <= limit), "{most} were alive with a limit of {limit:?}");
    }
}
