//! What an entry builds: the thing itself beside its meaning.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use anypipe_core::option::{HasBoundary, IntoBlocking, Workers};
use anypipe_core::run::inherit;
use anypipe_core::{Holds, Run, Sink, Source, Stage};
use anypipe_stages::{BoxSource, Joined, Piped, stage};

use super::{Census, Draw, Item};

/// What happens to the values.
pub(crate) type Model = Box<dyn Fn(&[i64]) -> Vec<i64> + Send + Sync>;

/// How what comes out has to agree with the meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Agree {
    /// The same items in the same order.
    Same,
    /// The same items in any order.
    AnyOrder,
    /// Some of the items, in order: what is left out depends on time.
    Part,
}

/// A stage, with what it means for a plain `Vec`.
pub struct BuiltStage {
    pub(crate) told: String,
    pub(crate) attach: Box<dyn FnOnce(BoxSource<Item>) -> BoxSource<Item> + Send>,
    pub(crate) model: Model,
    /// What the entry says that the stage holds.
    pub(crate) holds: Holds,
    /// What the stage itself says that it holds.
    pub(crate) says: Holds,
    pub(crate) agree: Agree,
    pub(crate) itemwise: bool,
    pub(crate) needs_end: bool,
    pub(crate) takes_all: bool,
}

impl BuiltStage {
    /// A stage that is written as `told`, fused until [`holds`](BuiltStage::holds) says otherwise, and
    /// that does to values what `model` does.
    pub fn new(
        told: impl Into<String>,
        stage: impl Stage<Item, Out = Item>,
        model: impl Fn(&[i64]) -> Vec<i64> + Send + Sync + 'static,
    ) -> Self {
        let says = stage.holds();
        Self {
            told: told.into(),
            attach: Box::new(|source| BoxSource::new(Piped { source, stage })),
            model: Box::new(model),
            holds: Holds::NONE,
            says,
            agree: Agree::Same,
            itemwise: false,
            needs_end: false,
            takes_all: false,
        }
    }

    /// A stage with a synchronous closure, in one of its forms: fused, with workers, on the blocking
    /// pool. Its meaning must be [`itemwise`](BuiltStage::itemwise).
    pub fn synchronous<G>(
        draw: &mut Draw,
        name: &str,
        stage: G,
        model: impl Fn(&[i64]) -> Vec<i64> + Send + Sync + 'static,
    ) -> Self
    where
        G: Stage<Item, Out = Item> + Workers + IntoBlocking,
        G::Boundary: Stage<Item, Out = Item> + HasBoundary,
        G::Blocking: Stage<Item, Out = Item> + HasBoundary,
    {
        let options = draw.options();
        match draw.below(3) {
            0 => Self::new(name, stage, model).itemwise(),
            1 => Self::with_options(options, name, stage.into_boundary(), model),
            _ => {
                let name = format!("{name}.blocking()");
                Self::with_options(options, &name, stage.into_blocking(), model)
            }
        }
    }

    /// A boundary with workers, whose meaning is [`itemwise`](BuiltStage::itemwise).
    pub fn parallel<G>(
        draw: &mut Draw,
        name: &str,
        stage: G,
        model: impl Fn(&[i64]) -> Vec<i64> + Send + Sync + 'static,
    ) -> Self
    where
        G: Stage<Item, Out = Item> + HasBoundary,
    {
        Self::with_options(draw.options(), name, stage, model)
    }

    fn with_options<G>(
        options: super::Options,
        name: &str,
        stage: G,
        model: impl Fn(&[i64]) -> Vec<i64> + Send + Sync + 'static,
    ) -> Self
    where
        G: Stage<Item, Out = Item> + HasBoundary,
    {
        let built = Self::new(options.told(name), options.apply(stage), model).itemwise();
        let built = built.holds(options.holds());
        if options.is_ordered() { built } else { built.agree(Agree::AnyOrder) }
    }

    /// What the stage holds: checked against what it says, and against what it is seen to hold.
    pub fn holds(mut self, holds: Holds) -> Self {
        self.holds = holds;
        self
    }

    /// How far what comes out has to agree with the meaning; the same items in the same order where
    /// nothing is said.
    pub fn agree(mut self, agree: Agree) -> Self {
        self.agree = agree;
        self
    }

    /// What becomes of an item doesn't depend on the others: the stage may stand behind one that
    /// changes their order.
    pub fn itemwise(mut self) -> Self {
        self.itemwise = true;
        self
    }

    /// Gives next to nothing before its input has ended: an endless input gets it nowhere.
    pub fn needs_end(mut self) -> Self {
        self.needs_end = true;
        self
    }

    /// Takes all that comes, though nobody takes what it gives: an endless input leaves it no rest.
    pub fn takes_all(mut self) -> Self {
        self.takes_all = true;
        self
    }
}

impl fmt::Debug for BuiltStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BuiltStage").field(&self.told).finish()
    }
}

/// A source, with what it gives.
pub struct BuiltSource {
    pub(crate) told: String,
    pub(crate) source: BoxSource<Item>,
    pub(crate) model: Vec<i64>,
    pub(crate) holds: Holds,
    pub(crate) says: Holds,
    pub(crate) agree: Agree,
    pub(crate) endless: bool,
}

impl BuiltSource {
    /// A source that is written as `told` and gives these values.
    pub fn new(told: impl Into<String>, source: impl Source<Item = Item>, model: Vec<i64>) -> Self {
        let source = BoxSource::new(source);
        let says = source.holds();
        let (holds, agree) = (Holds::NONE, Agree::Same);
        Self { told: told.into(), source, model, holds, says, agree, endless: false }
    }

    /// The source has no end: the meaning is how it begins, and no more than that is asked of it.
    pub fn endless(mut self) -> Self {
        self.endless = true;
        self
    }

    /// As [`BuiltStage::holds`].
    pub fn holds(mut self, holds: Holds) -> Self {
        self.holds = holds;
        self
    }

    /// As [`BuiltStage::agree`].
    pub fn agree(mut self, agree: Agree) -> Self {
        self.agree = agree;
        self
    }
}

impl fmt::Debug for BuiltSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BuiltSource").field(&self.told).finish()
    }
}

/// A sink, with what comes of it.
pub struct BuiltSink {
    pub(crate) told: String,
    pub(crate) drain: Box<dyn FnOnce(BoxSource<Item>) -> Run<Vec<i64>> + Send>,
    pub(crate) model: Model,
    pub(crate) itemwise: bool,
    pub(crate) needs_end: bool,
}

impl BuiltSink {
    /// A sink that is written as `told`; `tell` turns what comes of it into values, and `model` says
    /// which they are.
    pub fn new<K, O>(
        told: impl Into<String>,
        sink: K,
        tell: impl FnOnce(O) -> Vec<i64> + Send + 'static,
        model: impl Fn(&[i64]) -> Vec<i64> + Send + Sync + 'static,
    ) -> Self
    where
        K: Sink<Item, Output = O>,
        O: Send + 'static,
    {
        Self::behind(told, |item| item, sink, tell, model)
    }

    /// As [`new`](BuiltSink::new), for a sink of other items, that `before` makes of [`Item`]s.
    pub fn behind<In, K, O>(
        told: impl Into<String>,
        before: impl Fn(Item) -> In + Send + Sync + 'static,
        sink: K,
        tell: impl FnOnce(O) -> Vec<i64> + Send + 'static,
        model: impl Fn(&[i64]) -> Vec<i64> + Send + Sync + 'static,
    ) -> Self
    where
        In: Send + 'static,
        K: Sink<In, Output = O>,
        O: Send + 'static,
    {
        let drain = |source: BoxSource<Item>| {
            Run::new("sink", inherit, move |scope| {
                let source = Piped { source, stage: stage::map(before) };
                let drained: Pin<Box<dyn Future<Output = O> + Send>> =
                    Box::pin(sink.drain(source.attach(scope), scope));
                async move { tell(drained.await) }
            })
        };
        Self::of_run(told, drain, model)
    }

    /// As [`new`](BuiltSink::new), for what takes more than a sink: the whole run.
    pub fn of_run(
        told: impl Into<String>,
        drain: impl FnOnce(BoxSource<Item>) -> Run<Vec<i64>> + Send + 'static,
        model: impl Fn(&[i64]) -> Vec<i64> + Send + Sync + 'static,
    ) -> Self {
        Self {
            told: told.into(),
            drain: Box::new(drain),
            model: Box::new(model),
            itemwise: false,
            needs_end: true,
        }
    }

    /// Which values are told doesn't depend on the order of the items, at most their order does: the
    /// sink may stand behind a stage that changes the order.
    pub fn itemwise(mut self) -> Self {
        self.itemwise = true;
        self
    }

    /// Stops before the end of its input, at least sometimes: what it does with an endless one is
    /// known.
    pub fn stops_early(mut self) -> Self {
        self.needs_end = false;
        self
    }
}

impl fmt::Debug for BuiltSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BuiltSink").field(&self.told).finish()
    }
}

/// An operator among items of other types: `before` makes its items of [`Item`]s, `after` makes
/// [`Item`]s of what it gives. Neither holds an item.
pub fn around<In, G>(
    before: impl Fn(Item) -> In + Send + Sync + 'static,
    stage: G,
    after: impl Fn(G::Out) -> Item + Send + Sync + 'static,
) -> impl Stage<Item, Out = Item>
where
    In: Send + 'static,
    G: Stage<In>,
{
    let first = Joined { first: stage::map(before), second: stage };
    Joined { first, second: stage::map(after) }
}

/// A stage that is tried: its entry in the registry.
#[derive(Clone, Copy, Debug)]
pub struct Operator {
    /// The name of its function in `anypipe_stages::stage`.
    pub name: &'static str,
    /// Builds it, with what it leaves open drawn.
    pub build: fn(&mut Draw) -> BuiltStage,
}

/// A source that is tried: its entry in the registry.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The name of its function in `anypipe_stages::source`.
    pub name: &'static str,
    /// Builds it of items of the tally, with what it leaves open drawn.
    pub build: fn(&mut Draw, &Census) -> BuiltSource,
}

/// A sink that is tried: its entry in the registry.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// The name of its function in `anypipe_stages::sink`.
    pub name: &'static str,
    /// Builds it, with what it leaves open drawn.
    pub build: fn(&mut Draw) -> BuiltSink,
}
