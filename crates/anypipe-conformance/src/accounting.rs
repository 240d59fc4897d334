//! P7, with one event at each moment at which code of the user's runs.
//!
//! A run of two boundaries is tried again and again. Each time one thing happens, in one call of one closure or
//! future: it panics there, or the run is cancelled, dropped, stopped or given up by its sink. What each stage has
//! counted is then compared with what its closures have seen, and not only with itself.

use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use anypipe_core::run::{Running, inherit, scoped};
use anypipe_core::scope::CancelToken;
use anypipe_core::{ErrorKind, RunError, Source};
use anypipe_stages::{BoxSource, sink, source, stage};
use futures_core::Stream;

use crate::registry::{Census, Draw, Item};
use crate::tools::{Crumb, Flow, flow, give_way, is_virtual, sleep};

crate::suite::cases! { ($) accounting as __accounting {
    promise_p07_what_ends_a_run_at_any_call_leaves_the_counts_exact(seed),
} }

/// How many items the source has: enough for chunks of eight.
const ITEMS: i64 = 20;
/// One seed tries one in so many of what there is to be tried, where there are many seeds.
const SHARE: u64 = 19;

/// What a boundary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Serial,
    Ordered,
    Unordered,
    Tight,
    Rendezvous,
    Keyed,
    Weighed,
    WeighedAlone,
    Sifting,
    SiftingAlone,
    Synchronous,
    Blocking,
}

const KINDS: [Kind; 12] = [
    Kind::Serial,
    Kind::Ordered,
    Kind::Unordered,
    Kind::Tight,
    Kind::Rendezvous,
    Kind::Keyed,
    Kind::Weighed,
    Kind::WeighedAlone,
    Kind::Sifting,
    Kind::SiftingAlone,
    Kind::Synchronous,
    Kind::Blocking,
];

impl Kind {
    fn is_ordered(self) -> bool {
        !matches!(self, Self::Unordered | Self::Keyed)
    }

    fn sifts(self) -> bool {
        matches!(self, Self::Sifting | Self::SiftingAlone)
    }
}

/// What sifting stages leave out.
fn is_sifted(value: i64) -> bool {
    value % 3 == 1
}

/// Where code of the user's runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spot {
    /// In the source: an iterator's `next`, or a stream's `poll_next`.
    Source,
    /// In the closure that is fused to a boundary's input.
    Fused(usize),
    Key(usize),
    /// In the closure that makes the work's future.
    Call(usize),
    /// In the first poll of that future.
    Begin(usize),
    /// In a later one.
    GoOn(usize),
    Weigh(usize),
    Sink,
}

const SPOTS: [Spot; 14] = [
    Spot::Source,
    Spot::Fused(0),
    Spot::Key(0),
    Spot::Call(0),
    Spot::Begin(0),
    Spot::GoOn(0),
    Spot::Weigh(0),
    Spot::Fused(1),
    Spot::Key(1),
    Spot::Call(1),
    Spot::Begin(1),
    Spot::GoOn(1),
    Spot::Weigh(1),
    Spot::Sink,
];

/// What happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Panic,
    Cancel,
    /// The run is dropped, there and then.
    Drop,
    Stop,
    /// The sink takes no more.
    Enough,
}

const EVENTS: [Event; 5] = [Event::Panic, Event::Cancel, Event::Drop, Event::Stop, Event::Enough];

/// What is tried: two boundaries, and one event at the most.
#[derive(Clone, Copy, Debug)]
struct Trial {
    stages: [Kind; 2],
    /// Whether the source is an iterator; else it is a stream that suspends now and then.
    iterator: bool,
    /// What happens, where, and before how many calls of the same it doesn't.
    event: Option<(Event, Spot, usize)>,
}

/// What the closures of one stage have seen.
#[derive(Default)]
struct Seen {
    /// Items that came to the fused closure before it, and left that.
    came: AtomicUsize,
    passed: AtomicUsize,
    /// Items that the work made something of, left out, and panicked on.
    made: AtomicUsize,
    sifted: AtomicUsize,
    panicked: AtomicUsize,
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::SeqCst);
}

fn number(counter: &AtomicUsize) -> u64 {
    counter.load(Ordering::SeqCst) as u64
}

/// What all closures of a run share.
struct Watch {
    trial: Trial,
    census: Census,
    seen: [Seen; 2],
    /// The values that the sink has taken.
    got: Mutex<Vec<i64>>,
    /// How often each spot was come by.
    calls: [AtomicUsize; SPOTS.len()],
    /// Set once it has happened.
    happened: AtomicBool,
    /// Set when the sink is to take no more.
    enough: AtomicBool,
    /// The run.
    run: Mutex<Option<Running<()>>>,
    /// Raised when the run was dropped.
    gone: CancelToken,
    /// Whether naps cost nothing.
    naps: bool,
}

impl Watch {
    fn new(trial: Trial) -> Arc<Self> {
        Arc::new(Self {
            trial,
            census: Census::new(),
            seen: Default::default(),
            got: Mutex::default(),
            calls: Default::default(),
            happened: AtomicBool::new(false),
            enough: AtomicBool::new(false),
            run: Mutex::new(None),
            gone: CancelToken::new(),
            naps: is_virtual(),
        })
    }

    fn calls_of(&self, spot: Spot) -> &AtomicUsize {
        let place = SPOTS.iter().position(|known| *known == spot).expect("all are listed");
        &self.calls[place]
    }

    /// Code of the user's runs here: what is to happen now happens.
    fn pass(&self, spot: Spot) {
        let before = self.calls_of(spot).fetch_add(1, Ordering::SeqCst);
        match self.trial.event {
            Some((event, at, calls)) if at == spot && calls == before => self.happen(event, spot),
            _ => {}
        }
    }

    fn happen(&self, event: Event, spot: Spot) {
        self.happened.store(true, Ordering::SeqCst);
        // A run on another thread waits here until it is known to the case.
        let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        let control = run.as_ref().map(Running::control);
        let dropped = if event == Event::Drop { run.take() } else { None };
        drop(run);
        match event {
            Event::Panic => {
                if let Spot::Call(stage) | Spot::Begin(stage) | Spot::GoOn(stage) = spot {
                    count(&self.seen[stage].panicked);
                }
                // Without a word on the standard error: there are thousands of them.
                resume_unwind(Box::new("it happens here"));
            }
            Event::Cancel => control.expect("only one thing happens").cancel(),
            Event::Stop => control.expect("only one thing happens").stop(),
            Event::Drop => {
                drop(dropped);
                self.gone.cancel();
            }
            Event::Enough => self.enough.store(true, Ordering::SeqCst),
        }
    }

    /// The work of a stage on an item: now and then it suspends.
    async fn work(self: Arc<Self>, stage: usize, item: Item) -> Option<Item> {
        self.pass(Spot::Begin(stage));
        if item.raw() % 6 == 5 {
            give_way().await;
            self.pass(Spot::GoOn(stage));
        }
        if self.naps && item.raw() % 9 == 2 {
            sleep(Duration::from_micros(40)).await;
            self.pass(Spot::GoOn(stage));
        }
        self.end(stage, item)
    }

    /// What the work on an item comes to.
    fn end(&self, stage: usize, item: Item) -> Option<Item> {
        let seen = &self.seen[stage];
        let sifted = self.trial.stages[stage].sifts() && is_sifted(item.raw());
        count(if sifted { &seen.sifted } else { &seen.made });
        if sifted { None } else { Some(item) }
    }

    fn give(&self, value: i64) -> Item {
        self.pass(Spot::Source);
        self.census.item(value)
    }

    /// Puts a boundary, with a fused closure before it, behind a source.
    fn boundary<S: Source<Item = Item>>(self: &Arc<Self>, stage: usize, source: Flow<S>) -> BoxSource<Item> {
        let watch = Arc::clone(self);
        let input = source.pipe(stage::map(move |item: Item| {
            count(&watch.seen[stage].came);
            watch.pass(Spot::Fused(stage));
            count(&watch.seen[stage].passed);
            item
        }));
        let (watch, keys, weighs) = (Arc::clone(self), Arc::clone(self), Arc::clone(self));
        let work = move |item: Item| {
            watch.pass(Spot::Call(stage));
            Arc::clone(&watch).work(stage, item)
        };
        let key = move |item: &Item| {
            keys.pass(Spot::Key(stage));
            item.raw() % 4
        };
        let weigh = move |item: &Item| {
            weighs.pass(Spot::Weigh(stage));
            usize::try_from(item.raw() % 3).expect("a small number")
        };
        let watch = Arc::clone(self);
        let call = move |item: Item| {
            watch.pass(Spot::Call(stage));
            watch.end(stage, item).expect("nothing is sifted here")
        };
        macro_rules! then {
            ($work:ident) => {
                stage::then(move |item: Item| {
                    let future = $work(item);
                    async move { future.await.expect("nothing is sifted here") }
                })
            };
        }
        match self.trial.stages[stage] {
            Kind::Serial => BoxSource::new(input.pipe(then!(work)).0),
            Kind::Ordered => BoxSource::new(input.pipe(then!(work)).workers(3).0),
            Kind::Unordered => BoxSource::new(input.pipe(then!(work)).workers(3).unordered().0),
            Kind::Tight => BoxSource::new(input.pipe(then!(work)).workers(2).buffer_size(1).0),
            Kind::Rendezvous => BoxSource::new(input.pipe(then!(work)).rendezvous().0),
            Kind::Keyed => BoxSource::new(input.pipe(then!(work)).workers(3).keyed(key).0),
            Kind::Weighed => BoxSource::new(input.pipe(then!(work)).workers(3).buffer_weight(4, weigh).0),
            Kind::WeighedAlone => BoxSource::new(input.pipe(then!(work)).buffer_weight(4, weigh).0),
            Kind::Sifting => BoxSource::new(input.pipe(stage::filter_map_async(work)).workers(3).0),
            Kind::SiftingAlone => BoxSource::new(input.pipe(stage::filter_map_async(work)).0),
            Kind::Synchronous => BoxSource::new(input.pipe(stage::map(call)).workers(3).0),
            Kind::Blocking => BoxSource::new(input.pipe(stage::map(call)).blocking().workers(2).0),
        }
    }

    /// Starts the run, in sight of what may happen in it.
    fn start(self: &Arc<Self>) -> anypipe_core::run::Control {
        let gives = Arc::clone(self);
        let first = if self.trial.iterator {
            let items = (0..ITEMS).map(move |value| gives.give(value));
            self.boundary(0, flow(source::from_iter(items)))
        } else {
            self.boundary(0, flow(source::from_stream(Halting { watch: gives, next: 0, halted: false })))
        };
        let second = self.boundary(1, Flow(first));
        let (takes, ends) = (Arc::clone(self), Arc::clone(self));
        let run = Flow(second)
            .pipe(stage::take_while(move |item: &Item| {
                takes.got.lock().unwrap().push(item.raw());
                !takes.enough.load(Ordering::SeqCst)
            }))
            .into(sink::for_each(move |_item: Item| ends.pass(Spot::Sink)));
        let mut slot = self.run.lock().unwrap();
        let running = run.start();
        let control = running.control();
        *slot = Some(running);
        control
    }

    /// The end of the run; `None` where it was dropped.
    async fn ended(&self) -> Option<Result<(), RunError>> {
        let mut gone = pin!(self.gone.cancelled());
        poll_fn(|cx| {
            if gone.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            let mut slot = self.run.lock().unwrap();
            match slot.as_mut().map(|running| Pin::new(running).poll(cx)) {
                Some(Poll::Ready(result)) => {
                    let over = slot.take();
                    drop(slot);
                    drop(over);
                    Poll::Ready(Some(result))
                }
                // Dropped by what happens just now, which tells it.
                Some(Poll::Pending) | None => Poll::Pending,
            }
        })
        .await
    }
}

/// A stream that suspends before every fifth item.
struct Halting {
    watch: Arc<Watch>,
    next: i64,
    halted: bool,
}

impl Stream for Halting {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        self.halted = self.next % 5 == 4 && !self.halted;
        if self.halted {
            self.watch.pass(Spot::Source);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.next == ITEMS {
            self.watch.pass(Spot::Source);
            return Poll::Ready(None);
        }
        self.next += 1;
        Poll::Ready(Some(self.watch.give(self.next - 1)))
    }
}

/// Runs it, and checks what is counted. Gives what was seen of it.
async fn attempt(trial: Trial) -> Arc<Watch> {
    let crumb = Crumb::new(&format!("{trial:?}"));
    let watch = Watch::new(trial);
    let tried = Arc::clone(&watch);
    // The scope joins what a dropped run leaves behind.
    let body = async move {
        let control = tried.start();
        (control, tried.ended().await)
    };
    let (control, result) = scoped("attempt", inherit, body).await.unwrap();
    assert_eq!(watch.census.live(), 0, "items are left of {}: {trial:?}", watch.census.made());
    let stages = control.stats().stages;
    assert_eq!(stages.len(), 2);
    let got = watch.got.lock().unwrap().clone();
    let happened = watch.happened.load(Ordering::SeqCst).then_some(trial.event).flatten();
    for (index, (stats, seen)) in stages.iter().zip(&watch.seen).enumerate() {
        let told = || format!("stage {index} of {trial:?}, where it {happened:?}: {stats:?}");
        let ends = stats.delivered + stats.filtered + stats.panicked + stats.cancelled + stats.left;
        assert_eq!(stats.taken, ends, "the counts don't add up, {}", told());
        assert_eq!(stats.taken, number(&seen.passed), "what came was not counted as taken, {}", told());
        let next = watch.seen.get(index + 1).map_or(got.len() as u64, |next| number(&next.came));
        assert_eq!(stats.delivered, next, "not what the next has taken, {}", told());
        let (made, sifted) = (number(&seen.made), number(&seen.sifted));
        if trial.stages[index] == Kind::Blocking {
            // What a thread has made of an item may come too late for a task that was cut off.
            assert!(stats.delivered + stats.left <= made, "{made} were made, {}", told());
            assert!(stats.panicked <= number(&seen.panicked), "{}", told());
        } else {
            assert_eq!(stats.delivered + stats.left, made, "not what was made, {}", told());
            assert_eq!(stats.panicked, number(&seen.panicked), "the panics, {}", told());
        }
        assert_eq!(stats.filtered, sifted, "what was sifted, {}", told());
        if matches!(happened, None | Some((Event::Stop, ..))) {
            assert_eq!(stats.delivered + stats.filtered, stats.taken, "it went to its end, {}", told());
        }
    }
    check_order(trial, &got, number(&watch.seen[0].passed));
    let kind = result.map(|result| result.err().map(|error| error.kind()));
    match happened.map(|(event, ..)| event) {
        None | Some(Event::Stop | Event::Enough) => assert_eq!(kind, Some(None), "{trial:?}"),
        Some(Event::Panic) => assert_eq!(kind, Some(Some(ErrorKind::Panicked)), "{trial:?}"),
        // It may be over just then.
        Some(Event::Cancel) => assert!(matches!(kind, Some(None | Some(ErrorKind::Cancelled))), "{trial:?}"),
        Some(Event::Drop) => assert_eq!(kind, None, "{trial:?}"),
    }
    crumb.done();
    watch
}

/// The sink has got a beginning of what there is, or some of it where the order is free.
fn check_order(trial: Trial, got: &[i64], taken: u64) {
    let sifts = trial.stages.iter().any(|kind| kind.sifts());
    let all: Vec<_> = (0..ITEMS).filter(|value| !(sifts && is_sifted(*value))).collect();
    if trial.stages.iter().all(|kind| kind.is_ordered()) {
        assert!(all.starts_with(got), "{got:?} is no beginning of what {taken} give: {trial:?}");
    }
    let mut sorted = got.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), got.len(), "some came twice: {got:?}: {trial:?}");
}

async fn promise_p07_what_ends_a_run_at_any_call_leaves_the_counts_exact(seed: u64) {
    let mut draw = Draw::new(seed);
    let (mut number, mut tried, mut happened) = (0, 0, 0);
    for first in KINDS {
        let second = KINDS[draw.below(KINDS.len())];
        let quiet = Trial { stages: [first, second], iterator: draw.coin(), event: None };
        let calls = attempt(quiet).await;
        for spot in SPOTS {
            for event in EVENTS {
                number += 1;
                let calls = calls.calls_of(spot).load(Ordering::SeqCst);
                // On the simulator other seeds try what this one doesn't; elsewhere one call of each is tried.
                let chosen = match (is_virtual(), calls) {
                    (_, 0) => 0..0,
                    (true, _) if (number + seed) % SHARE == 0 => 0..calls,
                    (true, _) => 0..0,
                    (false, _) => {
                        let call = draw.below(calls);
                        call..call + 1
                    }
                };
                for call in chosen {
                    let watch = attempt(Trial { event: Some((event, spot, call)), ..quiet }).await;
                    tried += 1;
                    happened += usize::from(watch.happened.load(Ordering::SeqCst));
                }
            }
        }
    }
    // Another schedule may not come to the same call.
    assert!(happened * 4 >= tried * 3, "{happened} of {tried} happened");
}
