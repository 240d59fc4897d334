//! Stages that get other workers, and another buffer, at random: whatever they are, and however the run ends.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use anypipe_core::run::{ResizeError, Running, StageControl, inherit, scoped};
use anypipe_core::scope::CancelToken;
use anypipe_core::{ErrorKind, Source};
use anypipe_stages::{BoxSource, sink, source, stage};

use crate::case::note_tried;
use crate::registry::{Census, Draw, Item};
use crate::tools::{Dropped, Flow, Tells, flow, give_way, is_virtual, sleep, together};

crate::suite::cases! { ($) resizing_at_random as __resizing_at_random {
    resized_at_any_time_it_loses_nothing(seed),
    resized_while_it_ends_it_leaves_nothing(seed),
} }

/// What a stage is that is resized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Alone,
    Ordered,
    Unordered,
    UnorderedAlone,
    Rendezvous,
    RendezvousOfThree,
    Keyed,
    KeyedAlone,
    Weighed,
    WeighedAlone,
    Sifting,
    SiftingAlone,
    Synchronous,
    SynchronousAlone,
    Blocking,
    BlockingAlone,
    WithState,
}

const KINDS: [Kind; 17] = [
    Kind::Alone,
    Kind::Ordered,
    Kind::Unordered,
    Kind::UnorderedAlone,
    Kind::Rendezvous,
    Kind::RendezvousOfThree,
    Kind::Keyed,
    Kind::KeyedAlone,
    Kind::Weighed,
    Kind::WeighedAlone,
    Kind::Sifting,
    Kind::SiftingAlone,
    Kind::Synchronous,
    Kind::SynchronousAlone,
    Kind::Blocking,
    Kind::BlockingAlone,
    Kind::WithState,
];

impl Kind {
    fn is_ordered(self) -> bool {
        !matches!(self, Self::Unordered | Self::UnorderedAlone | Self::Keyed | Self::KeyedAlone)
    }

    fn is_keyed(self) -> bool {
        matches!(self, Self::Keyed | Self::KeyedAlone)
    }

    fn is_weighed(self) -> bool {
        matches!(self, Self::Weighed | Self::WeighedAlone)
    }

    fn sifts(self) -> bool {
        matches!(self, Self::Sifting | Self::SiftingAlone)
    }
}

fn is_sifted(value: i64) -> bool {
    value % 3 == 1
}

fn key(item: &Item) -> i64 {
    item.raw() % 4
}

fn weigh(item: &Item) -> usize {
    usize::try_from(item.raw() % 3).expect("a small number")
}

/// What the closures of a run see.
#[derive(Default)]
pub(crate) struct Watch {
    /// Items that are worked on, and the most of them at the same time.
    inside: AtomicUsize,
    pub(crate) most_inside: AtomicUsize,
    /// Items whose work was begun.
    pub(crate) begun: AtomicUsize,
    /// The item whose work panics.
    poison: OnceLock<i64>,
    /// The states of the workers.
    states: Dropped,
}

impl Watch {
    fn enter(self: &Arc<Self>) -> Inside {
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_inside.fetch_max(inside, Ordering::SeqCst);
        self.begun.fetch_add(1, Ordering::SeqCst);
        Inside(Arc::clone(self))
    }

    fn panic_at(&self, item: &Item) {
        if self.poison.get() == Some(&item.raw()) {
            std::panic::resume_unwind(Box::new("it is poison"));
        }
    }

    pub(crate) async fn work(self: Arc<Self>, item: Item) -> Item {
        let _inside = self.enter();
        item.work().await;
        self.panic_at(&item);
        item
    }
}

struct Inside(Arc<Watch>);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The stage `work` of this kind, behind a source.
fn work_stage<S: Source<Item = Item>>(kind: Kind, input: Flow<S>, watch: &Arc<Watch>) -> BoxSource<Item> {
    let (works, sifts, calls) = (Arc::clone(watch), Arc::clone(watch), Arc::clone(watch));
    let work = move |item: Item| Arc::clone(&works).work(item);
    let sift = move |item: Item| {
        let made = Arc::clone(&sifts).work(item);
        async move { Some(made.await).filter(|item| !is_sifted(item.raw())) }
    };
    let call = move |item: Item| {
        let _inside = calls.enter();
        calls.panic_at(&item);
        item
    };
    macro_rules! stages {
        ($($Kind:ident: $stage:expr $(, $option:ident($($given:expr),*))*;)+) => {
            match kind {
                $(Kind::$Kind => BoxSource::new(input.pipe($stage)$(.$option($($given),*))*.named("work").0),)+
                Kind::WithState => {
                    let (makes, watch) = (watch.states.clone(), Arc::clone(watch));
                    let init = move || std::future::ready((makes.tells(), Arc::clone(&watch)));
                    let work = stage::then_with(init, async |(_, watch): &mut (Tells, Arc<Watch>), item: Item| {
                        Arc::clone(watch).work(item).await
                    });
                    BoxSource::new(input.pipe(work).workers(2).named("work").0)
                }
            }
        };
    }
    stages! {
        Alone: stage::then(work);
        Ordered: stage::then(work), workers(3), buffer_size(2);
        Unordered: stage::then(work), workers(3), buffer_size(2), unordered();
        UnorderedAlone: stage::then(work), buffer_size(2), unordered();
        Rendezvous: stage::then(work), rendezvous();
        RendezvousOfThree: stage::then(work), workers(3), rendezvous();
        Keyed: stage::then(work), workers(3), buffer_size(3), keyed(key);
        KeyedAlone: stage::then(work), buffer_size(3), keyed(key);
        Weighed: stage::then(work), workers(3), buffer_weight(4, weigh);
        WeighedAlone: stage::then(work), buffer_weight(4, weigh);
        Sifting: stage::filter_map_async(sift), workers(3), buffer_size(2);
        SiftingAlone: stage::filter_map_async(sift), buffer_size(2);
        Synchronous: stage::map(call), workers(3), buffer_size(2);
        SynchronousAlone: stage::map(call), buffer_size(2);
        Blocking: stage::map(call), blocking(), workers(2);
        BlockingAlone: stage::map(call), blocking();
    }
}

/// Asks for random sizes until the stage has ended.
async fn resize_at_random(stage: StageControl, mut draw: Draw, weighed: bool) {
    loop {
        for _ in 0..draw.below(12) {
            give_way().await;
        }
        if draw.below(4) == 0 {
            sleep(Duration::from_micros(draw.below(900) as u64)).await;
        }
        let asked = match draw.below(3) {
            0 if weighed => {
                let refused = stage.set_buffer_size(3).unwrap_err();
                assert!(
                    matches!(refused, ResizeError::Weighed { .. } | ResizeError::Ended { .. }),
                    "{refused}"
                );
                continue;
            }
            0 => stage.set_buffer_size(draw.within(1..=9)),
            _ => stage.set_workers(draw.within(1..=9)),
        };
        match asked {
            Ok(()) => {}
            Err(ResizeError::Ended { .. }) => return,
            Err(error) => panic!("{error}"),
        }
    }
}

async fn resized_at_any_time_it_loses_nothing(seed: u64) {
    const ITEMS: i64 = 120;
    for (number, kind) in KINDS.into_iter().enumerate() {
        let mut draw = Draw::new(seed ^ (number as u64) << 32);
        note_tried(Some(&format!("{kind:?}")));
        let (census, watch) = (Census::new(), Arc::new(Watch::default()));
        let resized: Arc<OnceLock<StageControl>> = Arc::default();
        let (makes, bound) = (census.clone(), Arc::clone(&resized));
        let exact = is_virtual() && !kind.is_weighed();
        let items = (0..ITEMS).map(move |value| {
            let item = makes.item(value);
            if let (true, Some(bound)) = (exact, bound.get()) {
                let bound = bound.max_in_flight().limit().unwrap();
                // One more is in the consumer's hand.
                assert!(makes.live() <= bound + 1, "{kind:?}: {} > {bound} + 1", makes.live());
            }
            item
        });
        let got = Arc::new(Mutex::new(Vec::new()));
        let gets = Arc::clone(&got);
        let running = Flow(work_stage(kind, flow(source::from_iter(items)), &watch))
            .into(sink::for_each_async(move |item: Item| {
                gets.lock().unwrap().push(item.raw());
                async move {
                    if item.raw() % 10 == 0 {
                        sleep(Duration::from_micros(300)).await;
                    }
                    drop(item);
                }
            }))
            .start();
        let control = running.control();
        let (first, second) = (Draw::new(draw.any()), Draw::new(draw.any()));
        together(move |group| async move {
            let mut stage = control.stage("work");
            while matches!(stage, Err(ResizeError::NoStage { .. })) {
                give_way().await;
                stage = control.stage("work");
            }
            let stage = stage.unwrap();
            let _ = resized.set(stage.clone());
            // Two of them at once.
            drop(group.spawn(resize_at_random(stage.clone(), first, kind.is_weighed())));
            drop(group.spawn(resize_at_random(stage, second, kind.is_weighed())));
        })
        .await;
        let control = running.control();
        running.await.unwrap();
        let got = std::mem::take(&mut *got.lock().unwrap());
        let all: Vec<_> = (0..ITEMS).filter(|value| !(kind.sifts() && is_sifted(*value))).collect();
        if kind.is_ordered() {
            assert_eq!(got, all, "{kind:?}");
        }
        if kind.is_keyed() {
            for key in 0..4 {
                let of_key: Vec<_> = got.iter().copied().filter(|value| value % 4 == key).collect();
                assert!(of_key.is_sorted(), "{kind:?}: {of_key:?}");
            }
        }
        let mut sorted = got;
        sorted.sort_unstable();
        assert_eq!(sorted, all, "{kind:?}");
        assert_eq!((census.live(), watch.states.live()), (0, 0), "{kind:?}");
        assert!(watch.most_inside.load(Ordering::SeqCst) <= 9, "{kind:?}");
        assert!(census.most() <= 64 + 9 + 1 || kind.is_weighed(), "{kind:?}: {}", census.most());
        let stats = control.stats();
        let stats = stats.stage("work").unwrap();
        assert_eq!((stats.taken, stats.delivered), (ITEMS as u64, all.len() as u64), "{kind:?}: {stats:?}");
        assert_eq!(stats.taken, stats.delivered + stats.filtered, "{kind:?}: {stats:?}");
    }
}

/// How a run ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Stop,
    Cancel,
    Drop,
    Panic,
    Enough,
}

async fn resized_while_it_ends_it_leaves_nothing(seed: u64) {
    for (number, kind) in KINDS.into_iter().enumerate() {
        let mut draw = Draw::new(seed ^ (number as u64) << 32);
        let end = [End::Stop, End::Cancel, End::Drop, End::Panic, End::Enough][draw.below(5)];
        let (census, watch) = (Census::new(), Arc::new(Watch::default()));
        if end == End::Panic {
            let _ = watch.poison.set(i64::try_from(draw.within(0..=60)).expect("a small number"));
        }
        let enough = if end == End::Enough { draw.within(1..=40) } else { usize::MAX };
        let (gone, given) = (CancelToken::new(), Arc::new(AtomicUsize::new(0)));
        let (makes, ends, gives) = (census.clone(), gone.clone(), Arc::clone(&given));
        let items = (0..).map(move |value| makes.item(value));
        let work = Flow(work_stage(kind, flow(source::from_iter(items)), &watch));
        let run = work.pipe(stage::take(enough)).into(sink::for_each_async(move |item: Item| {
            gives.fetch_add(1, Ordering::SeqCst);
            async move { drop(item) }
        }));
        let (naps, random) = (draw.below(30), Draw::new(draw.any()));
        let told = format!("{kind:?}, {end:?}");
        note_tried(Some(&told));
        let body = async move {
            // In this scope, which joins what it leaves behind where it is dropped.
            let running: Running<()> = run.start();
            let control = running.control();
            let mut running = Some(running);
            let mut stage = control.stage("work");
            while matches!(stage, Err(ResizeError::NoStage { .. })) && !gone.is_cancelled() {
                give_way().await;
                stage = control.stage("work");
            }
            let resizes = async {
                if let Ok(stage) = stage {
                    resize_at_random(stage, random, kind.is_weighed()).await;
                }
            };
            let ends = async {
                for _ in 0..naps {
                    give_way().await;
                }
                match end {
                    End::Stop => control.stop(),
                    End::Cancel => control.cancel(),
                    End::Drop => drop(running.take()),
                    End::Panic | End::Enough => {}
                }
                match running {
                    Some(running) => Some(running.join().await.err().map(|error| error.kind())),
                    None => None,
                }
            };
            let ((), ended) = join(resizes, ends).await;
            (control, ended)
        };
        let (control, ended) = scoped("ends", inherit, body).await.unwrap();
        drop(ends);
        match end {
            End::Stop | End::Enough => assert_eq!(ended, Some(None), "{told}"),
            End::Cancel => assert!(matches!(ended, Some(None | Some(ErrorKind::Cancelled))), "{told}"),
            End::Drop => assert_eq!(ended, None, "{told}"),
            End::Panic => assert_eq!(ended, Some(Some(ErrorKind::Panicked)), "{told}"),
        }
        assert_eq!((census.live(), watch.states.live()), (0, 0), "{told}");
        let stats = control.stats();
        let Some(stats) = stats.stage("work") else { continue };
        let sum = stats.delivered + stats.filtered + stats.panicked + stats.cancelled + stats.left;
        assert_eq!(stats.taken, sum, "{told}: {stats:?}");
        if end == End::Stop {
            assert_eq!(stats.taken, stats.delivered + stats.filtered, "{told}: {stats:?}");
            assert_eq!(stats.delivered, given.load(Ordering::SeqCst) as u64, "{told}: {stats:?}");
        }
    }
}

/// Both, in one task.
async fn join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (std::pin::pin!(a), std::pin::pin!(b));
    let (mut first, mut second) = (None, None);
    std::future::poll_fn(|cx| {
        if first.is_none() {
            if let std::task::Poll::Ready(value) = a.as_mut().poll(cx) {
                first = Some(value);
            }
        }
        if second.is_none() {
            if let std::task::Poll::Ready(value) = b.as_mut().poll(cx) {
                second = Some(value);
            }
        }
        match (first.take(), second.take()) {
            (Some(a), Some(b)) => std::task::Poll::Ready((a, b)),
            (a, b) => {
                (first, second) = (a, b);
                std::task::Poll::Pending
            }
        }
    })
    .await
}
