//! P11 and latency, where what was quick turns slow: in the work, in the closure fused to its input, or in the source.
//!
//! While items are quick they go in chunks. Once one is slow nothing waits for a chunk: the clock decides, not a count
//! of items. Where time is virtual all of it is measured; elsewhere it is only shown that nothing is lost, and that the
//! order is kept.

use std::future::{Future, poll_fn};
use std::ops::Range;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use anypipe_core::runtime::Sleep;
use anypipe_core::{Scope, Stage};
use anypipe_stages::{BoxSource, sink, source, stage};
use futures_core::Stream;

use crate::tools::{Site, flow, give_way, is_exact, is_virtual, runtime, sleep};

crate::suite::cases! { ($) latency as __latency {
    promise_p11_what_turns_slow_holds_back_no_more_than_an_item(),
    promise_p11_what_was_slow_and_is_quick_again_goes_in_chunks_again(),
    promise_p11_what_turns_slow_takes_no_longer_than_it_must(),
    promise_p11_a_sink_that_turns_slow_pays_soon_for_what_it_took(),
    promise_p11_what_turns_slow_is_shown_to_branches(),
    promise_p11_a_branch_that_turns_slow_holds_no_other_back(),
} }

/// How many slow items may follow the first before what is finished is shown, and others are called to the rest: one of
/// several workers reads the clock after each item, one that is alone after eight at the latest.
const fn follow(workers: usize) -> u32 {
    if workers == 1 { 7 } else { 0 }
}
/// What a slow item takes.
const SLOW: Duration = Duration::from_millis(3);

/// What takes its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Iterator,
    /// A stream, which suspends: no thread is blocked.
    Stream,
    Fused,
    Work,
    /// The work, which suspends.
    Sleep,
}

/// What the work does that isn't slow itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Nothing,
    /// Each item suspends once, while others are slow.
    GivesWay,
    /// Each item sleeps for this many milliseconds, while others are slow.
    Sleeps(u64),
}

/// A run that is quick, slow, and quick again.
#[derive(Clone, Copy, Debug)]
struct Shape {
    slow: Where,
    rest: Rest,
    workers: usize,
    ordered: bool,
    /// So many are quick, then so many slow, then so many quick.
    lengths: [usize; 3],
}

impl Shape {
    fn all(self) -> usize {
        self.lengths.iter().sum()
    }

    fn is_slow(self, item: usize) -> bool {
        item >= self.lengths[0] && item < self.lengths[0] + self.lengths[1]
    }
}

/// What is known of an item.
#[derive(Clone, Copy, Default)]
struct Known {
    /// How long workers had been idle when it came.
    idle: Duration,
    /// Set when it was made.
    is_made: bool,
    /// How long the next had been left to wait when it could have been shown.
    unshown: Duration,
    /// How often tasks had begun anew when it was made.
    rounds: usize,
}

struct Ledger {
    shape: Shape,
    site: Site,
    items: Mutex<Items>,
}

struct Items {
    known: Vec<Known>,
    /// In the order of the source all before this were made.
    turn: usize,
    /// The longest that an item lay ready while a worker was idle, and that one was made and not shown; which it was.
    waited: (Duration, usize),
    hidden: (Duration, usize),
}

impl Ledger {
    fn new(shape: Shape) -> Arc<Self> {
        let site = Site::new("work", shape.workers);
        let known = vec![Known::default(); shape.all()];
        let none = (Duration::ZERO, 0);
        let items = Mutex::new(Items { known, turn: 0, waited: none, hidden: none });
        Arc::new(Self { shape, site, items })
    }

    /// A worker pulls an item through what may be slow.
    fn pull(&self, at: Where, item: usize) {
        if self.shape.slow == at && at != Where::Stream && self.shape.is_slow(item) {
            self.site.begin();
            self.site.spend(SLOW);
            self.site.end();
        }
        // Later ones count anew: an item waits from where the last of what may be slow is done.
        if at != Where::Fused || self.shape.slow == at {
            self.items.lock().unwrap().known[item].idle = self.site.idle();
        }
    }

    fn begun(&self, item: usize) {
        self.site.begin();
        let idle = self.site.idle();
        let items = &mut *self.items.lock().unwrap();
        items.waited = items.waited.max((idle.saturating_sub(items.known[item].idle), item));
    }

    fn made(&self, item: usize) {
        self.site.end();
        let (unshown, rounds) = (self.site.unshown(), self.site.rounds());
        let items = &mut *self.items.lock().unwrap();
        let made = &mut items.known[item];
        (made.is_made, made.unshown, made.rounds) = (true, unshown, rounds);
        // In order, those behind it may have waited for it.
        while items.known.get(items.turn).is_some_and(|known| known.is_made) {
            if self.shape.ordered {
                items.known[items.turn].unshown = unshown;
            }
            items.turn += 1;
        }
    }

    fn received(&self, item: usize) {
        let unshown = self.site.unshown();
        let items = &mut *self.items.lock().unwrap();
        items.hidden = items.hidden.max((unshown.saturating_sub(items.known[item].unshown), item));
    }

    async fn work(&self, item: usize) -> usize {
        let is_slow = self.shape.is_slow(item);
        match (self.shape.slow, self.shape.rest) {
            (Where::Work, _) if is_slow => self.site.spend(SLOW),
            (Where::Sleep, _) if is_slow => sleep(SLOW).await,
            (_, Rest::GivesWay) if is_slow => give_way().await,
            (_, Rest::Sleeps(millis)) if is_slow => runtime().sleep(Duration::from_millis(millis)).await,
            _ => {}
        }
        self.made(item);
        item
    }

    fn source(self: &Arc<Self>) -> BoxSource<usize> {
        let pulls = Arc::clone(self);
        if self.shape.slow == Where::Stream {
            return BoxSource::new(source::from_stream(Slow { ledger: pulls, next: 0, nap: None }));
        }
        let iterator = (0..self.shape.all()).inspect(move |item| pulls.pull(Where::Iterator, *item));
        BoxSource::new(source::from_iter(iterator))
    }

    /// Runs it to its end, and gives what it took.
    async fn run(self: &Arc<Self>) -> Duration {
        let (pulls, works) = (Arc::clone(self), Arc::clone(self));
        let fused = stage::map(move |item: usize| {
            pulls.pull(Where::Fused, item);
            item
        });
        let work = stage::then(move |item: usize| {
            works.begun(item);
            let works = Arc::clone(&works);
            async move { works.work(item).await }
        });
        let work = flow(self.source()).pipe(fused).pipe(work).workers(self.shape.workers).named("work");
        let work = if self.shape.ordered { work } else { work.unordered() };
        let run = work.pipe(Listen { ledger: Arc::clone(self) }).collect();
        let start = self.site.now();
        let mut all = run.on(self.site.runtime()).await;
        let took = self.site.now() - start;
        if !self.shape.ordered {
            all.sort_unstable();
        }
        assert!(all.into_iter().eq(0..self.shape.all()), "{:?}", self.shape);
        took
    }
}

/// A stream of which some items are slow to come.
struct Slow {
    ledger: Arc<Ledger>,
    next: usize,
    nap: Option<Sleep>,
}

impl Stream for Slow {
    type Item = usize;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<usize>> {
        let this = &mut *self;
        if this.next == this.ledger.shape.all() {
            return Poll::Ready(None);
        }
        if this.ledger.shape.is_slow(this.next) {
            let nap = this.nap.get_or_insert_with(|| runtime().sleep(SLOW));
            if pin!(nap).poll(cx).is_pending() {
                return Poll::Pending;
            }
            this.nap = None;
        }
        this.ledger.pull(Where::Stream, this.next);
        this.next += 1;
        Poll::Ready(Some(this.next - 1))
    }
}

/// What comes after the work: tells what it has received, and while it waits.
struct Listen {
    ledger: Arc<Ledger>,
}

impl Stage<usize> for Listen {
    type Out = usize;

    fn attach(
        self,
        input: impl Stream<Item = usize> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = usize> + Send + 'static {
        Listening { input: Box::pin(input), ledger: self.ledger }
    }
}

struct Listening<S> {
    input: Pin<Box<S>>,
    ledger: Arc<Ledger>,
}

impl<S: Stream<Item = usize>> Stream for Listening<S> {
    type Item = usize;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<usize>> {
        let ear = Arc::new(Ear { waker: cx.waker().clone(), site: self.ledger.site.clone() });
        ear.site.set_deaf(true);
        let polled = self.input.as_mut().poll_next(&mut Context::from_waker(&Waker::from(Arc::clone(&ear))));
        if let Poll::Ready(item) = polled {
            ear.site.set_deaf(false);
            if let Some(item) = item {
                self.ledger.received(item);
            }
        }
        polled
    }
}

struct Ear {
    waker: Waker,
    site: Site,
}

impl Wake for Ear {
    fn wake(self: Arc<Self>) {
        self.site.set_deaf(false);
        self.waker.wake_by_ref();
    }
}

/// All that can be slow, with all that the work can do besides.
fn slow_parts() -> impl Iterator<Item = (Where, Rest)> {
    let at_input = [Where::Iterator, Where::Stream, Where::Fused].into_iter();
    let at_input =
        at_input.flat_map(|slow| [Rest::Nothing, Rest::GivesWay, Rest::Sleeps(8)].map(|rest| (slow, rest)));
    at_input.chain([(Where::Work, Rest::Nothing), (Where::Sleep, Rest::Nothing)])
}

fn shapes(lengths: [usize; 3]) -> impl Iterator<Item = Shape> {
    let crews = [(1, true), (4, true), (4, false)];
    slow_parts().flat_map(move |(slow, rest)| {
        crews.map(|(workers, ordered)| Shape { slow, rest, workers, ordered, lengths })
    })
}

async fn promise_p11_what_turns_slow_holds_back_no_more_than_an_item() {
    let mut late = Vec::new();
    // Real sleeps take real time.
    let slow = if is_virtual() { 40 } else { 2 };
    for shape in shapes([200, slow, 40]) {
        let ledger = Ledger::new(shape);
        ledger.run().await;
        let items = ledger.items.lock().unwrap();
        let ((waited, ready), (hidden, made)) = (items.waited, items.hidden);
        let most = SLOW * (1 + follow(shape.workers));
        if waited > most {
            late.push(format!("item {ready} lay ready for {waited:?} while a worker was idle: {shape:?}"));
        }
        if hidden > most {
            late.push(format!("item {made} was made, and not shown for {hidden:?}: {shape:?}"));
        }
    }
    let late = late.join("\n");
    assert!(!is_virtual() || late.is_empty(), "an item is held back for too long:\n{late}");
}

async fn promise_p11_what_was_slow_and_is_quick_again_goes_in_chunks_again() {
    /// So many quick items may go by before it is known that they are quick: two full chunks.
    const LEARN: usize = 128;
    /// In so many the rounds are counted.
    const COUNTED: usize = 256;
    if !is_virtual() {
        // What the machine does besides decides how often a task gives way there.
        return;
    }
    let (mut all, mut count) = ([0, 0], 0);
    for shape in shapes([LEARN + COUNTED, 20, LEARN + COUNTED]) {
        let ledger = Ledger::new(shape);
        ledger.run().await;
        let known = &ledger.items.lock().unwrap().known;
        let rounds = |from: usize| known[from + COUNTED - 1].rounds.saturating_sub(known[from].rounds);
        let both = [rounds(LEARN), rounds(shape.all() - COUNTED)];
        // A schedule may be against it now and then.
        let most = COUNTED / 2;
        assert!(both.iter().all(|rounds| *rounds < most), "{COUNTED} took {both:?}: {shape:?}");
        count += 1;
        all = [all[0] + both[0], all[1] + both[1]];
    }
    let most = count * COUNTED / 4;
    assert!(all.iter().all(|rounds| *rounds < most), "{} took {all:?}", count * COUNTED);
}

async fn promise_p11_what_turns_slow_takes_no_longer_than_it_must() {
    const ITEMS: u32 = 200;
    if !is_exact() {
        // Sleeps are late.
        return;
    }
    for shape in shapes([300, ITEMS as usize, 0]) {
        let took = Ledger::new(shape).run().await;
        let workers = u32::try_from(shape.workers).unwrap();
        let least = match (shape.slow, shape.rest) {
            (Where::Sleep, _) => SLOW * ITEMS / workers,
            // One worker pulls, and then works on what it has pulled.
            (_, Rest::Sleeps(millis)) if workers == 1 => (SLOW + Duration::from_millis(millis)) * ITEMS,
            // Others work meanwhile, fast enough; the last item's work comes behind.
            (_, Rest::Sleeps(millis)) => SLOW * ITEMS + Duration::from_millis(millis),
            // Nothing is done at the same time where a thread is blocked: there is one.
            _ => SLOW * ITEMS,
        };
        assert!(took >= least, "{took:?} is less than {least:?}: the case is wrong: {shape:?}");
        assert!(took <= least * 21 / 20, "it took {took:?} and not {least:?}: {shape:?}");
    }
}

/// A stream that is pending, and goes on at once, after so many items each time.
struct InRows {
    items: Range<usize>,
    row: usize,
    given: usize,
}

impl Stream for InRows {
    type Item = usize;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<usize>> {
        if self.given == self.row {
            self.given = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.given += 1;
        Poll::Ready(self.items.next())
    }
}

/// What a sink has taken is paid for at the end of its poll: that comes after each item, once it is known that they are slow.
async fn promise_p11_a_sink_that_turns_slow_pays_soon_for_what_it_took() {
    const QUICK: usize = 300;
    const BETWEEN_READINGS: usize = 16;
    // Where its input runs out again and again, too.
    for row in [1, 5, BETWEEN_READINGS - 1, BETWEEN_READINGS + 1, usize::MAX] {
        let site = Site::new("buffer", 1);
        let (polls, in_a_poll) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (spends, poll, counts) = (site.clone(), Arc::clone(&polls), Arc::clone(&in_a_poll));
        let sink = sink::for_each(move |item: usize| {
            if item >= QUICK {
                spends.spend(SLOW);
                let poll = poll.load(Ordering::SeqCst);
                match &mut *counts.lock().unwrap() {
                    counts if counts.last().is_none_or(|(at, _)| *at != poll) => counts.push((poll, 1)),
                    counts => counts.last_mut().expect("it was looked at").1 += 1,
                }
            }
        });
        let all = 0..QUICK + 100;
        let run = if row == usize::MAX {
            flow(source::from_iter(all)).pipe(stage::buffer(64)).into(sink)
        } else {
            flow(source::from_stream(InRows { items: all, row, given: 0 })).into(sink)
        };
        let mut run = pin!(run.on(site.runtime()));
        poll_fn(|cx| {
            polls.fetch_add(1, Ordering::SeqCst);
            run.as_mut().poll(cx)
        })
        .await;
        let in_a_poll: Vec<usize> = in_a_poll.lock().unwrap().iter().map(|(_, items)| *items).collect();
        assert_eq!(in_a_poll.iter().sum::<usize>(), 100);
        // After so many the clock was read; and as many may have gone before, where it was read for the last quick one.
        let mut done = 0;
        for items in &in_a_poll {
            let most = if done < 2 * BETWEEN_READINGS - 1 { BETWEEN_READINGS } else { 1 };
            assert!(*items <= most, "{items} in a poll after {done}: {in_a_poll:?}, rows of {row}");
            done += items;
        }
    }
}

/// What deals items to branches.
#[derive(Clone, Copy, Debug)]
enum FanOut {
    Broadcast,
    Route,
    Tee,
}

/// The longest that items, some of which are slow, were kept from a branch that is fused, and from one that is a task.
async fn kept_from_branches(slow: Where, fan_out: FanOut) -> Vec<Duration> {
    let slow_ones = if is_virtual() { 40 } else { 2 };
    let shape = Shape { slow, rest: Rest::Nothing, workers: 1, ordered: true, lengths: [200, slow_ones, 40] };
    let ledger = Ledger::new(shape);
    let came = Arc::new(Mutex::new(vec![None; shape.all()]));
    let kept = Arc::new(Mutex::new(vec![Duration::ZERO; 2]));
    let (site, comes) = (ledger.site.clone(), Arc::clone(&came));
    let come = move |item: usize| {
        if slow == Where::Fused && shape.is_slow(item) {
            site.spend(SLOW);
        }
        comes.lock().unwrap()[item] = Some(site.now());
        item
    };
    let (site, longest) = (ledger.site.clone(), Arc::clone(&kept));
    let go = move |item: usize, branch: usize| {
        let kept = site.now() - came.lock().unwrap()[item].expect("it came");
        let longest = &mut longest.lock().unwrap()[branch];
        *longest = (*longest).max(kept);
        item
    };
    let goes = go.clone();
    let sink = sink::for_each(move |item| {
        goes(item, 1);
    });
    let branches = (stage::map(move |item| go(item, 0)), sink::SinkStage::new(sink.clone()).silent());
    let items = flow(ledger.source()).pipe(stage::map(come));
    let runtime = ledger.site.runtime();
    let count = match fan_out {
        FanOut::Broadcast => items.pipe(stage::broadcast(branches)).into(sink::count()).on(runtime).await,
        FanOut::Route => {
            let route = stage::route(|item: &usize| *item % 2, branches);
            2 * items.pipe(route).into(sink::count()).on(runtime).await
        }
        FanOut::Tee => items.pipe(stage::tee(sink)).into(sink::count()).on(runtime).await,
    };
    assert_eq!(count, shape.all());
    std::mem::take(&mut kept.lock().unwrap())
}

/// Items are dealt in bursts, of which nothing is held back for longer than in a chunk.
async fn promise_p11_what_turns_slow_is_shown_to_branches() {
    for fan_out in [FanOut::Broadcast, FanOut::Route, FanOut::Tee] {
        // Where the thread is blocked the task that is called has none. What suspends leaves it to all.
        let blocked = [SLOW * (1 + follow(1)), Duration::MAX];
        for (slow, most) in [(Where::Fused, blocked), (Where::Stream, [Duration::ZERO; 2])] {
            let kept = kept_from_branches(slow, fan_out).await;
            let late = kept.iter().zip(&most).any(|(kept, most)| kept > most);
            assert!(!is_virtual() || !late, "{kept:?} is more than {most:?}: {slow:?}, {fan_out:?}");
        }
    }
}

/// Of a branch whose items are slow one is given on before it is another's turn, where that has any.
async fn promise_p11_a_branch_that_turns_slow_holds_no_other_back() {
    const QUICK: usize = 200;
    const ALL: usize = 300;
    let site = Site::new("none", 1);
    // How many the other has made that were not given on, and how many slow ones went before them.
    let (ready, row) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // The most of these, in the turn in which they turn slow and in those after it; and whether that turn is over.
    let most = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let (turning, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (spends, waits, goes, longest) = (site.clone(), ready.clone(), row.clone(), most.clone());
    let (turns, is_over) = (turning.clone(), over.clone());
    let slow = stage::map(move |item: usize| {
        if item >= QUICK {
            spends.spend(SLOW);
            turns.store(true, Ordering::SeqCst);
            if waits.load(Ordering::SeqCst) > 0 {
                let row = goes.fetch_add(1, Ordering::SeqCst) + 1;
                longest[is_over.load(Ordering::SeqCst)].fetch_max(row, Ordering::SeqCst);
            }
        }
        (0, item)
    });
    let makes = ready.clone();
    let other = stage::then(move |item: usize| {
        makes.fetch_add(1, Ordering::SeqCst);
        async move { (1, item) }
    });
    let route = stage::route(|item: &usize| *item % 2, (slow, other));
    let given = stage::inspect(move |item: &(usize, usize)| {
        if item.0 == 1 {
            ready.fetch_sub(1, Ordering::SeqCst);
            row.store(0, Ordering::SeqCst);
            over.store(turning.load(Ordering::SeqCst).into(), Ordering::SeqCst);
        }
    });
    let run = flow(source::from_iter(0..ALL)).pipe(route).pipe(given).into(sink::count());
    assert_eq!(run.on(site.runtime()).await, ALL);
    // In a turn that began with quick ones the clock is read after 16 at the latest.
    let most = [0, 1].map(|turn| most[turn].load(Ordering::SeqCst));
    assert!(
        !is_virtual() || (most[0] <= 16 && most[1] <= 2),
        "{most:?} slow items went before what another branch had ready"
    );
}
