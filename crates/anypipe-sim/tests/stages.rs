//! Stages with tasks of their own, between a probe source and a probe sink.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use anypipe_core::drive::{At, Boundary, Order, Work};
use anypipe_core::run::inherit;
use anypipe_core::runtime::RuntimeHandle;
use anypipe_core::{Run, Scope, Sink, Source};
use anypipe_sim::testing::{Resources, SinkProbe, SourceProbe, probe_sink, probe_source, wait_all_blocked};
use anypipe_sim::{FailureKind, Sim};

/// Sleeps for as many milliseconds as the item says; `u64::MAX` is for ever.
struct Nap(RuntimeHandle);

impl Work<u64> for Nap {
    type Out = u64;
    type State = ();

    fn call<'a>(
        &'a self,
        (): &'a mut (),
        _at: At<'a>,
        item: u64,
    ) -> impl Future<Output = Option<u64>> + Send + 'a {
        let sleep = self.0.sleep(Duration::from_millis(item));
        async move {
            sleep.await;
            Some(item)
        }
    }
}

fn wire(scope: &Scope, stage: Boundary) -> (SourceProbe<u64>, SinkProbe<u64>) {
    let ((items, source), (results, sink)) = (probe_source(), probe_sink());
    let stream = stage.attach(source.attach(scope), Nap(scope.runtime().clone()), scope);
    let drained = sink.drain(stream, scope);
    scope.spawn("sink", drained);
    (items, results)
}

#[test]
fn a_stuck_pipeline_is_told_stage_by_stage() {
    let root = Run::new("stuck", inherit, |scope| {
        let (mut items, results) = wire(scope, Boundary::new("nap").rendezvous());
        let (more, wanting) = wire(scope, Boundary::new("hungry"));
        let (mut slow, others) = wire(scope, Boundary::new("sleepy"));
        async move {
            items.send(1);
            items.send(1);
            slow.send(u64::MAX);
            std::future::pending::<()>().await;
            drop((items, results, more, wanting, slow, others));
        }
    });
    let failure = Sim::new(3).try_run(root).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Deadlock);
    let text = failure.to_string();
    for told in [
        "`nap` waits for room in its output",
        "`hungry` waits for an item of its input",
        "`sleepy` waits for its own future",
    ] {
        assert!(text.contains(told), "`{told}` is missing in: {text}");
    }
}

#[test]
fn workers_keep_the_order_under_every_schedule() {
    Sim::each(300, |sim| {
        let items: Vec<u64> = (0..40).map(|item| item * 7 % 11).collect();
        let workers = usize::try_from(sim.seed() % 5).unwrap() + 1;
        let sent = items.clone();
        let came = sim.run(Run::new("ordered", inherit, move |scope| {
            let stage = Boundary::new("nap").workers(workers).buffer_size(3);
            let (mut source, mut results) = wire(scope, stage);
            async move {
                for item in sent {
                    source.send(item);
                }
                source.end();
                results.request(usize::MAX);
                let mut came = Vec::new();
                while let Some(item) = results.next().await {
                    came.push(item);
                }
                came
            }
        }));
        assert_eq!(came.value, items);
    });
}

#[test]
fn workers_are_all_busy_and_no_more_is_taken_than_may_be() {
    Sim::each(300, |sim| {
        sim.run(Run::new("bound", inherit, |scope| {
            let stage = Boundary::new("nap").workers(3).buffer_size(2).order(Order::Unordered);
            let (mut source, mut results) = wire(scope, stage);
            async move {
                (0..100).for_each(|_| source.send(u64::MAX));
                results.request(1);
                wait_all_blocked().await;
                assert_eq!(source.taken(), 3, "each worker naps");
            }
        }));
    });
}

#[test]
fn nothing_is_left_of_a_run_that_is_dropped_in_its_middle() {
    Sim::each(300, |sim| {
        let resources = Resources::new();
        let held = resources.clone();
        let steps = sim.seed() % 20;
        sim.run(async move {
            let run = Run::new("dropped", inherit, move |scope| {
                let runtime = scope.runtime().clone();
                for length in 0..5 {
                    let (runtime, item) = (runtime.clone(), held.hold(()));
                    scope.spawn("holder", async move {
                        runtime.sleep(Duration::from_millis(length)).await;
                        drop(item);
                    });
                }
                async move { runtime.sleep(Duration::from_millis(3)).await }
            });
            drop_after(steps, run).await;
        });
        resources.assert_none_left();
    });
}

/// Polls a future this often at most, then drops it.
async fn drop_after(polls: u64, future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Pin::as_mut(&mut future).poll(cx)
    })
    .await;
}
