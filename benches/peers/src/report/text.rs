//! Tables to read.

use std::fmt::Write;

use super::Outcome;

pub fn text(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        let _ = writeln!(text, "{}: {}", outcome.name, outcome.about);
        let _ = writeln!(text, "  {}", outcome.verdict());
        let _ = writeln!(text, "  {:<32}{:>12}  spread   ratio", outcome.unit, "median");
        for row in &outcome.rows {
            let (median, spread) = (row.median, row.spread * 100.0);
            let _ = writeln!(text, "  {:<32}{median:>12.1} {spread:>6.1}% {:>7.2}", row.name, row.ratio);
        }
        text.push('\n');
    }
    text
}
