//! What the screen shows, and what a key does.

use std::collections::BTreeMap;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::line::{Address, Asks, Event};
use crate::picture::{Run, Stage, Told, read};

/// How it stands with the line to the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// It is tried for the first time.
    Calling,
    Attached,
    /// It is tried again, after this.
    Lost(String),
}

pub struct App {
    pub address: Address,
    pub link: Link,
    /// The runs that go on, as they were last told.
    pub runs: Vec<Run>,
    /// And before that, by their numbers.
    before: BTreeMap<u64, Run>,
    /// The number of the run that is shown.
    shown: Option<u64>,
    /// True where it was chosen by a key: else it is the first that has stages.
    is_chosen: bool,
    /// The row that is selected.
    pub selected: usize,
    /// What was said last: of what was asked for, or of what went wrong.
    pub note: Option<Note>,
    /// The workers that were asked for and are not there yet, by run and stage.
    wanted: BTreeMap<(u64, String), usize>,
    /// The run that the next `c` cancels.
    cancels: Option<u64>,
    asks: Option<Asks>,
    pub over: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub text: String,
    pub is_error: bool,
}

/// How many rows a page has.
const PAGE: usize = 20;

impl App {
    pub fn new(address: Address) -> Self {
        Self {
            address,
            link: Link::Calling,
            runs: Vec::new(),
            before: BTreeMap::new(),
            shown: None,
            is_chosen: false,
            selected: 0,
            note: None,
            wanted: BTreeMap::new(),
            cancels: None,
            asks: None,
            over: false,
        }
    }

    /// The run that is shown.
    pub fn run(&self) -> Option<&Run> {
        self.runs.iter().find(|run| Some(run.number) == self.shown)
    }

    /// Which of the runs that is, counted from 1.
    pub fn place(&self) -> usize {
        self.runs.iter().position(|run| Some(run.number) == self.shown).map_or(0, |at| at + 1)
    }

    /// The same run as it was told before, and the seconds in between.
    pub fn earlier(&self, run: &Run) -> Option<(&Run, f64)> {
        let before = self.before.get(&run.number)?;
        let seconds = run.picture.at - before.picture.at;
        (seconds > 0.0).then_some((before, seconds))
    }

    pub fn hear(&mut self, event: Event) {
        match event {
            Event::Attached(asks) => {
                self.asks = Some(asks);
                self.link = Link::Attached;
                self.note = None;
            }
            Event::Lost(why) => {
                self.asks = None;
                self.link = Link::Lost(why);
            }
            Event::Heard(line) => self.hear_line(&line),
        }
    }

    pub fn hear_line(&mut self, line: &str) {
        match read(line) {
            Ok(Told::Runs(runs)) => self.look(runs),
            Ok(Told::Done(done)) => self.say(format!("{done}: done"), false),
            Ok(Told::Error(error)) | Err(error) => {
                self.wanted.clear();
                self.say(error, true);
            }
        }
    }

    fn say(&mut self, text: String, is_error: bool) {
        self.note = Some(Note { text, is_error });
    }

    fn look(&mut self, runs: Vec<Run>) {
        let ended = std::mem::replace(&mut self.runs, runs);
        self.before = ended.into_iter().map(|run| (run.number, run)).collect();
        let has_stages = |run: &&Run| !run.picture.stages.is_empty();
        let stays = self.run().is_some_and(|run| self.is_chosen || has_stages(&run));
        if !stays {
            // Another that only drives others, as that of `main`, shows nothing.
            let first = self.runs.iter().find(has_stages).or(self.runs.first());
            (self.shown, self.is_chosen) = (first.map(|run| run.number), false);
            self.selected = 0;
        }
        let runs = &self.runs;
        self.wanted.retain(|(run, name), wanted| {
            let stage = runs.iter().find(|known| known.number == *run).and_then(|run| stage(run, name));
            stage.is_some_and(|stage| stage.workers.len() != *wanted)
        });
        self.select(self.selected);
    }

    fn select(&mut self, row: usize) {
        let rows = self.run().map_or(0, |run| run.picture.stages.len());
        self.selected = row.min(rows.saturating_sub(1));
    }

    pub fn press(&mut self, key: KeyEvent) {
        if key.kind == KeyEventKind::Release {
            return;
        }
        let cancels = self.cancels.take();
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => self.over = true,
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => self.over = true,
            KeyCode::Char('p') => self.steer("pause"),
            KeyCode::Char('r') => self.steer("resume"),
            KeyCode::Char('s') => self.steer("stop"),
            KeyCode::Char('c') if cancels.is_some() && cancels == self.shown => self.steer("cancel"),
            KeyCode::Char('c') => {
                self.cancels = self.run().map(|run| run.number);
                if self.cancels.is_some() {
                    self.say(
                        "press c again: a cancel loses what is on its way; s stops instead".to_owned(),
                        false,
                    );
                }
            }
            KeyCode::Char('+' | '=') => self.resize(true),
            KeyCode::Char('-') => self.resize(false),
            KeyCode::Up | KeyCode::Char('k') => self.select(self.selected.saturating_sub(1)),
            KeyCode::Down | KeyCode::Char('j') => self.select(self.selected + 1),
            KeyCode::PageUp => self.select(self.selected.saturating_sub(PAGE)),
            KeyCode::PageDown => self.select(self.selected + PAGE),
            KeyCode::Home => self.select(0),
            KeyCode::End => self.select(usize::MAX),
            KeyCode::Tab | KeyCode::Right => self.turn(1),
            KeyCode::BackTab | KeyCode::Left => self.turn(self.runs.len().saturating_sub(1)),
            _ => {}
        }
    }

    /// Shows another run.
    fn turn(&mut self, by: usize) {
        if self.runs.is_empty() {
            return;
        }
        let next = (self.place().saturating_sub(1) + by) % self.runs.len();
        (self.shown, self.is_chosen) = (Some(self.runs[next].number), true);
        self.select(0);
    }

    fn steer(&mut self, what: &str) {
        let Some(run) = self.run().map(|run| run.number) else { return };
        self.ask(&format!("{{\"do\":\"{what}\",\"run\":{run}}}"));
    }

    /// One worker more, or one less, in the stage that is selected.
    fn resize(&mut self, more: bool) {
        let Some(run) = self.run() else { return };
        let Some(stage) = run.picture.stages.get(self.selected) else { return };
        let (number, name) = (run.number, stage.name.clone());
        if stage.workers.is_empty() {
            return self.say(format!("`{name}` has no workers of its own"), true);
        }
        let key = (number, name);
        let now = self.wanted.get(&key).copied().unwrap_or(stage.workers.len());
        let n = if more { now + 1 } else { now - 1 };
        if n == 0 {
            return self.say(format!("`{}` has one worker: p pauses the run", key.1), true);
        }
        let name = serde_json::Value::from(&*key.1);
        self.ask(&format!("{{\"do\":\"set_workers\",\"run\":{number},\"stage\":{name},\"n\":{n}}}"));
        self.wanted.insert(key, n);
    }

    fn ask(&mut self, request: &str) {
        let Some(asks) = &mut self.asks else {
            return self.say("nobody is attached: it is tried again".to_owned(), true);
        };
        if let Err(error) = asks.ask(request) {
            self.say(format!("it was not heard: {error}"), true);
        }
    }
}

fn stage<'a>(run: &'a Run, name: &str) -> Option<&'a Stage> {
    run.picture.stages.iter().find(|stage| stage.name == name)
}
