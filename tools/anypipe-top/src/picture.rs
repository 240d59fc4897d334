//! What a program tells of its runs, as far as it is shown.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// One line of the program.
#[derive(Debug)]
pub enum Told {
    /// All its runs that go on.
    Runs(Vec<Run>),
    /// Something was done.
    Done(String),
    /// Something could not be done.
    Error(String),
}

#[derive(Clone, Debug, Deserialize)]
pub struct Run {
    /// Which it is.
    #[serde(rename = "run")]
    pub number: u64,
    #[serde(deserialize_with = "clean")]
    pub name: String,
    #[serde(deserialize_with = "clean")]
    pub runtime: String,
    /// Which stage holds everything up, in a sentence or two.
    #[serde(deserialize_with = "clean_if_any")]
    pub bottleneck: Option<String>,
    pub picture: Picture,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Picture {
    #[serde(deserialize_with = "clean")]
    pub state: String,
    /// When it was taken, in seconds from when the run began.
    pub at: f64,
    pub stages: Vec<Stage>,
    pub edges: Vec<(usize, usize)>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Stage {
    #[serde(deserialize_with = "clean")]
    pub name: String,
    #[serde(rename = "in")]
    pub taken: Option<u64>,
    #[serde(rename = "out")]
    pub delivered: Option<u64>,
    pub held: u64,
    pub buffer: Option<u64>,
    pub times: Times,
    /// One for each.
    pub workers: Vec<IgnoredAny>,
}

/// Seconds in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub struct Times {
    pub input: f64,
    pub polling: f64,
    pub awaiting: f64,
    pub room: f64,
}

impl Times {
    fn since(self, earlier: Self) -> Self {
        Self {
            input: (self.input - earlier.input).max(0.0),
            polling: (self.polling - earlier.polling).max(0.0),
            awaiting: (self.awaiting - earlier.awaiting).max(0.0),
            room: (self.room - earlier.room).max(0.0),
        }
    }
}

/// The parts of the time in which a stage waited for input, was at work and waited for room, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    pub idle: f64,
    pub busy: f64,
    pub blocked: f64,
}

impl Stage {
    /// What it did since an earlier look, or on the whole; `None` where nothing is known yet.
    pub fn shares(&self, before: Option<&Stage>) -> Option<Shares> {
        let times = before.map_or(self.times, |before| self.times.since(before.times));
        let working = times.polling + times.awaiting;
        let total = times.input + working + times.room;
        (total > 0.0).then(|| Shares {
            idle: times.input / total,
            busy: working / total,
            blocked: times.room / total,
        })
    }

    /// How many items a second it gave since an earlier look.
    pub fn rate(&self, before: Option<&Stage>, seconds: f64) -> Option<f64> {
        let given = self.delivered?.saturating_sub(before?.delivered?);
        #[expect(clippy::cast_precision_loss, reason = "it is a rate")]
        let rate = given as f64 / seconds;
        rate.is_finite().then_some(rate)
    }
}

/// What a line says.
pub fn read(line: &str) -> Result<Told, String> {
    #[derive(Deserialize)]
    struct Line {
        runs: Option<Vec<Run>>,
        done: Option<String>,
        error: Option<String>,
    }
    let line: Line =
        serde_json::from_str(line).map_err(|error| format!("it says what isn't understood: {error}"))?;
    match line {
        Line { runs: Some(runs), .. } => Ok(Told::Runs(runs)),
        Line { done: Some(done), .. } => Ok(Told::Done(shown(&done))),
        Line { error: Some(error), .. } => Ok(Told::Error(shown(&error))),
        _ => Err("it says nothing that is understood".to_owned()),
    }
}

/// A text without what would steer the terminal.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

fn clean<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    String::deserialize(from).map(|text| shown(&text))
}

fn clean_if_any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(from).map(|text| text.as_deref().map(shown))
}
