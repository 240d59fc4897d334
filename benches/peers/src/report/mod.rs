//! What comes out: the figures of all tables, judged at the end, when the best calibration is known.

mod chart;
mod json;
mod markdown;
mod text;

use crate::calibration::Undisturbed;
use crate::measure::Measured;

pub use self::chart::chart;
pub use self::json::json;
pub use self::markdown::markdown;
pub use self::text::text;

/// A table's figures.
pub struct Outcome {
    pub name: String,
    pub about: String,
    pub unit: &'static str,
    /// Whether other load on the machine changes nothing.
    pub steady: bool,
    /// Which rounds were quiet.
    pub quiet: Vec<bool>,
    pub rows: Vec<Figure>,
}

pub struct Figure {
    pub name: String,
    /// Of the quiet rounds, or of all where none was.
    pub median: f64,
    /// Half the way between the quartiles, as a part of the median.
    pub spread: f64,
    /// To the median of the first row.
    pub ratio: f64,
    /// Of every round.
    pub rounds: Vec<f64>,
}

impl Outcome {
    pub fn new(Measured { table, rounds }: Measured, undisturbed: Undisturbed) -> Self {
        let quiet: Vec<bool> = rounds.iter().map(|round| round.is_quiet(undisturbed)).collect();
        let all = table.steady || !quiet.contains(&true);
        let mut base = None;
        let rows = table.rows.into_iter().enumerate().map(|(i, row)| {
            let every: Vec<f64> = rounds.iter().map(|round| round.figures[i]).collect();
            let counted = every.iter().zip(&quiet).filter(|&(_, &quiet)| all || quiet);
            let mut counted: Vec<f64> = counted.map(|(figure, _)| *figure).collect();
            counted.sort_by(f64::total_cmp);
            let median = part(&counted, 0.5);
            Figure {
                name: row.name,
                median,
                spread: (part(&counted, 0.75) - part(&counted, 0.25)) / 2.0 / median,
                ratio: median / *base.get_or_insert(median),
                rounds: every,
            }
        });
        let rows = rows.collect();
        Self { name: table.name, about: table.about, unit: table.unit, steady: table.steady, quiet, rows }
    }

    /// Whether the figures are of a quiet machine, in words.
    pub fn verdict(&self) -> String {
        let (quiet, all) = (self.quiet.iter().filter(|quiet| **quiet).count(), self.quiet.len());
        match quiet {
            _ if self.steady => format!("{all} rounds; load changes nothing"),
            0 => format!("NOT QUIET in any of {all} rounds: medians of all, not to be quoted"),
            _ => format!("quiet in {quiet} of {all} rounds, of which the medians are"),
        }
    }
}

/// The value so far into a sorted list, between two where it must be.
pub fn part(sorted: &[f64], part: f64) -> f64 {
    let at = part * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    below + (above - below) * at.fract()
}
