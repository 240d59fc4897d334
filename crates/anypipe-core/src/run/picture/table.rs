use std::fmt;
use std::time::Duration;

use super::names::line;
use super::{ChangePicture, Changed, Picture, StagePicture};
use crate::scope::share;

/// The columns behind the name.
pub(super) const COLUMNS: [&str; 9] =
    ["kind", "workers", "in", "out", "held", "input", "work", "room", "now"];

impl fmt::Display for Picture {
    /// A table: a row for each stage, with what came in and went out, what it holds, and the parts of the time in which its
    /// workers waited for input, were at work and waited for room. `now` tells what the worker does that has done so
    /// longest. Below it, for each stage that got other workers, or another buffer, how many and why.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "run `{}`: {}, {} after it began; watched for {}",
            line(&self.run),
            self.state,
            length(self.at),
            length(self.watched),
        )?;
        let rows: Vec<_> = self.stages.iter().map(|stage| (line(&stage.name), row(stage))).collect();
        let wide = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max("stage".len());
        let mut widths = COLUMNS.map(str::len);
        for (_, row) in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut write = |name: &str, cells: &[String]| {
            write!(f, "{name:wide$}")?;
            for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
                match at {
                    0 => write!(f, "  {cell:width$}")?,
                    8 if cell.is_empty() => {}
                    8 => write!(f, "  {cell}")?,
                    _ => write!(f, "  {cell:>width$}")?,
                }
            }
            writeln!(f)
        };
        write("stage", &COLUMNS.map(str::to_owned))?;
        for (name, row) in &rows {
            write(name, row)?;
        }
        for stage in &self.stages {
            for last in stage.last_changes() {
                let (name, before) = (line(&stage.name), length(self.at.saturating_sub(last.at)));
                writeln!(f, "`{name}` {last}, {before} before: {}", last.why)?;
            }
        }
        match self.bottleneck() {
            Some(found) => write!(f, "{found}"),
            None => f.write_str("take another picture in a while: it then tells which stage is slow"),
        }
    }
}

impl StagePicture {
    /// How it last got other workers, and another buffer.
    pub(super) fn last_changes(&self) -> impl Iterator<Item = &ChangePicture> {
        let last = |of| self.changes.iter().rfind(move |made| made.of == of);
        [Changed::Workers, Changed::Buffer].into_iter().filter_map(last)
    }
}

/// What stands in the columns.
pub(super) fn row(stage: &StagePicture) -> [String; 9] {
    let count = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), |count| count.to_string());
    let times = &stage.times;
    let total = times.total();
    let part = |time: Duration| {
        if total.is_zero() { "-".to_owned() } else { format!("{:.0} %", share(time, total) * 100.0) }
    };
    let held = match stage.buffer {
        Some(buffer) => format!("{} ({buffer})", stage.held),
        None if stage.taken.is_some() && stage.delivered.is_some() => stage.held.to_string(),
        None => "-".to_owned(),
    };
    let now = stage
        .longest()
        .map_or_else(String::new, |worker| format!("{} for {}", worker.state, length(worker.lasts)));
    [
        stage.kind.to_string(),
        if stage.workers.is_empty() { "-".to_owned() } else { stage.workers.len().to_string() },
        count(stage.taken),
        count(stage.delivered),
        held,
        part(times.input),
        part(times.working()),
        part(times.room),
        now,
    ]
}

/// A length of time as people read it: three digits or so.
pub(super) fn length(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if time.is_zero() => "0 s".to_owned(),
        0 if time.as_millis() > 0 => format!("{} ms", time.as_millis()),
        0 => format!("{} µs", time.as_micros()),
        1..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}
