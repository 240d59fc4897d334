use std::collections::{BTreeMap, BTreeSet};

use super::picture::StageKind;
use super::{Stats, Tally, TaskName};

/// The stages of a run, and what is known of how they hang together.
#[derive(Default)]
pub(super) struct Chart {
    /// In the order in which they were attached: each has the place that its tally tells.
    all: Vec<Station>,
    /// The seat of who asks the source.
    source: Option<u32>,
    /// What most runs have not.
    more: Option<Box<More>>,
}

#[derive(Default)]
struct More {
    /// The stages that are attached any number of times, by their names.
    repeated: BTreeMap<Box<str>, Tally>,
    /// The seats of those who ask for what a stage gives, besides the first that did, by the stage's number.
    asked: BTreeSet<(u32, u32)>,
    /// Those of who asks the sources behind the first.
    sources: Vec<u32>,
}

/// One stage of a run.
#[derive(Clone)]
pub(super) struct Station {
    pub(super) name: TaskName,
    pub(super) about: About,
    pub(super) tally: Tally,
}

/// What is known of a stage when it is attached.
#[derive(Clone, Copy, Default)]
pub(crate) struct About {
    pub(crate) kind: StageKind,
    /// True where its items are counted.
    pub(crate) counts: bool,
    /// How many finished items may wait behind it.
    pub(crate) buffer: Option<usize>,
    /// True where its workers are polled on the threads for blocking work.
    pub(crate) blocks: bool,
}

impl Chart {
    /// What counts the items of a stage. Those of one name that are attached any number of times share it.
    pub(super) fn enter(&mut self, name: TaskName, about: About, repeated: bool) -> Tally {
        if repeated {
            if let Some(known) = self.more.get_or_insert_default().repeated.get(&*name) {
                return known.clone();
            }
        }
        let tally = Tally::next(self.all.last().map(|last| &last.tally), repeated);
        if repeated {
            self.more.get_or_insert_default().repeated.insert(Box::from(&*name), tally.clone());
        }
        self.all.push(Station { name, about, tally: tally.clone() });
        tally
    }

    pub(super) fn set_kind(&mut self, of: &Tally, kind: StageKind) {
        if let Some(station) = self.all.get_mut(of.number() as usize) {
            station.about.kind = kind;
        }
    }

    /// True where stages of this name are attached any number of times.
    pub(super) fn is_repeated(&self, name: &str) -> bool {
        self.more.as_ref().is_some_and(|more| more.repeated.contains_key(name))
    }

    pub(super) fn stations(&self) -> &[Station] {
        &self.all
    }

    /// Notes that who is in this seat asks for what a stage gives.
    pub(super) fn note_asked(&mut self, of: &Tally, by: u32) {
        self.more.get_or_insert_default().asked.insert((of.number(), by));
    }

    /// Enters a source, that who is in this seat asks.
    pub(super) fn enter_source(&mut self, asked_by: u32) {
        if self.source.is_none() {
            self.source = Some(asked_by);
        } else {
            self.more.get_or_insert_default().sources.push(asked_by);
        }
    }

    /// Who asks each of the sources, by their seats.
    pub(super) fn sources(&self) -> Vec<u32> {
        let more = self.more.iter().flat_map(|more| &more.sources);
        self.source.iter().chain(more).copied().collect()
    }

    /// All ways from a stage, by its number, to the seat of one that asks for what it gives; sorted.
    pub(super) fn ways(&self) -> BTreeSet<(u32, u32)> {
        let first = self.all.iter().filter_map(|at| Some((at.tally.number(), at.tally.asked_by()?)));
        first.chain(self.more.iter().flat_map(|more| &more.asked).copied()).collect()
    }

    pub(super) fn stats(&self) -> Stats {
        let counted = self.all.iter().filter(|at| at.about.counts);
        Stats { stages: counted.map(|at| at.tally.stats(&at.name)).collect() }
    }
}
