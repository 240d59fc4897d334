use std::fmt::Write as _;
use std::iter;

use super::names::mermaid;
use super::{Picture, StageKind, StagePicture};

impl Picture {
    /// The graph for Mermaid, as many sites and editors draw it. A stage that is at work most of the time is red, one that
    /// waits for room dark, one that waits for input blue. One that got other workers, or another buffer, tells so.
    ///
    /// # Examples
    ///
    /// ```
    /// let nothing = anypipe_core::run::Picture::default();
    /// assert!(nothing.mermaid().starts_with("flowchart LR"));
    /// ```
    pub fn mermaid(&self) -> String {
        let mut written = "flowchart LR\n".to_owned();
        for (at, stage) in self.stages.iter().enumerate() {
            let (open, close) = match stage.kind {
                StageKind::Source | StageKind::Sink => ("([\"", "\"])"),
                StageKind::Branch => ("{{\"", "\"}}"),
                StageKind::Stage => ("[\"", "\"]"),
            };
            let _ = writeln!(
                written,
                "    s{at}{open}{}{close}:::{}",
                [vec![mermaid(&stage.name)], stage.brief()].concat().join("<br/>"),
                stage.colour().name(),
            );
        }
        for edge in &self.edges {
            let _ = writeln!(written, "    s{} --> s{}", edge.from, edge.to);
        }
        for colour in Colour::ALL {
            let _ = writeln!(
                written,
                "    classDef {} fill:{},color:{}",
                colour.name(),
                colour.fill(),
                colour.text()
            );
        }
        written
    }
}

/// What a stage does most of the time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    Unknown,
    Idle,
    Busy,
    Blocked,
}

impl Colour {
    const ALL: [Self; 4] = [Self::Unknown, Self::Idle, Self::Busy, Self::Blocked];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Idle => "idle",
            Self::Busy => "busy",
            Self::Blocked => "blocked",
        }
    }

    pub(super) fn fill(self) -> &'static str {
        match self {
            Self::Unknown => "#e0e0e0",
            Self::Idle => "#9ecae1",
            Self::Busy => "#e6550d",
            Self::Blocked => "#404040",
        }
    }

    pub(super) fn text(self) -> &'static str {
        if self == Self::Blocked { "#ffffff" } else { "#000000" }
    }
}

impl StagePicture {
    pub(super) fn colour(&self) -> Colour {
        let times = &self.times;
        let most = times.input.max(times.working()).max(times.room);
        if most.is_zero() {
            Colour::Unknown
        } else if most == times.working() {
            Colour::Busy
        } else if most == times.room {
            Colour::Blocked
        } else {
            Colour::Idle
        }
    }

    /// What stands below its name, in lines: how busy it is and what it has given; and what was last changed of it.
    pub(super) fn brief(&self) -> Vec<String> {
        let mut told = Vec::new();
        if !self.times.total().is_zero() {
            told.push(format!("{:.0} % at work", self.times.busy() * 100.0));
        }
        if let Some(items) = self.delivered.or(self.taken) {
            told.push(format!("{items} items"));
        }
        let changes = self.last_changes().map(ToString::to_string);
        iter::once(told.join(", ")).chain(changes).collect()
    }
}
