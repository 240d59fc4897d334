//! Children that are started, their handles, and tokens.

use std::future::{Future, pending, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use anypipe_core::ErrorKind;
use anypipe_core::run::{StartError, Started, TaskHandle, inherit, move_on_after, shield, task_group};
use anypipe_core::scope::CancelToken;

use crate::registry::Draw;
use crate::tools::{Clock, Dropped, drop_after, give_way, panic_in, settle, sleep, together, unit, until};

crate::suite::cases! { ($) tasks as __tasks {
    a_child_that_fails_before_it_is_ready_fails_its_starter_alone(),
    a_child_that_fails_once_it_is_ready_fails_the_group(),
    a_started_that_is_let_go_is_told_at_once(),
    a_started_that_goes_with_its_child_tells_the_childs_end(),
    an_error_that_no_starter_waits_for_fails_the_group(),
    a_child_that_panics_before_it_is_ready_fails_the_group(),
    a_child_that_panics_when_all_others_have_ended_fails_the_group(),
    a_child_that_can_not_be_started_says_why(),
    a_handle_joins_cancels_and_goes_with_its_child_where_asked(),
    a_guard_cancels_its_token_unless_disarmed(),
    what_is_drawn_ends_with_its_scope(seed),
} }

async fn a_child_that_fails_before_it_is_ready_fails_its_starter_alone() {
    let group = task_group(inherit, |group| async move {
        let sibling = group.spawn(async {
            sleep(unit()).await;
            "went on"
        });
        // At once, by a `?` that drops the `Started` a moment before; and after a while.
        let at_once = group.start_try(|started: Started<()>| async move {
            Err::<(), _>("at once")?;
            started.ready(());
            Ok(())
        });
        assert!(matches!(at_once.await, Err(StartError::Failed("at once"))));
        let later = group.start_try(|started: Started<()>| async move {
            give_way().await;
            give_way().await;
            Err::<(), _>("later")?;
            started.ready(());
            Ok(())
        });
        assert!(matches!(later.await, Err(StartError::Failed("later"))));
        assert!(!group.is_cancelled());
        Ok(sibling.await.expect("nobody cancels it"))
    });
    assert_eq!(group.all_errors().await, Ok("went on"));
}

async fn a_child_that_fails_once_it_is_ready_fails_the_group() {
    let dropped = Dropped::new();
    let tells = dropped.tells();
    let group = task_group(inherit, |group| async move {
        group.spawn(async move {
            pending::<()>().await;
            drop(tells);
        });
        let port = group.start_try(|started| async move {
            started.ready(80);
            sleep(unit()).await;
            Err::<(), _>("afterwards")
        });
        assert_eq!(port.await.expect("it is ready"), 80);
        pending::<()>().await;
        Ok(())
    });
    assert_eq!(group.all_errors().await, Err(vec!["afterwards"]));
    assert_eq!(dropped.count(), 1);

    // In the same poll as the readiness.
    let group = task_group(inherit, |group| async move {
        let child = group.start_try(|started| async move {
            started.ready(());
            Err::<(), _>("at once")
        });
        assert!(child.await.is_ok());
        pending::<Result<(), _>>().await
    });
    assert_eq!(group.await, Err("at once"));
}

async fn a_started_that_is_let_go_is_told_at_once() {
    let clock = Clock::start();
    let ended = Arc::new(AtomicBool::new(false));
    let tells = Arc::clone(&ended);
    together(|group| async move {
        // In the child, before it is ever polled, and by somebody else.
        let first = group.start(|started: Started<()>| async move {
            drop(started);
            sleep(unit()).await;
            tells.store(true, Ordering::SeqCst);
        });
        let error = first.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Broken);
        assert!(error.to_string().contains("let its `Started` go"), "{error}");
        let unpolled = group.start(|started: Started<()>| {
            drop(started);
            pending::<()>()
        });
        assert_eq!(unpolled.await.unwrap_err().kind(), ErrorKind::Broken);
        let inner = group.clone();
        let elsewhere = group.start(move |started: Started<()>| async move {
            inner.spawn(async move {
                give_way().await;
                drop(started);
            });
            pending::<()>().await;
        });
        assert_eq!(elsewhere.await.unwrap_err().kind(), ErrorKind::Broken);
        let failing = group.start_try(|started: Started<()>| async move {
            drop(started);
            pending::<Result<(), ()>>().await
        });
        assert!(
            matches!(failing.await, Err(StartError::NotReady(error)) if error.kind() == ErrorKind::Broken)
        );
        if crate::tools::is_exact() {
            clock.assert_at(0);
        }
        until(|| ended.load(Ordering::SeqCst)).await;
        group.cancel();
        Ok(())
    })
    .await
    .unwrap();
}

async fn a_started_that_goes_with_its_child_tells_the_childs_end() {
    together(|group| async move {
        let ends = group.start(|started: Started<()>| async move { drop(started) });
        let error = ends.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Broken);
        assert!(error.to_string().contains("ended without calling `ready`"), "{error}");
        let inner = group.clone();
        let waits = group.spawn(async move {
            let waits = inner.start(|started: Started<()>| async move {
                pending::<()>().await;
                started.ready(());
            });
            waits.await.unwrap_err().kind()
        });
        give_way().await;
        assert!(!waits.is_finished());
        waits.cancel();
        assert!(waits.join().await.unwrap_err().is_cancelled());
        group.cancel();
    })
    .await;

    // Cancelled before it is ready: its starter, outside, hears of that and not of the `Started`.
    together(|outer| async move {
        let inner = task_group(inherit, move |group| async move {
            let cancels = group.clone();
            let child = outer.spawn(async move {
                let never = group.start(|started: Started<()>| async move {
                    pending::<()>().await;
                    started.ready(());
                });
                never.await.unwrap_err().kind()
            });
            give_way().await;
            give_way().await;
            cancels.cancel();
            child.await.unwrap()
        });
        assert_eq!(inner.await, ErrorKind::Cancelled);
    })
    .await;
}

async fn an_error_that_no_starter_waits_for_fails_the_group() {
    // The starter was dropped before the child failed.
    let group = task_group(inherit, |group| async move {
        let token = CancelToken::new();
        let waits = token.clone();
        let starting = group.start_try(|started: Started<()>| async move {
            waits.cancelled().await;
            drop(started);
            Err::<(), _>("unheard")
        });
        assert!(drop_after(3, starting).await.is_none());
        token.cancel();
        pending::<Result<(), _>>().await
    });
    assert_eq!(group.await, Err("unheard"));

    // It was told that the `Started` is gone.
    let group = task_group(inherit, |group| async move {
        let token = CancelToken::new();
        let waits = token.clone();
        let starting = group.start_try(|started: Started<()>| async move {
            drop(started);
            waits.cancelled().await;
            Err::<(), _>("too late")
        });
        assert!(matches!(starting.await, Err(StartError::NotReady(_))));
        token.cancel();
        pending::<Result<(), _>>().await
    });
    assert_eq!(group.await, Err("too late"));

    // It was given the error, and dropped before it looked.
    let group = task_group(inherit, |group| async move {
        let (failed, token) = (Arc::new(AtomicBool::new(false)), CancelToken::new());
        let (tells, waits) = (Arc::clone(&failed), token.clone());
        let mut starting = Box::pin(group.start_try(|started: Started<()>| async move {
            waits.cancelled().await;
            tells.store(true, Ordering::SeqCst);
            drop(started);
            Err::<(), _>("unseen")
        }));
        assert!(crate::tools::once(&mut starting).await.is_pending());
        token.cancel();
        until(|| failed.load(Ordering::SeqCst)).await;
        give_way().await;
        drop(starting);
        pending::<Result<(), _>>().await
    });
    assert_eq!(group.await, Err("unseen"));
}

async fn a_child_that_panics_before_it_is_ready_fails_the_group() {
    let group = task_group(inherit, |group| async move {
        let panics = group.start(|started: Started<()>| async move {
            give_way().await;
            assert!(std::hint::black_box(false), "no port");
            started.ready(());
        });
        assert!(panics.await.unwrap_err().is_panic());
    });
    let text = panic_in(group).await.expect("the panic goes on in the group's awaiter");
    assert_eq!(text, "stage `task` panicked: no port");
}

/// The body is told also where it was told before that there are no children any more.
async fn a_child_that_panics_when_all_others_have_ended_fails_the_group() {
    let (given, had) = (Arc::new(Mutex::new(None)), Dropped::new());
    let (gives, tells) = (Arc::clone(&given), had.tells());
    let group = task_group(inherit, |group| async move {
        group.spawn(async move { drop(tells) });
        *gives.lock().unwrap() = Some(group);
        pending::<()>().await;
    });
    together(|around| async move {
        let text = around.spawn(panic_in(group));
        until(|| had.count() == 1 && given.lock().unwrap().is_some()).await;
        settle().await;
        let group = given.lock().unwrap().take().expect("it was given");
        group.spawn(async { assert!(std::hint::black_box(false), "late") });
        assert!(text.await.expect("it doesn't panic").is_some_and(|text| text.ends_with("panicked: late")));
    })
    .await;
}

async fn a_child_that_can_not_be_started_says_why() {
    let (keeps, kept) = std::sync::mpsc::channel();
    let group = task_group(inherit, |group| async move {
        group.cancel();
        let refused = group.start(|started: Started<()>| async move { started.ready(()) }).await;
        assert!(refused.unwrap_err().is_cancelled());
        keeps.send(group).unwrap();
        Ok::<(), &str>(())
    });
    assert_eq!(group.await, Ok(()));
    let late = kept.recv().unwrap();
    let refused = late.start_try(|started: Started<()>| async move {
        started.ready(());
        Ok::<(), &str>(())
    });
    assert!(
        matches!(refused.await, Err(StartError::NotReady(error)) if error.kind() == ErrorKind::ScopeEnded)
    );
}

async fn a_handle_joins_cancels_and_goes_with_its_child_where_asked() {
    let dropped = Dropped::new();
    let tells = dropped.clone();
    let group = together(|group| async move {
        assert_eq!(group.spawn(async { 1 }).join().await.unwrap(), 1);
        let tell = tells.tells();
        let guarded = group.spawn(async move {
            pending::<()>().await;
            drop(tell);
        });
        let guarded = guarded.abort_on_drop();
        assert!(!guarded.is_finished());
        give_way().await;
        drop(guarded);
        until(|| tells.count() == 1).await;
        // Joined by its guard; cancelled by it; and one that has ended, which is no harm.
        assert_eq!(group.spawn(ready(2)).abort_on_drop().join().await.unwrap(), 2);
        let guarded = group.spawn(pending::<()>()).abort_on_drop();
        guarded.cancel();
        assert!(guarded.await.unwrap_err().is_cancelled());
        let over = group.spawn(ready(3)).abort_on_drop();
        until(|| over.is_finished()).await;
        drop(over);
        // Let go without a guard it runs on.
        let (token, waits) = (CancelToken::new(), CancelToken::new());
        let (hears, tells_back) = (token.clone(), waits.clone());
        drop(group.spawn(async move {
            hears.cancelled().await;
            tells_back.cancel();
        }));
        token.cancel();
        waits.cancelled().await;
        assert!(!group.is_cancelled());
        "went on"
    });
    assert_eq!(group.await, "went on");
}

async fn a_guard_cancels_its_token_unless_disarmed() {
    let token = CancelToken::new();
    let leaf = token.child();
    let kept = leaf.clone().drop_guard().disarm();
    assert!(!kept.is_cancelled());
    let guard = leaf.clone().drop_guard();
    together(|group| async move {
        let waits = group.spawn(async move { leaf.cancelled().await });
        give_way().await;
        assert!(!waits.is_finished());
        drop(guard);
        waits.await.unwrap();
    })
    .await;
    assert!(kept.is_cancelled());
    assert!(!token.is_cancelled(), "a token is not cancelled with those below it");
}

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a drawn program is watched by.
#[derive(Clone, Default)]
struct Watched {
    /// One for each task that is alive.
    tasks: Dropped,
    /// How many shields have begun, and how many of them were done.
    shields: Arc<[AtomicUsize; 2]>,
}

/// Work that is drawn: it waits, and does to others what others do to it.
fn drawn(mut draw: Draw, depth: usize, watched: Watched, token: CancelToken) -> BoxFuture {
    Box::pin(async move {
        let _alive = watched.tasks.tells();
        for _ in 0..draw.within(0..=3) {
            let (below, seed) = (depth.saturating_sub(1), draw.any());
            let inner: BoxFuture = drawn(Draw::new(seed), below, watched.clone(), token.child());
            match draw.below(if depth == 0 { 3 } else { 9 }) {
                0 => give_way().await,
                1 => sleep(std::time::Duration::from_millis(1 + seed % 3)).await,
                2 => {
                    token.run_until_cancelled(sleep(std::time::Duration::from_millis(seed % 5))).await;
                }
                3 => family(Draw::new(seed), below, watched.clone(), token.child()).await,
                // Dropped in its middle.
                4 => {
                    let group = family(Draw::new(seed), below, watched.clone(), token.child());
                    drop_after(1 + draw.below(6), group).await;
                }
                5 => {
                    let guard = token.child().drop_guard();
                    inner.await;
                    drop(guard);
                }
                6 => {
                    move_on_after(inherit, std::time::Duration::from_millis(seed % 4), inner).await;
                }
                _ => {
                    let (shields, work) = (Arc::clone(&watched.shields), inner);
                    let shielded = shield(inherit, async move {
                        shields[0].fetch_add(1, Ordering::SeqCst);
                        work.await;
                        shields[1].fetch_add(1, Ordering::SeqCst);
                    });
                    if draw.coin() {
                        shielded.await;
                    } else {
                        drop_after(1 + draw.below(3), shielded).await;
                    }
                }
            }
        }
    })
}

/// A group of drawn children, of which some are cancelled.
fn family(mut draw: Draw, depth: usize, watched: Watched, token: CancelToken) -> BoxFuture {
    Box::pin(async move {
        let group = task_group(inherit, move |group| async move {
            let mut handles = Vec::new();
            for _ in 0..draw.within(1..=4) {
                let child = drawn(Draw::new(draw.any()), depth, watched.clone(), token.child());
                match draw.below(7) {
                    0 => {
                        let started = group.start(|started: Started<()>| async move {
                            started.ready(());
                            child.await;
                        });
                        drop(started.await);
                    }
                    1 => drop(group.spawn(child).abort_on_drop()),
                    2 => drop(group.spawn(child).join().await),
                    3 => group.spawn(child).cancel(),
                    _ => handles.push(group.spawn(child)),
                }
            }
            match draw.below(4) {
                0 => group.cancel(),
                1 => token.cancel(),
                2 => handles.iter().for_each(TaskHandle::cancel),
                _ => {}
            }
            if draw.coin() {
                for handle in handles {
                    drop(handle.await);
                    // What it was is over with it, whatever it was.
                    give_way().await;
                }
            }
        });
        drop(group.checked().await);
    })
}

async fn what_is_drawn_ends_with_its_scope(seed: u64) {
    let mut draw = Draw::new(seed);
    for round in 0..8 {
        let watched = Watched::default();
        let (inner, token) = (watched.clone(), CancelToken::new());
        let whole = family(Draw::new(draw.any()), 3, inner, token);
        if round % 2 == 0 {
            whole.await;
        } else {
            // Dropped, and adopted by the group around it.
            let polls = 1 + draw.below(20);
            together(move |_| async move {
                drop_after(polls, whole).await;
            })
            .await;
        }
        assert_eq!(watched.tasks.live(), 0, "nothing outlives its scope");
        let [begun, done] = [0, 1].map(|n| watched.shields[n].load(Ordering::SeqCst));
        assert_eq!(begun, done, "what was shielded was done");
    }
}
