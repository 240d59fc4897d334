//! Measures: all rows of a table in turn, round by round, with a calibration before and after each round.

use std::thread;
use std::time::{Duration, Instant};

use crate::calibration::{Reading, Undisturbed};
use crate::contenders::Job;
use crate::runtime::Runtime;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Few items and two rounds: shows that everything works, and no figures.
    pub quick: bool,
    /// Goes on until so many rounds were quiet, or three times as many are done.
    pub rounds: usize,
}

impl Effort {
    /// So many items, or few of them.
    pub fn items(self, n: u64) -> u64 {
        if self.quick { (n / 50).max(20) } else { n }
    }

    fn is_enough(self, steady: bool, quiet: usize, all: usize) -> bool {
        match (self.quick, steady) {
            (true, _) => all == 2,
            (false, true) => all == 3,
            (false, false) => quiet >= self.rounds || all == 3 * self.rounds,
        }
    }
}

/// Contenders of one kind of work. The first row is what the others are compared with.
pub struct Table {
    pub name: String,
    /// What is measured.
    pub about: String,
    /// What a figure tells.
    pub unit: &'static str,
    /// Whether other load on the machine changes nothing.
    pub steady: bool,
    pub rows: Vec<Row>,
}

pub struct Row {
    pub name: String,
    measure: Box<dyn Fn() -> f64>,
}

impl Row {
    pub fn new(name: impl Into<String>, measure: impl Fn() -> f64 + 'static) -> Self {
        Self { name: name.into(), measure: Box::new(measure) }
    }

    /// Times a job; gives nanoseconds for each of its units.
    ///
    /// The job must give what is expected.
    pub fn timed(
        name: impl Into<String>,
        on: Runtime,
        units: u64,
        expected: u64,
        job: impl Fn() -> Job + 'static,
    ) -> Self {
        Self::new(name, move || {
            let start = Instant::now();
            let given = on.block_on(async { job().await });
            let taken = start.elapsed();
            assert_eq!(given, expected, "items are lost, or there are too many");
            taken.as_nanos() as f64 / units as f64
        })
    }
}

/// The sum of the numbers from 1 on that are the items.
pub fn sum_of(items: u64) -> u64 {
    items * (items + 1) / 2
}

/// A table that was measured.
pub struct Measured {
    pub table: Table,
    pub rounds: Vec<Round>,
}

pub struct Round {
    /// A figure for each row.
    pub figures: Vec<f64>,
    pub before: Reading,
    pub after: Reading,
}

impl Round {
    pub fn is_quiet(&self, undisturbed: Undisturbed) -> bool {
        undisturbed.is_quiet(self.before) && undisturbed.is_quiet(self.after)
    }
}

/// Measures a table.
pub fn measure(table: Table, effort: Effort, undisturbed: &mut Undisturbed) -> Measured {
    let mut rounds: Vec<Round> = Vec::new();
    let mut before = Reading::take();
    if !effort.quick {
        round(&table, 0); // warms up
    }
    loop {
        let figures = round(&table, rounds.len());
        let after = Reading::take();
        undisturbed.note(after);
        rounds.push(Round { figures, before, after });
        before = after;
        let quiet = rounds.iter().filter(|round| round.is_quiet(*undisturbed)).count();
        if effort.is_enough(table.steady, quiet, rounds.len()) {
            eprintln!("{}: {} rounds, {quiet} quiet", table.name, rounds.len());
            return Measured { table, rounds };
        }
    }
}

/// Every row once, each round beginning with another, so that none always comes behind the same.
fn round(table: &Table, nth: usize) -> Vec<f64> {
    let count = table.rows.len();
    let mut figures = vec![0.0; count];
    for i in (0..count).map(|i| (i + nth) % count) {
        figures[i] = (table.rows[i].measure)();
        thread::sleep(Duration::from_millis(2)); // what the last left running ends
    }
    figures
}
