//! Random pipelines of what is registered.

use std::fmt::Write as _;

use anypipe_core::{Run, Source};
use anypipe_stages::{BoxSource, Piped, source, stage};

use crate::registry::{Agree, BuiltSource, BuiltStage, Census, Draw, Item, Operator, Origin, Terminal};
use crate::registry::{operators, origins, terminals};

/// A pipeline that was drawn: every part with the seed that it draws its own parameters from, so that
/// the others stay as they are when one is left out.
#[derive(Clone)]
pub(crate) struct Plan {
    input: Input,
    stages: Vec<(Operator, u64)>,
    sink: (Terminal, u64),
}

#[derive(Clone)]
enum Input {
    Origin(Origin, u64),
    /// `from_iter` with these values: what is left of an origin while a failure is being shrunk.
    Values(Vec<i64>),
}

/// A pipeline that was built of a plan.
pub(crate) struct Trial {
    /// How it is written.
    pub(crate) told: String,
    pub(crate) run: Run<Vec<i64>>,
    /// Counts its items.
    pub(crate) tally: Census,
    pub(crate) meaning: Meaning,
}

/// What has to come out.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    pub(crate) values: Vec<i64>,
    /// True where their order is free.
    pub(crate) any_order: bool,
    /// True where some of them may be left out.
    pub(crate) part: bool,
}

impl Meaning {
    /// The values of one operator.
    pub(crate) fn new(values: Vec<i64>, agree: Agree) -> Self {
        Self { values, any_order: agree == Agree::AnyOrder, part: agree == Agree::Part }
    }

    /// True where neither the order nor anything else is free.
    pub(crate) fn is_exact(&self) -> bool {
        !self.any_order && !self.part
    }

    /// Whether these values are what is meant.
    pub(crate) fn agrees(&self, mut came: Vec<i64>) -> bool {
        let mut expected = self.values.clone();
        if self.any_order {
            came.sort_unstable();
            expected.sort_unstable();
        }
        if !self.part {
            return came == expected;
        }
        let mut expected = expected.into_iter();
        came.iter().all(|value| expected.any(|other| other == *value))
    }
}

/// The parts of a pipeline, as it grows.
struct Growing {
    told: String,
    source: BoxSource<Item>,
    meaning: Meaning,
}

impl Growing {
    fn new(input: &Input, tally: &Census) -> Self {
        let (told, source, values, agree) = match input {
            Input::Values(values) => {
                let (made, tally) = (values.clone(), tally.clone());
                let items = made.into_iter().map(move |value| tally.item(value));
                (
                    format!("from_iter({values:?})"),
                    BoxSource::new(source::from_iter(items)),
                    values.clone(),
                    Agree::Same,
                )
            }
            Input::Origin(origin, seed) => {
                let mut draw = Draw::new(*seed);
                let BuiltSource { told, source, model, agree, endless, .. } =
                    (origin.build)(&mut draw, tally);
                if endless {
                    let n = draw.below(model.len() + 1);
                    let values = model[..n].to_vec();
                    let source = BoxSource::new(Piped { source, stage: stage::take(n) });
                    (format!("{told} | take({n})"), source, values, agree)
                } else {
                    (told, source, model, agree)
                }
            }
        };
        Self { told, source, meaning: Meaning::new(values, agree) }
    }

    /// Whether the meaning of the stage says what comes out here.
    fn takes(&self, stage: &BuiltStage) -> bool {
        stage.itemwise || self.meaning.is_exact()
    }

    fn push(mut self, stage: BuiltStage) -> Self {
        let _ = write!(self.told, " | {}", stage.told);
        self.source = (stage.attach)(self.source);
        self.meaning.values = (stage.model)(&self.meaning.values);
        self.meaning.any_order |= stage.agree == Agree::AnyOrder;
        self.meaning.part |= stage.agree == Agree::Part;
        self
    }
}

impl Plan {
    /// Draws a pipeline.
    pub(crate) fn draw(seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let input = Input::Origin(*pick(&mut draw, origins()), draw.any());
        let mut growing = Growing::new(&input, &Census::new());
        let mut stages = Vec::new();
        for _ in 0..draw.below(6) {
            let (operator, seed) = (*pick(&mut draw, operators()), draw.any());
            let stage = (operator.build)(&mut Draw::new(seed));
            if growing.takes(&stage) {
                growing = growing.push(stage);
                stages.push((operator, seed));
            }
        }
        let Meaning { any_order, part, .. } = growing.meaning;
        let sink = loop {
            let (terminal, seed) = (*pick(&mut draw, terminals()), draw.any());
            let fits = match (any_order, part) {
                (_, true) => terminal.name == "collect",
                (true, _) => (terminal.build)(&mut Draw::new(seed)).itemwise,
                _ => true,
            };
            if fits {
                break (terminal, seed);
            }
        };
        Self { input, stages, sink }
    }

    /// Builds the pipeline; `None` where what is left of it doesn't fit together any more.
    pub(crate) fn build(&self) -> Option<Trial> {
        let tally = Census::new();
        let mut growing = Growing::new(&self.input, &tally);
        for (operator, seed) in &self.stages {
            let stage = (operator.build)(&mut Draw::new(*seed));
            if !growing.takes(&stage) {
                return None;
            }
            growing = growing.push(stage);
        }
        let Growing { told, source, mut meaning } = growing;
        let (terminal, seed) = &self.sink;
        let sink = (terminal.build)(&mut Draw::new(*seed));
        meaning.values = (sink.model)(&meaning.values);
        Some(Trial { told: format!("{told} | {}", sink.told), run: (sink.drain)(source), tally, meaning })
    }

    /// Plans that are a little smaller than this one.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let mut smaller = Vec::new();
        for index in 0..self.stages.len() {
            let mut plan = self.clone();
            plan.stages.remove(index);
            smaller.push(plan);
        }
        let with = |input: Vec<i64>| Self { input: Input::Values(input), ..self.clone() };
        match &self.input {
            Input::Origin(..) => smaller.push(with(Growing::new(&self.input, &Census::new()).meaning.values)),
            Input::Values(values) => {
                let half = values.len() / 2;
                if half > 0 {
                    smaller.push(with(values[..half].to_vec()));
                    smaller.push(with(values[half..].to_vec()));
                }
                for index in 0..values.len().min(12) {
                    let mut values = values.clone();
                    values.remove(index);
                    smaller.push(with(values));
                }
            }
        }
        smaller
    }
}

/// One of several.
pub(crate) fn pick<T>(draw: &mut Draw, from: impl Iterator<Item = T> + Clone) -> T {
    let index = draw.below(from.clone().count());
    let mut from = from;
    from.nth(index).expect("the registry isn't empty")
}

/// `source | stage`, both built.
pub(crate) fn attached(source: impl Source<Item = Item>, stage: BuiltStage) -> BoxSource<Item> {
    (stage.attach)(BoxSource::new(source))
}
