//! The laws of operators on operators that aren't ours: one that keeps every rule, the guide's, on each backend; and
//! some that break one, which the law of that rule rejects by name.

#[allow(unreachable_pub, missing_debug_implementations, reason = "it is written as in a crate of its own")]
mod changes;

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::runtime::{AsyncStd, Sim, Smol, Tokio};
use anypipe::sink;
use anypipe_conformance::registry::{BuiltSink, BuiltSource, BuiltStage, Item, Operator, Origin, Terminal};
use anypipe_conformance::{Body, Case, laws, operator_suite, sink_suite, source_suite, watched_for};
use anypipe_core::{Scope, Sink, Stage};
use changes::Changes;
use futures_core::Stream;

const ENTRIES: &[Operator] = &[Operator {
    name: "changes",
    build: |draw| {
        let n = i64::try_from(draw.within(2..=4)).expect("a small number");
        let stage = Changes::new(move |item: &Item| item.value() % n);
        BuiltStage::new(format!("changes(% {n})"), stage, move |all| {
            let mut all = all.to_vec();
            all.dedup_by_key(|value| *value % n);
            all
        })
    },
}];

operator_suite!(on_tokio, || Tokio::multi_thread(2), ENTRIES);
operator_suite!(on_smol, || Smol::threads(2), ENTRIES);
operator_suite!(on_async_std, AsyncStd::new, ENTRIES);
operator_suite!(on_sim, each | case | Sim::each(20, |sim| case.run_on(|| sim.clone(), sim.seed())), ENTRIES);

#[test]
fn the_guide_shows_this_operator_and_how_it_is_tried() {
    let guide = include_str!("../../../docs/guide/operator.md");
    assert!(guide.contains(include_str!("changes.rs")), "`docs/guide/operator.md` shows another `Changes`");
    let entry = include_str!("main.rs");
    let (_, entry) = entry.split_once("const ENTRIES").expect("it is above");
    let (entry, _) = entry.split_once("operator_suite!(on_smol").expect("it is above");
    assert!(guide.contains(entry.trim_end()), "`docs/guide/operator.md` shows another entry");
}

/// Which rule is broken.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// A pending input is taken for the end, once an item has come.
    EndsWhenPending,
    /// A panic of its source is taken for the end.
    TakesAPanicForTheEnd,
    /// More items are taken ahead than it says.
    Hoards,
    /// The user's closure is called without the stage's name.
    NamesNothing,
    /// An item is kept where no scope knows of it.
    KeepsOne,
    /// It ends after the third item, and keeps its input.
    KeepsItsInput,
    /// Nothing comes after the third item, and nobody is woken.
    Hangs,
}

/// Gives its items on, but for its fault.
struct Faulty(Fault);

impl Stage<Item> for Faulty {
    type Out = Item;

    fn attach(
        self,
        input: impl Stream<Item = Item> + Send + 'static,
        _scope: &Scope,
    ) -> impl Stream<Item = Item> + Send + 'static {
        Passing { input: Some(Box::pin(input)), fault: self.0, ahead: Vec::new(), given: 0 }
    }
}

struct Passing<S> {
    input: Option<Pin<Box<S>>>,
    fault: Fault,
    ahead: Vec<Item>,
    given: usize,
}

impl<S> Unpin for Passing<S> {}

impl<S: Stream<Item = Item>> Passing<S> {
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        let Some(input) = &mut self.input else { return Poll::Ready(None) };
        let polled = if self.fault == Fault::TakesAPanicForTheEnd {
            catch_unwind(AssertUnwindSafe(|| input.as_mut().poll_next(cx))).unwrap_or(Poll::Ready(None))
        } else {
            input.as_mut().poll_next(cx)
        };
        let ended = match polled {
            Poll::Ready(None) => true,
            Poll::Pending => self.fault == Fault::EndsWhenPending && self.given > 0,
            Poll::Ready(Some(_)) => false,
        };
        if ended {
            self.input = None;
            return Poll::Ready(None);
        }
        polled
    }
}

static KEPT: Mutex<Vec<Item>> = Mutex::new(Vec::new());

impl<S: Stream<Item = Item>> Stream for Passing<S> {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        let this = &mut *self;
        if this.given == 3 {
            match this.fault {
                Fault::Hangs => return Poll::Pending,
                Fault::KeepsItsInput => return Poll::Ready(None),
                _ => {}
            }
        }
        if this.fault == Fault::Hoards {
            while this.ahead.len() < 9 {
                let Poll::Ready(Some(item)) = this.poll_input(cx) else { break };
                this.ahead.insert(0, item);
            }
            if let Some(item) = this.ahead.pop() {
                return Poll::Ready(Some(item));
            }
        }
        let item = ready!(this.poll_input(cx));
        if let Some(item) = &item {
            this.given += 1;
            if this.fault == Fault::NamesNothing {
                item.value();
            }
            if this.fault == Fault::KeepsOne && this.given == 1 {
                KEPT.lock().unwrap().push(item.clone());
            }
        }
        Poll::Ready(item)
    }
}

/// The entry of an operator with a fault.
macro_rules! faulty {
    ($fault:ident) => {
        &[Operator {
            name: "faulty",
            build: |_draw| {
                let told = concat!("faulty(", stringify!($fault), ")");
                BuiltStage::new(told, Faulty(Fault::$fault), <[i64]>::to_vec).itemwise()
            },
        }]
    };
}

type Law = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The law rejects the operator, and tells the rule and which operator it was.
fn assert_rejected(law: &'static str, body: fn(u64) -> Law, rule: &str, told: &str) {
    let test = move || Case::new("law", Body::Future(body)).run_on(|| Tokio::multi_thread(2), 0);
    let path = format!("operators_of_others::{law}");
    let panic = catch_unwind(AssertUnwindSafe(|| watched_for(Duration::from_secs(3), &path, test)));
    let message = *panic.expect_err("the fault was not seen").downcast::<String>().expect("a text");
    for told in [rule, told] {
        assert!(message.contains(told), "`{told}` is missing in: {message}");
    }
}

macro_rules! rejects {
    ($test:ident: $law:ident, $fault:ident, $rule:literal) => {
        #[test]
        fn $test() {
            const FAULTY: &[Operator] = faulty!($fault);
            let body = |seed| -> Law { Box::pin(laws::$law(FAULTY.iter().collect(), seed)) };
            assert_rejected(stringify!($law), body, $rule, concat!("faulty(", stringify!($fault), ")"));
        }
    };
}

rejects!(one_that_ends_when_its_input_is_pending:
    every_operator_waits_for_its_input, EndsWhenPending, "MUST 5 of an operator");
rejects!(one_that_takes_a_panic_for_the_end:
    every_operator_passes_a_panic_of_its_source_on, TakesAPanicForTheEnd, "MUST 5 of an operator");
rejects!(one_that_holds_more_than_it_says:
    every_operator_holds_what_it_says, Hoards, "MUST 8 of an operator");
rejects!(one_whose_panics_have_no_name:
    every_operator_survives_a_panic_in_its_closure, NamesNothing, "MUST 3 of an operator");
rejects!(one_that_keeps_an_item:
    every_operator_lets_go_of_all_when_dropped, KeepsOne, "MUST 2 of an operator");
rejects!(one_that_keeps_its_input:
    every_operator_drops_an_input_that_it_needs_no_more, KeepsItsInput, "MUST 4 of an operator");
rejects!(one_that_hangs:
    every_operator_means_what_it_says, Hangs, "hangs");

/// Sources: the first keeps every rule, the others break one.
const THESE: Origin = Origin {
    name: "these",
    build: |draw, census| {
        let (model, census) = (draw.values(9), census.clone());
        let items = model.clone().into_iter().map(move |value| census.item(value));
        BuiltSource::new("these", Pipeline::from_iter(items), model)
    },
};
const LOSES_THE_LAST: Origin = Origin {
    name: "faulty",
    build: |_draw, census| {
        let census = census.clone();
        let items = (0..3).map(move |value| census.item(value));
        BuiltSource::new("faulty(LosesTheLast)", Pipeline::from_iter(items), (0..4).collect())
    },
};
const KEEPS_A_COPY: Origin = Origin {
    name: "faulty",
    build: |_draw, census| {
        let census = census.clone();
        let items = (0..3).map(move |value| {
            let item = census.item(value);
            KEPT.lock().unwrap().push(item.clone());
            item
        });
        BuiltSource::new("faulty(KeepsACopy)", Pipeline::from_iter(items), (0..3).collect())
    },
};

fn values(items: &[Item]) -> Vec<i64> {
    items.iter().map(Item::raw).collect()
}

/// Sinks: the first keeps every rule, the others break one.
const EVERYTHING: Terminal = Terminal {
    name: "everything",
    build: |_draw| {
        let tell = |items: Vec<Item>| values(&items);
        BuiltSink::new("everything", sink::collect(), tell, <[i64]>::to_vec).itemwise()
    },
};
const MISSES_THE_FIRST: Terminal = Terminal {
    name: "faulty",
    build: |_draw| {
        let tell = |items: Vec<Item>| values(items.get(1..).unwrap_or_default());
        BuiltSink::new("faulty(MissesTheFirst)", sink::collect(), tell, <[i64]>::to_vec)
    },
};
const HIDES_A_PANIC: Terminal = Terminal {
    name: "faulty",
    build: |_draw| {
        let tell = |items: Vec<Item>| values(&items);
        BuiltSink::new("faulty(HidesAPanic)", Hiding, tell, <[i64]>::to_vec)
    },
};

/// Collects, and takes a panic of what comes before it for the end.
struct Hiding;

impl Sink<Item> for Hiding {
    type Output = Vec<Item>;

    fn drain(
        self,
        input: impl Stream<Item = Item> + Send + 'static,
        _scope: &Scope,
    ) -> impl Future<Output = Vec<Item>> + Send + 'static {
        let mut input = Box::pin(input);
        async move {
            let mut items = Vec::new();
            loop {
                let next = poll_fn(|cx| {
                    let polled = catch_unwind(AssertUnwindSafe(|| input.as_mut().poll_next(cx)));
                    polled.unwrap_or(Poll::Ready(None))
                });
                let Some(item) = next.await else { return items };
                items.push(item);
            }
        }
    }
}

source_suite!(sources_on_tokio, || Tokio::multi_thread(2), &[THESE]);
source_suite!(
    sources_on_sim,
    each | case | Sim::each(20, |sim| case.run_on(|| sim.clone(), sim.seed())),
    &[THESE]
);
sink_suite!(sinks_on_smol, || Smol::threads(2), &[EVERYTHING]);
sink_suite!(
    sinks_on_sim,
    each | case | Sim::each(20, |sim| case.run_on(|| sim.clone(), sim.seed())),
    &[EVERYTHING]
);

macro_rules! rejects_an_end {
    ($test:ident: $law:ident, $entry:expr, $rule:literal, $told:literal) => {
        #[test]
        fn $test() {
            let body = |seed| -> Law { Box::pin(laws::$law(vec![&$entry], seed)) };
            assert_rejected(stringify!($law), body, $rule, $told);
        }
    };
}

rejects_an_end!(a_source_that_loses_the_last:
    every_source_gives_what_it_says, LOSES_THE_LAST, "what a source gives", "faulty(LosesTheLast)");
rejects_an_end!(a_source_that_keeps_a_copy:
    every_source_is_let_go_of_early, KEEPS_A_COPY, "MUST 2 and 3 of a source", "faulty(KeepsACopy)");
rejects_an_end!(a_sink_that_misses_the_first:
    every_sink_gives_what_it_says, MISSES_THE_FIRST, "what a sink gives", "faulty(MissesTheFirst)");
rejects_an_end!(a_sink_that_hides_a_panic:
    every_sink_passes_a_panic_of_its_source_on, HIDES_A_PANIC, "P5, of a sink", "faulty(HidesAPanic)");
