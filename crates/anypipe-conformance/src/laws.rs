//! What holds for every registered operator, source and sink alone: with nothing, with one item, with
//! many and without an end; where the source or a closure panics, and where it vanishes; where what is
//! behind stops early, the run is dropped, or it is stopped.
//!
//! [`operator_suite!`](crate::operator_suite) and its kin hold operators of others to the same.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use anypipe_core::channel::{Receiver, bounded};
use anypipe_core::run::{inherit, scoped};
use anypipe_core::scope::CancelToken;
use anypipe_core::{ErrorKind, RunError, Scope, Sink, Source};
use anypipe_stages::{BoxSource, source, stage};
use futures_core::Stream;

use crate::plan::{Meaning, attached};
use crate::registry::{
    BuiltSource, BuiltStage, Census, Draw, Item, Operator, Origin, POISON, POISONED, Terminal,
};
use crate::tools::{Crumb, Flow, drop_after, flow, is_virtual, next, settle, together, until};

crate::suite::laws! { ($)
    operators as __operator_laws {
        every_operator_means_what_it_says,
        every_operator_waits_for_its_input,
        every_operator_takes_a_cut_behind_it,
        every_operator_holds_what_it_says,
        every_operator_passes_a_panic_of_its_source_on,
        every_operator_survives_a_panic_in_its_closure,
        every_operator_tells_a_source_that_vanished,
        every_operator_lets_go_of_all_when_dropped,
        every_operator_drops_an_input_that_it_needs_no_more,
        every_operator_finishes_at_a_stop,
    }
    origins as __source_laws {
        every_source_gives_what_it_says,
        every_source_is_let_go_of_early,
    }
    terminals as __sink_laws {
        every_sink_gives_what_it_says,
        every_sink_passes_a_panic_of_its_source_on,
    }
}

/// The entries of a registry: ours, or those of somebody else's operators.
type Entries<T> = Vec<&'static T>;

/// How many draws of an operator's parameters are tried for each seed: few where there are many seeds.
fn rounds() -> u64 {
    if is_virtual() { 1 } else { 4 }
}

/// Each operator with some draws of its parameters.
fn tried(operators: Entries<Operator>, seed: u64) -> impl Iterator<Item = (&'static Operator, Draw)> {
    operators
        .into_iter()
        .flat_map(move |operator| draws(seed, operator.name).map(move |draw| (operator, draw)))
}

/// Draws that differ from one entry to the next.
fn draws(seed: u64, name: &str) -> impl Iterator<Item = Draw> + use<> {
    let start = name.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    (0..rounds()).map(move |round| Draw::new(start.wrapping_add(round)))
}

/// Values without an end.
fn endless() -> impl Iterator<Item = i64> + Send + 'static {
    (0..).map(|n: i64| n * 7 % 1000)
}

/// A source that makes its items as they are asked for.
fn lazy(tally: &Census, values: impl Iterator<Item = i64> + Send + 'static) -> impl Source<Item = Item> {
    let tally = tally.clone();
    source::from_iter(values.map(move |value| tally.item(value)))
}

fn raw(items: &[Item]) -> Vec<i64> {
    items.iter().map(Item::raw).collect()
}

/// Runs a pipeline to its end; what it gave, as values.
async fn values_of(source: BoxSource<Item>) -> Result<Vec<i64>, RunError> {
    Flow(source).collect().checked().await.map(|items| raw(&items))
}

#[doc(hidden)]
pub async fn every_operator_means_what_it_says(operators: Entries<Operator>, seed: u64) {
    let ready = |tally: &Census, values: Vec<i64>| BoxSource::new(lazy(tally, values.into_iter()));
    means_what_it_says(tried(operators, seed), &[0, 1, 2, 40], ready).await;
}

#[doc(hidden)]
pub async fn every_operator_waits_for_its_input(operators: Entries<Operator>, seed: u64) {
    let late = |tally: &Census, values: Vec<i64>| {
        BoxSource::new(source::from_stream(Late {
            values: values.into_iter(),
            tally: tally.clone(),
            waits: true,
        }))
    };
    means_what_it_says(tried(operators, seed), &[1, 9], late).await;
}

/// Has each of its items be waited for, and its end.
struct Late {
    values: std::vec::IntoIter<i64>,
    tally: Census,
    /// True where the next poll is pending.
    waits: bool,
}

impl Stream for Late {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        self.waits = !self.waits;
        if !self.waits {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let value = self.values.next();
        Poll::Ready(value.map(|value| self.tally.item(value)))
    }
}

async fn means_what_it_says(
    tried: impl Iterator<Item = (&'static Operator, Draw)>,
    lengths: &[usize],
    source: impl Fn(&Census, Vec<i64>) -> BoxSource<Item>,
) {
    for (operator, mut draw) in tried {
        for &length in lengths {
            let stage = (operator.build)(&mut draw);
            let (told, tally) = (stage.told.clone(), Census::new());
            let values: Vec<i64> = endless().take(length).collect();
            let meaning = Meaning::new((stage.model)(&values), stage.agree);
            let crumb = Crumb::new(&told);
            let came = values_of(attached(source(&tally, values), stage)).await;
            let came = came.unwrap_or_else(|error| panic!("{told} of {length}: {error}"));
            crumb.done();
            assert!(meaning.agrees(came.clone()), "{told} of {length}: gave {came:?} and not {meaning:?}");
            assert_eq!(tally.live(), 0, "{told} of {length}: items are left");
        }
    }
}

#[doc(hidden)]
pub async fn every_operator_takes_a_cut_behind_it(operators: Entries<Operator>, seed: u64) {
    for (operator, mut draw) in tried(operators, seed) {
        for n in 0..4 {
            let stage = (operator.build)(&mut draw);
            let (told, tally) = (stage.told.clone(), Census::new());
            let crumb = Crumb::new(&told);
            let needs_end = stage.needs_end;
            let long: Vec<i64> = endless().take(300).collect();
            let meaning = Meaning::new((stage.model)(&long), stage.agree);
            // One that an endless input gets nowhere is cut off a long one.
            let values: Box<dyn Iterator<Item = i64> + Send> =
                if needs_end { Box::new(long.into_iter()) } else { Box::new(endless()) };
            let source = attached(lazy(&tally, values), stage);
            let came = values_of(BoxSource::new(Flow(source).pipe(stage::take(n)).0)).await;
            let came = came.unwrap_or_else(|error| panic!("{told} | take({n}): {error}"));
            crumb.done();
            if meaning.is_exact() {
                let expected: Vec<_> = meaning.values.iter().copied().take(n).collect();
                assert_eq!(came, expected, "{told} | take({n})");
            } else {
                assert!(came.len() <= n);
            }
            assert_eq!(tally.live(), 0, "{told} | take({n}): items are left");
        }
    }
}

#[doc(hidden)]
pub async fn every_operator_holds_what_it_says(operators: Entries<Operator>, seed: u64) {
    for (operator, mut draw) in tried(operators, seed) {
        let stage = (operator.build)(&mut draw);
        let (told, says) = (stage.told.clone(), stage.says);
        assert_eq!(says, stage.holds, "{told} says that it holds {says}, its entry {}", stage.holds);
        let Some(bound) = says.limit() else { continue };
        let tally = Census::new();
        let crumb = Crumb::new(&told);
        scoped("holds", inherit, async {
            // One that takes all would have no rest with an endless one.
            let most = if stage.takes_all { 300 } else { usize::MAX };
            let mut came = Flow(attached(lazy(&tally, endless().take(most)), stage)).stream();
            for _ in 0..6 {
                // A long time, in polls: one that needs the end gives nothing ever.
                let item = drop_after(60, next(&mut came)).await;
                settle().await;
                drop(item);
            }
        })
        .await
        .unwrap_or_else(|error| panic!("{told}: {error}"));
        crumb.done();
        // One more is in the hand of whoever moves it in or out.
        assert!(tally.most() <= bound + 2, "{told} held {} items and not {bound}", tally.most());
        assert_eq!(tally.live(), 0, "{told}: items are left");
    }
}

/// Values that end in a panic.
fn failing(values: Vec<i64>) -> impl Iterator<Item = i64> + Send + 'static {
    values.into_iter().chain(std::iter::once_with(|| panic!("the source failed")))
}

/// Whether a stage has enough of these values: more of them would change nothing.
fn has_enough(stage: &BuiltStage, values: &[i64]) -> bool {
    let more: Vec<i64> = values.iter().copied().chain(endless().take(100)).collect();
    (stage.model)(values) == (stage.model)(&more)
}

#[doc(hidden)]
pub async fn every_operator_passes_a_panic_of_its_source_on(operators: Entries<Operator>, seed: u64) {
    for (operator, mut draw) in tried(operators, seed) {
        for length in [0, 1, 9] {
            let stage = (operator.build)(&mut draw);
            let (told, tally) = (stage.told.clone(), Census::new());
            let values: Vec<i64> = endless().take(length).collect();
            let enough = has_enough(&stage, &values).then(|| (stage.model)(&values));
            let crumb = Crumb::new(&told);
            let result = values_of(attached(lazy(&tally, failing(values)), stage)).await;
            crumb.done();
            match (result, enough) {
                (Err(error), _) => {
                    assert_eq!(error.kind(), ErrorKind::Panicked, "{told}: {error}");
                    assert_eq!(error.stage(), Some("from_iter"), "{told}: {error}");
                }
                (Ok(came), Some(expected)) => assert_eq!(came, expected, "{told}"),
                (Ok(came), None) => panic!("{told} took {length} items and a panic for the end: {came:?}"),
            }
            assert_eq!(tally.live(), 0, "{told}: items are left");
        }
    }
}

#[doc(hidden)]
pub async fn every_operator_survives_a_panic_in_its_closure(operators: Entries<Operator>, seed: u64) {
    for (operator, mut draw) in tried(operators, seed) {
        let stage = (operator.build)(&mut draw);
        let (told, tally) = (stage.told.clone(), Census::new());
        let values = endless().take(9).chain([POISON]).chain(endless().take(9));
        let crumb = Crumb::new(&told);
        let result = values_of(attached(lazy(&tally, values), stage)).await;
        crumb.done();
        if let Err(error) = result {
            assert!(error.is_panic() && error.to_string().contains(POISONED), "{told}: {error}");
            let named = error.stage().is_some_and(|stage| stage != "sink");
            assert!(named, "{told}: the panic doesn't name its stage: {error}");
        }
        assert_eq!(tally.live(), 0, "{told}: items are left");
    }
}

/// A channel with these items, whose sender has vanished.
async fn vanished(tally: &Census, values: &[i64]) -> Receiver<Item> {
    let (tx, rx) = bounded(values.len().max(1));
    for &value in values {
        tx.try_send(tally.item(value)).expect("there is room for all");
    }
    together(|group| async move {
        let sender = group.spawn(async move {
            let _tx = tx;
            pending::<()>().await;
        });
        sender.cancel();
        assert!(sender.await.unwrap_err().is_cancelled());
    })
    .await;
    rx
}

#[doc(hidden)]
pub async fn every_operator_tells_a_source_that_vanished(operators: Entries<Operator>, seed: u64) {
    for (operator, mut draw) in tried(operators, seed) {
        let stage = (operator.build)(&mut draw);
        let (told, tally) = (stage.told.clone(), Census::new());
        let values: Vec<i64> = endless().take(draw.below(10)).collect();
        let enough = has_enough(&stage, &values);
        let rx = vanished(&tally, &values).await;
        let crumb = Crumb::new(&told);
        let result = values_of(attached(source::from_channel(rx), stage)).await;
        crumb.done();
        match result {
            Err(error) => assert_eq!(error.kind(), ErrorKind::Broken, "{told}: {error}"),
            Ok(came) => assert!(enough, "{told} took a truncated input for a whole one: {came:?}"),
        }
        assert_eq!(tally.live(), 0, "{told}: items are left");
    }
}

#[doc(hidden)]
pub async fn every_operator_lets_go_of_all_when_dropped(operators: Entries<Operator>, seed: u64) {
    for (operator, mut draw) in tried(operators, seed) {
        let (stage, tally) = ((operator.build)(&mut draw), Census::new());
        let (told, polls) = (stage.told.clone(), draw.below(15));
        let crumb = Crumb::new(&told);
        let run = Flow(attached(lazy(&tally, endless()), stage)).collect();
        // The scope around it joins what the dropped run leaves behind.
        let joined = scoped("dropped", inherit, drop_after(polls, run)).await.map(drop);
        assert!(joined.is_ok(), "{told}: {joined:?}");
        crumb.done();
        assert_eq!(tally.live(), 0, "{told}: items are left after {polls} polls");
    }
}

/// Some items, and then neither more nor an end; tells when it has none left, and when it is dropped.
struct Held {
    values: std::vec::IntoIter<i64>,
    tally: Census,
    flags: Arc<Flags>,
}

#[derive(Default)]
struct Flags {
    exhausted: AtomicBool,
    dropped: AtomicBool,
    /// Set once the operator has ended.
    ended: AtomicBool,
}

impl Stream for Held {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Item>> {
        let Some(value) = self.values.next() else {
            self.flags.exhausted.store(true, Ordering::SeqCst);
            return Poll::Pending;
        };
        Poll::Ready(Some(self.tally.item(value)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.flags.dropped.store(true, Ordering::SeqCst);
    }
}

/// Drains its input and then keeps it, until what that was made of is gone.
struct Keeps(Arc<Flags>);

impl Sink<Item> for Keeps {
    type Output = ();

    fn drain(
        self,
        input: impl Stream<Item = Item> + Send + 'static,
        _scope: &Scope,
    ) -> impl Future<Output = ()> + Send + 'static {
        let mut input = Box::pin(input);
        async move {
            while next(&mut input).await.is_some() {}
            self.0.ended.store(true, Ordering::SeqCst);
            until(|| self.0.dropped.load(Ordering::SeqCst)).await;
        }
    }
}

#[doc(hidden)]
pub async fn every_operator_drops_an_input_that_it_needs_no_more(operators: Entries<Operator>, seed: u64) {
    for (operator, mut draw) in tried(operators, seed) {
        let (stage, tally, token) = ((operator.build)(&mut draw), Census::new(), CancelToken::new());
        let told = stage.told.clone();
        let flags = Arc::new(Flags::default());
        let values = endless().take(40).collect::<Vec<_>>().into_iter();
        let held = Held { values, tally: tally.clone(), flags: Arc::clone(&flags) };
        let source = attached(BoxSource::new(source::from_stream(held)), stage);
        let run = Flow(source).into(Keeps(Arc::clone(&flags))).cancel_on(token.clone());
        let crumb = Crumb::new(&told);
        let result = together(|group| async move {
            group.spawn(async move {
                until(|| [&flags.exhausted, &flags.ended].iter().any(|flag| flag.load(Ordering::SeqCst)))
                    .await;
                settle().await;
                if !flags.ended.load(Ordering::SeqCst) {
                    // It needs more than it can get.
                    token.cancel();
                }
            });
            run.checked().await
        })
        .await;
        crumb.done();
        let is_over = result.as_ref().map_or_else(|error| error.kind() == ErrorKind::Cancelled, |()| true);
        assert!(is_over, "{told}: {result:?}");
        assert_eq!(tally.live(), 0, "{told}: items are left");
    }
}

#[doc(hidden)]
pub async fn every_operator_finishes_at_a_stop(operators: Entries<Operator>, seed: u64) {
    for (operator, mut draw) in tried(operators, seed) {
        let (stage, tally, token) = ((operator.build)(&mut draw), Census::new(), CancelToken::new());
        let (told, model, agree) = (stage.told.clone(), stage.model, stage.agree);
        let taken = Arc::new(AtomicUsize::new(0));
        let (counts, stops, last) = (Arc::clone(&taken), token.clone(), draw.below(30));
        let values = endless().inspect(move |_| {
            if counts.fetch_add(1, Ordering::SeqCst) == last {
                stops.cancel();
            }
        });
        let crumb = Crumb::new(&told);
        let stage = BuiltStage { model: Box::new(<[i64]>::to_vec), ..stage };
        let source = attached(flow(lazy(&tally, values)).0, stage);
        let came = Flow(source).collect().stop_on(token).checked().await;
        let came = raw(&came.unwrap_or_else(|error| panic!("{told}: {error}")));
        crumb.done();
        let all: Vec<i64> = endless().take(taken.load(Ordering::SeqCst)).collect();
        let meaning = Meaning::new(model(&all), agree);
        assert!(meaning.agrees(came.clone()), "{told}: gave {came:?} and not {meaning:?}");
        assert_eq!(tally.live(), 0, "{told}: items are left");
    }
}

#[doc(hidden)]
pub async fn every_source_gives_what_it_says(origins: Entries<Origin>, seed: u64) {
    for origin in origins {
        for mut draw in draws(seed, origin.name) {
            let tally = Census::new();
            let BuiltSource { told, source, model, holds, says, agree, endless } =
                (origin.build)(&mut draw, &tally);
            assert_eq!(holds, says, "{told} says that it holds {says}, its entry {holds}");
            let crumb = Crumb::new(&told);
            let n = if endless { model.len() } else { usize::MAX };
            let came = values_of(BoxSource::new(Flow(source).pipe(stage::take(n)).0)).await;
            let came = came.unwrap_or_else(|error| panic!("{told}: {error}"));
            crumb.done();
            let meaning = Meaning::new(model, agree);
            assert!(meaning.agrees(came.clone()), "{told}: gave {came:?} and not {meaning:?}");
            assert_eq!(tally.live(), 0, "{told}: items are left");
        }
    }
}

#[doc(hidden)]
pub async fn every_source_is_let_go_of_early(origins: Entries<Origin>, seed: u64) {
    for origin in origins {
        for mut draw in draws(seed, origin.name) {
            for n in 0..3 {
                let tally = Census::new();
                let BuiltSource { told, source, model, .. } = (origin.build)(&mut draw, &tally);
                let crumb = Crumb::new(&told);
                let n = n.min(model.len());
                let came = values_of(BoxSource::new(Flow(source).pipe(stage::take(n)).0)).await;
                let came = came.unwrap_or_else(|error| panic!("{told} | take({n}): {error}"));
                assert!(came.len() <= n, "{told} | take({n}): {came:?}");
                assert_eq!(tally.live(), 0, "{told} | take({n}): items are left");

                let BuiltSource { source, .. } = (origin.build)(&mut draw, &tally);
                let run = drop_after(draw.below(8), Flow(source).collect());
                let joined = scoped("dropped", inherit, run).await.map(drop);
                assert!(joined.is_ok(), "{told}: {joined:?}");
                crumb.done();
                assert_eq!(tally.live(), 0, "{told}: items are left of a dropped run");
            }
        }
    }
}

#[doc(hidden)]
pub async fn every_sink_gives_what_it_says(terminals: Entries<Terminal>, seed: u64) {
    for terminal in terminals {
        for mut draw in draws(seed, terminal.name) {
            for length in [0, 1, 2, 40] {
                let (sink, tally) = ((terminal.build)(&mut draw), Census::new());
                let told = sink.told.clone();
                let values: Vec<i64> = endless().take(length).collect();
                let crumb = Crumb::new(&told);
                let run = (sink.drain)(BoxSource::new(lazy(&tally, values.clone().into_iter())));
                let came = run.checked().await.unwrap_or_else(|error| panic!("{told} of {length}: {error}"));
                crumb.done();
                assert_eq!(came, (sink.model)(&values), "{told} of {length}");
                assert_eq!(tally.live(), 0, "{told} of {length}: items are left");
            }
        }
    }
}

#[doc(hidden)]
pub async fn every_sink_passes_a_panic_of_its_source_on(terminals: Entries<Terminal>, seed: u64) {
    for terminal in terminals {
        for mut draw in draws(seed, terminal.name) {
            let (sink, tally) = ((terminal.build)(&mut draw), Census::new());
            let told = sink.told.clone();
            let values: Vec<i64> = endless().take(draw.below(9)).collect();
            let crumb = Crumb::new(&told);
            let run = (sink.drain)(BoxSource::new(lazy(&tally, failing(values.clone()))));
            let result = run.checked().await;
            crumb.done();
            match result {
                Err(error) => assert_eq!(error.stage(), Some("from_iter"), "{told}: {error}"),
                Ok(came) => {
                    assert!(!sink.needs_end, "{told} took a panic for the end: {came:?}");
                    assert_eq!(came, (sink.model)(&values), "{told}");
                }
            }
            assert_eq!(tally.live(), 0, "{told}: items are left");
        }
    }
}
