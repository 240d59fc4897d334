//! Cells whose value one of those who ask for it makes.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use anypipe_sync::OnceCell;

use crate::registry::Draw;
use crate::tools::{Waiter, Wakes, crowd, drop_after, fresh, give_way, kept, once, panic_in, together};

crate::suite::cases! { ($) once_cells as __once_cells {
    a_value_is_made_once(seed),
    who_fails_to_make_it_leaves_it_to_the_next(),
    a_cell_is_set_once(),
    who_asks_while_it_is_made_waits_and_all_go_on(),
    a_cell_that_is_set_gives_way(),
    a_hundred_thousand_ask_and_are_given_it(),
} }

async fn a_value_is_made_once(seed: u64) {
    let mut draw = Draw::new(seed);
    let seeds: Vec<_> = (0..6).map(|_| draw.any()).collect();
    let shared = Arc::new((OnceCell::new(), AtomicUsize::new(0), AtomicUsize::new(0)));
    let used = Arc::clone(&shared);
    together(move |group| async move {
        for seed in seeds {
            let shared = Arc::clone(&shared);
            group.spawn(async move {
                let (mut draw, (cell, tries, made)) = (Draw::new(seed), &*shared);
                loop {
                    let (fails, polls) = (draw.coin(), draw.within(1..=4));
                    let one = cell.get_or_try_init(|| async {
                        assert_eq!(tries.fetch_add(1, Ordering::SeqCst), 0, "two make it at once");
                        let _tries = Leaves(tries);
                        give_way().await;
                        if fails {
                            return Err(());
                        }
                        Ok(made.fetch_add(1, Ordering::SeqCst))
                    });
                    if let Some(Ok(value)) = drop_after(polls, one).await {
                        assert_eq!(*value, 0);
                        return;
                    }
                }
            });
        }
    })
    .await;
    assert_eq!(used.2.load(Ordering::SeqCst), 1);
    let told = used.0.statistics();
    assert_eq!((told.is_set, told.is_being_made, told.waiting), (true, false, 0));
}

/// Counts down when it is dropped.
struct Leaves<'a>(&'a AtomicUsize);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn who_fails_to_make_it_leaves_it_to_the_next() {
    let cell = OnceCell::new();
    // It is dropped.
    let mut first = Box::pin(cell.get_or_init(pending::<u8>));
    assert!(fresh(&mut first).await.is_pending());
    let mut second = Box::pin(cell.get_or_try_init(async || Err("no")));
    assert!(fresh(&mut second).await.is_pending());
    let mut third = Box::pin(cell.get_or_init(async || panic!("it panics")));
    assert!(fresh(&mut third).await.is_pending());
    let mut fourth = Box::pin(cell.get_or_init(async || 4));
    assert!(fresh(&mut fourth).await.is_pending());
    let told = cell.statistics();
    assert_eq!((told.is_set, told.is_being_made, told.waiting), (false, true, 3));
    drop(first);
    // It fails.
    assert_eq!(fresh(&mut second).await, Poll::Ready(Err("no")));
    assert!(fresh(&mut fourth).await.is_pending(), "it is the third's turn");
    assert_eq!(panic_in(third).await.as_deref(), Some("it panics"));
    assert_eq!(fresh(&mut fourth).await, Poll::Ready(&4));
    assert_eq!(cell.get(), Some(&4));
}

async fn a_cell_is_set_once() {
    let cell = OnceCell::new();
    let mut makes = Box::pin(cell.get_or_init(pending::<u8>));
    assert!(fresh(&mut makes).await.is_pending());
    assert_eq!(cell.set(1), Err(1), "somebody makes it");
    drop(makes);
    assert_eq!(cell.set(2), Ok(()));
    assert_eq!(cell.set(3), Err(3));
    assert_eq!(cell.get_or_init(async || 4).await, &2);
    assert_eq!(OnceCell::from(5).get_or_try_init(async || Err(())).await, Ok(&5));
}

async fn who_asks_while_it_is_made_waits_and_all_go_on() {
    let (cell, go) = (kept(OnceCell::new()), Arc::new(AtomicUsize::new(0)));
    let goes = Arc::clone(&go);
    let mut makes = Waiter::new(0, async move {
        *cell
            .get_or_init(|| async move {
                while goes.load(Ordering::SeqCst) == 0 {
                    give_way().await;
                }
                7
            })
            .await
    });
    assert!(makes.poll().await.is_pending());
    let mut waiters: Vec<_> =
        (1..=20).map(|id| Waiter::new(id, async move { *cell.get_or_init(async || 8).await })).collect();
    for waiter in &mut waiters {
        assert!(waiter.poll_now().is_pending());
    }
    go.store(1, Ordering::SeqCst);
    assert_eq!(makes.poll().await, Poll::Ready(7));
    // All at once, and not one after the other.
    for waiter in &mut waiters {
        assert_eq!(waiter.wakes.count(), 1);
    }
    for mut waiter in waiters {
        assert_eq!(waiter.poll().await, Poll::Ready(7));
    }
}

async fn a_cell_that_is_set_gives_way() {
    let (cell, over) = (OnceCell::from(1), Arc::new(AtomicBool::new(false)));
    together(|group| async move {
        let ends = Arc::clone(&over);
        group.spawn(async move {
            while !over.load(Ordering::SeqCst) {
                cell.get_or_init(async || 2).await;
            }
        });
        // Where there is one thread this needs the loop to give way.
        group.spawn(async move { ends.store(true, Ordering::SeqCst) });
    })
    .await;
}

async fn a_hundred_thousand_ask_and_are_given_it() {
    let (crowd, cell, wakes) = (crowd(), OnceCell::new(), Wakes::new());
    let mut makes = Box::pin(cell.get_or_init(pending::<u8>));
    assert!(once(&mut makes).await.is_pending());
    let mut waits: VecDeque<_> = (0..crowd).map(|_| Box::pin(cell.get_or_init(async || 1))).collect();
    for wait in &mut waits {
        assert!(wait.as_mut().poll(&mut Context::from_waker(&wakes.waker())).is_pending());
    }
    assert_eq!(cell.statistics().waiting, crowd);
    // Half of them go, from both ends; then who makes it does, and the first that is left makes it.
    for _ in 0..crowd / 4 {
        waits.pop_front();
        waits.pop_back();
    }
    assert_eq!((cell.statistics().waiting, wakes.count()), (waits.len(), 0));
    drop(makes);
    assert_eq!(wakes.count(), 1);
    for mut wait in waits {
        // One may give way once, after many in one poll.
        while once(&mut wait).await.is_pending() {}
    }
    assert_eq!((cell.statistics().waiting, cell.get()), (0, Some(&1)));
}
