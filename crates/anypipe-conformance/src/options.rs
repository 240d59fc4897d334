//! Options: what takes one takes it in every form and in any order, and none is lost on the way.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use anypipe_core::channel::{Receiver, bounded};
use anypipe_core::drive::{At, Items, Work};
use anypipe_core::option::Parallel;
use anypipe_core::run::TimedOut;
use anypipe_core::{Holds, Scope, Sink, Source};
use anypipe_stages::option::TimeoutEach;
use anypipe_stages::{source, stage};
use futures_core::Stream;

use crate::tools::{Flow, flow, give_way, next, settle, until};

crate::suite::cases! { ($) options as __options {
    every_option_in_any_order(),
    every_option_on_work_of_others(),
    work_is_done_at_once_or_in_a_future(),
    a_call_for_room_is_never_lost(),
    options_of_results_go_to_the_work_on_values(),
    options_of_rows_go_to_their_making(),
    a_generator_has_a_buffer_of_any_size(),
} }

const WORKERS: usize = 3;
const KEYS: u32 = 4;
/// Far more than any case takes.
const LONG: TimeoutEach = TimeoutEach { limit: Duration::from_secs(3600) };

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what an option takes looks at items")]
fn key(n: &u32) -> u32 {
    n % KEYS
}

fn weigh<T>(_item: &T) -> usize {
    1
}

/// Work that lets the next items overtake some.
async fn now_and_then(n: u32) -> u32 {
    if n % 5 < 2 {
        give_way().await;
    }
    n
}

/// Runs stages of the same work with the same options, each in another order.
macro_rules! in_orders {
    ($work:expr, $check:expr; $($($option:ident($($given:expr),*)).+;)+) => {
        $({
            let told = stringify!($($option).+);
            let made = flow(source::from_iter(0..40_u32)).pipe($work)$(.$option($($given),*))+;
            assert_eq!(made.0.holds(), Holds::UNBOUNDED, "the weight is lost in {told}");
            $check(made.collect().await, told);
        })+
    };
}

/// All came, and those of each key in their order.
fn check(came: Vec<Result<u32, TimedOut>>, told: &str) {
    let came: Vec<u32> = came.into_iter().map(|item| item.expect("there was time")).collect();
    assert_eq!(came.len(), 40, "{told}");
    for wanted in 0..KEYS {
        let of_key: Vec<_> = came.iter().copied().filter(|n| key(n) == wanted).collect();
        assert!(of_key.is_sorted(), "the key is lost in {told}: {of_key:?}");
    }
}

async fn every_option_in_any_order() {
    let then = || stage::then(now_and_then);
    in_orders! { then(), check;
        workers(WORKERS).keyed(key).buffer_weight(9, weigh).wrap(LONG).unordered();
        wrap(LONG).buffer_weight(9, weigh).keyed(key).unordered().workers(WORKERS);
        buffer_weight(9, weigh).named("mine").wrap(LONG).workers(WORKERS).unordered().keyed(key);
    }
    let map = || stage::map(|n: u32| n);
    in_orders! { map(), check;
        keyed(key).blocking().workers(WORKERS).buffer_weight(9, weigh).wrap(LONG).unordered();
        wrap(LONG).named("mine").buffer_weight(9, weigh).keyed(key).blocking().unordered().workers(WORKERS);
        buffer_weight(9, weigh).workers(WORKERS).blocking().wrap(LONG).unordered().keyed(key);
        buffer_weight(9, weigh).workers(WORKERS).wrap(LONG).unordered().keyed(key);
    }
    let states = Arc::new(AtomicUsize::new(0));
    let map_with = || {
        let states = Arc::clone(&states);
        stage::map_with(move || states.fetch_add(1, Ordering::SeqCst), |_: &mut usize, n: u32| n)
    };
    in_orders! { map_with(), check;
        keyed(key).blocking().workers(WORKERS).buffer_weight(9, weigh).wrap(LONG).unordered();
        wrap(LONG).buffer_weight(9, weigh).keyed(key).blocking().unordered().workers(WORKERS);
        keyed(key).buffer_weight(9, weigh).workers(WORKERS).wrap(LONG).unordered();
    }
    assert!(states.load(Ordering::SeqCst) <= 3 * WORKERS, "a state for each worker of each run, at the most");
}

/// Work of somebody else's, of which nothing but `Work` is known.
struct Theirs;

impl Work<u32> for Theirs {
    type Out = u32;
    type State = ();

    async fn call(&self, _state: &mut (), _at: At<'_>, item: u32) -> Option<u32> {
        Some(now_and_then(item).await)
    }
}

async fn every_option_on_work_of_others() {
    in_orders! { Parallel::new("theirs", Theirs), check;
        workers(WORKERS).keyed(key).buffer_weight(9, weigh).wrap(LONG).unordered();
        wrap(LONG).buffer_weight(9, weigh).keyed(key).unordered().workers(WORKERS).named("mine");
    }
}

/// Work that does some items at once, filters some out, and makes a future of others.
struct Mixed;

impl Mixed {
    const fn make(item: u32) -> Option<u32> {
        if item % 7 == 0 { None } else { Some(item * 2) }
    }
}

impl Work<u32> for Mixed {
    type Out = u32;
    type State = u32;

    async fn call(&self, state: &mut u32, _at: At<'_>, item: u32) -> Option<u32> {
        assert!(item % 3 == 0, "{item} was worked on at once");
        *state += 1;
        now_and_then(item).await;
        Self::make(item)
    }

    fn call_now(&self, state: &mut u32, at: At<'_>, item: u32) -> Result<Option<u32>, u32> {
        assert_eq!((at.stage, at.index), ("mixed", u64::from(item)));
        if item % 3 == 0 {
            return Err(item);
        }
        *state += 1;
        Ok(Self::make(item))
    }
}

async fn work_is_done_at_once_or_in_a_future() {
    const ITEMS: u32 = 300;
    let expected: Vec<u32> = (0..ITEMS).filter_map(Mixed::make).collect();
    for workers in [1, 4] {
        for buffer in [1, 16] {
            let items = || flow(source::from_iter(0..ITEMS)).pipe(Parallel::new("mixed", Mixed));
            let mixed = || items().workers(workers).buffer_size(buffer);
            let run = mixed().collect().start();
            let control = run.control();
            assert_eq!(run.await.unwrap(), expected);
            let stats = control.stats();
            let counts = &stats.stages[0];
            let all = (counts.taken, counts.delivered, counts.filtered);
            let made = expected.len() as u64;
            assert_eq!(all, (u64::from(ITEMS), made, u64::from(ITEMS) - made));

            let sorted = |mut came: Vec<u32>| {
                came.sort_unstable();
                came
            };
            assert_eq!(sorted(mixed().unordered().collect().await), expected);
            assert_eq!(sorted(mixed().keyed(key).collect().await), expected);
            let weighed = items().workers(workers).keyed(key).buffer_weight(9, weigh).collect().await;
            assert_eq!(sorted(weighed), expected);
        }
    }
}

async fn options_of_results_go_to_the_work_on_values() {
    let results = |result: &Result<u32, TimedOut>| result.as_ref().map_or(0, key);
    let and_then = || stage::and_then(async |n: u32| Ok::<_, TimedOut>(now_and_then(n).await));
    let limit = anypipe_stages::option::TryTimeoutEach { limit: LONG.limit };
    for turn in 0..2 {
        let items = flow(source::from_iter(0..40_u32)).pipe(stage::map(Ok::<_, TimedOut>));
        let came = if turn == 0 {
            items.pipe(and_then()).keyed(results).wrap(limit).workers(WORKERS).unordered().collect().await
        } else {
            items.pipe(and_then()).unordered().workers(WORKERS).wrap(limit).keyed(results).collect().await
        };
        check(came, "and_then");
    }
}

async fn options_of_rows_go_to_their_making() {
    let rows = stage::flat_map(|n: u32| vec![Ok::<_, TimedOut>(n)]);
    let rows = flow(source::from_iter(0..40_u32)).pipe(rows).keyed(key).blocking().workers(WORKERS);
    check(rows.unordered().named("rows").collect().await, "flat_map");
}

async fn a_generator_has_a_buffer_of_any_size() {
    for size in [0, 1, 5, 100] {
        let made = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&made);
        let unfold = source::unfold(0_u32, move |n| {
            count.fetch_add(1, Ordering::SeqCst);
            async move { Some((n, n + 1)) }
        });
        let unfold = flow(unfold);
        let ahead = size.max(1);
        match size {
            0 => runs_ahead(unfold.rendezvous(), &made, ahead, Holds::at_most(1)).await,
            n => runs_ahead(unfold.buffer_size(n), &made, ahead, Holds::at_most(n)).await,
        }

        let made = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&made);
        let from_fn = source::from_fn(move |sender| async move {
            for n in 0_u32.. {
                count.fetch_add(1, Ordering::SeqCst);
                if sender.send(n).await.is_err() {
                    return;
                }
            }
        });
        // And the one that waits for room.
        let (from_fn, ahead) = (flow(from_fn), size + 1);
        match size {
            0 => runs_ahead(from_fn.rendezvous(), &made, ahead, Holds::at_most(1)).await,
            n => runs_ahead(from_fn.buffer_size(n), &made, ahead, Holds::at_most(n + 1)).await,
        }
    }
}

/// The source makes this many items more than are taken, and no more.
async fn runs_ahead(source: Flow<impl Source<Item = u32>>, made: &AtomicUsize, ahead: usize, holds: Holds) {
    assert_eq!(source.0.holds(), holds);
    let mut stream = source.stream();
    for taken in 1..4_u32 {
        assert_eq!(next(&mut stream).await, Some(taken - 1));
        settle().await;
        let most = ahead + taken as usize;
        assert!(
            made.load(Ordering::SeqCst) <= most,
            "{} made, {most} at the most",
            made.load(Ordering::SeqCst)
        );
        if holds.limit() > Some(1) {
            until(|| made.load(Ordering::SeqCst) == most).await;
        }
    }
}

/// A sink that takes nothing before it is told to, and then all that is there in one go.
struct Later(Receiver<()>);

impl Sink<u32> for Later {
    type Output = Vec<u32>;

    fn drain(
        self,
        input: impl Stream<Item = u32> + Send + 'static,
        scope: &Scope,
    ) -> impl Future<Output = Vec<u32>> + Send + 'static {
        let mut items = Items::new(input, scope);
        async move {
            self.0.recv().await.expect("it is told to");
            let mut all = Vec::new();
            while let Some(item) = items.next().await {
                all.push(item);
            }
            all
        }
    }
}

/// A worker that waits for room may be polled unasked, and take an item that its key has set free: it waits no
/// more, and whoever does must be called in its place.
async fn a_call_for_room_is_never_lost() {
    let [zero, one, later] = [(); 3].map(|()| bounded(1));
    // Items 0 and 1 wait for their gates, 2 for its key, which 1 has, and 3 comes when all is said.
    let gates = [Some(zero.1), Some(one.1), None, None];
    let (begun, more) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let holder: Arc<Mutex<Option<Waker>>> = Arc::default();
    let (comes, polled, mut item) = (Arc::clone(&more), Arc::clone(&holder), 0_u32);
    let numbers = stream(move |cx| {
        if item == 4 {
            return Poll::Ready(None);
        }
        if item == 3 && !comes.load(Ordering::SeqCst) {
            *polled.lock().unwrap() = Some(cx.waker().clone());
            return Poll::Pending;
        }
        item += 1;
        Poll::Ready(Some(item - 1))
    });
    let begins = Arc::clone(&begun);
    let work = stage::then(move |n: u32| {
        begins.fetch_add(1, Ordering::SeqCst);
        let gate = gates[n as usize].clone();
        async move {
            if let Some(gate) = gate {
                gate.recv().await.expect("it is opened");
            }
            n
        }
    });
    let run = flow(source::from_stream(numbers)).pipe(work).workers(WORKERS).keyed(|n: &u32| n.div_ceil(2));
    let run = run.buffer_weight(1, weigh).unordered().into(Later(later.1)).start();
    let wake = || holder.lock().unwrap().clone().into_iter().for_each(Waker::wake);

    until(|| begun.load(Ordering::SeqCst) == 2 && holder.lock().unwrap().is_some()).await;
    // What 0 has made is all that may wait. The worker with the input finds no room for the next.
    zero.0.try_send(()).unwrap();
    settle().await;
    wake();
    settle().await;
    // 1 is done and sets 2 free; the worker that waits for room is polled without a reason, and may take it.
    one.0.try_send(()).unwrap();
    wake();
    settle().await;
    more.store(true, Ordering::SeqCst);
    later.0.try_send(()).unwrap();
    let mut all = run.await.unwrap();
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3]);
}

/// A stream of what a function gives.
fn stream<F>(poll: F) -> impl Stream<Item = u32> + Send + 'static
where
    F: FnMut(&mut Context<'_>) -> Poll<Option<u32>> + Send + Unpin + 'static,
{
    struct Polls<F>(F);
    impl<F: FnMut(&mut Context<'_>) -> Poll<Option<u32>> + Unpin> Stream for Polls<F> {
        type Item = u32;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
            (self.0)(cx)
        }
    }
    Polls(poll)
}
