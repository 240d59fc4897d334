//! What must not grow with the length of a program, and what must not fill the stack with its depth.

use std::future::{Future, pending};
use std::pin::Pin;
use std::time::{Duration, Instant};

use anypipe_core::Run;
use anypipe_core::option::KeyedBy;
use anypipe_core::run::{Running, inherit, task_group};
use anypipe_core::scope::CancelToken;

use anypipe_stages::{sink, source, stage};

use crate::case::{BoxFuture, Make, enter_scoped};
use crate::tools::{Around, Dropped, Flow, flow, give_way, together, until};

crate::suite::cases! { ($) growth as __growth {
    an_ended_run_is_not_held_by_what_it_started(),
    a_deep_tree_of_groups_is_cancelled(),
    a_deep_tree_of_groups_is_dropped(),
    a_long_line_of_tokens_is_cancelled_and_dropped(),
    an_item_costs_the_same_behind_a_long_line_of_its_key(make),
    an_item_costs_the_same_among_many_workers(make),
} }

/// How often the same work is done at the most, to find what it costs at its best: the machine is others' too.
const ROUNDS: usize = 4;

/// Checks that the same work costs less than four times as much among `many` as among `few`, setting up included.
fn costs_the_same(make: Make<'_>, few: usize, many: usize, work: fn(usize) -> BoxFuture) {
    #[expect(clippy::disallowed_methods, reason = "what our own code costs, which no runtime's clock knows")]
    let cost = |n| {
        let start = Instant::now();
        enter_scoped(&*make(), "growth", work(n));
        start.elapsed()
    };
    let mut best = [(few, Duration::MAX), (many, Duration::MAX)];
    for _ in 0..ROUNDS {
        best = best.map(|(n, best)| (n, best.min(cost(n))));
        let [(_, of_few), (_, of_many)] = best;
        if of_many < of_few * 4 {
            return;
        }
    }
    panic!("the same work costs {best:?} among few and among many");
}

fn an_item_costs_the_same_behind_a_long_line_of_its_key(make: Make<'_>) {
    // All items are of one key, so all that is taken waits for the one before.
    costs_the_same(make, 50, 2500, |buffer| {
        let work = stage::then(async |item: u32| {
            give_way().await;
            item
        });
        let work = flow(source::from_iter(0..6000)).pipe(work).workers(4).buffer_size(buffer);
        let run = Flow(work.0.keyed_by(|_: &u32| 0)).into(sink::count());
        Box::pin(async { assert_eq!(run.await, 6000) })
    });
}

fn an_item_costs_the_same_among_many_workers(make: Make<'_>) {
    if make().handle().name() == "sim" {
        // It weighs all that can run before each step, whoever made it.
        return;
    }
    costs_the_same(make, 100, 10_000, |workers| {
        let work = stage::then(async |item: u32| {
            give_way().await;
            item
        });
        let work = flow(source::from_iter(0..30_000)).pipe(work).workers(workers).buffer_size(1);
        let run = work.into(sink::count());
        Box::pin(async { assert_eq!(run.await, 30_000) })
    });
}

async fn an_ended_run_is_not_held_by_what_it_started() {
    let (around, over) = (Around::new(), CancelToken::new());
    let mut link = first(100, around.clone(), over.clone());
    for _ in 0..100 {
        link = *link.await.unwrap().expect("it starts another").0;
    }
    // The last of them still runs; those before it have ended.
    until(|| around.live() <= 2).await;
    over.cancel();
    assert!(link.await.unwrap().is_none());
    until(|| around.live() == 0).await;
}

/// The next of a line of runs, each of which starts the one after it, and ends.
struct Link(Box<Running<Option<Link>>>);

fn first(left: usize, around: Around, over: CancelToken) -> Running<Option<Link>> {
    let runtime = around.runtime();
    let body = move |_group| async move {
        if left == 0 {
            over.cancelled().await;
            return None;
        }
        Some(Link(Box::new(first(left - 1, around, over))))
    };
    task_group(inherit, body).on(runtime).start()
}

/// How deep groups lie in each other here: more than the stack of a thread has room for where each takes some.
const DEEP: usize = 3000;

fn nested(depth: usize, dropped: Dropped) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let tells = dropped.tells();
        let body = move |group: anypipe_core::run::TaskGroup<()>| async move {
            let _tells = tells;
            if depth > 0 {
                group.spawn(nested(depth - 1, dropped));
            }
            pending::<()>().await;
        };
        task_group(inherit, body).await;
    })
}

/// A tree of groups, one in the other, once all of them have begun.
async fn grown(dropped: &Dropped) -> Running<()> {
    let run = Run::new("tree", inherit, {
        let dropped = dropped.clone();
        move |_scope| nested(DEEP, dropped)
    });
    let running = run.start();
    until(|| dropped.live() == DEEP + 1).await;
    running
}

async fn a_deep_tree_of_groups_is_cancelled() {
    let dropped = Dropped::new();
    let running = grown(&dropped).await;
    running.control().cancel();
    assert!(running.await.unwrap_err().is_cancelled());
    assert_eq!(dropped.live(), 0);
}

async fn a_deep_tree_of_groups_is_dropped() {
    let dropped = Dropped::new();
    let tree = dropped.clone();
    // The scope around it joins what another thread is polling just then.
    together(|_group| async move { drop(grown(&tree).await) }).await;
    assert_eq!(dropped.live(), 0);
}

async fn a_long_line_of_tokens_is_cancelled_and_dropped() {
    let root = CancelToken::new();
    let mut leaf = root.clone();
    for _ in 0..100_000 {
        leaf = leaf.child();
    }
    root.cancel();
    assert!(leaf.is_cancelled());
    drop(root);
    drop(leaf);
}
