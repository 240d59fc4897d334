//! Ratios for a page: a table for each scenario, a line for each of its tables, a column for each row.

use std::fmt::Write;

use super::Outcome;

pub fn markdown(outcomes: &[Outcome]) -> String {
    outcomes.chunk_by(are_alike).map(part).collect::<Vec<_>>().join("\n")
}

/// Of one scenario, with the same contenders, or fewer.
fn are_alike(one: &Outcome, next: &Outcome) -> bool {
    let scenario = |outcome: &Outcome| outcome.name.split('/').next().map(str::to_owned);
    let is_known = |name: &str| one.rows.iter().any(|row| row.name == name);
    scenario(one) == scenario(next) && next.rows.iter().all(|row| is_known(&row.name))
}

fn part(outcomes: &[Outcome]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for row in outcomes.iter().flat_map(|outcome| &outcome.rows) {
        if !names.contains(&row.name.as_str()) {
            names.push(&row.name);
        }
    }
    let (first, others) = names.split_first().expect("a table has a row");
    let mut text = format!("| | {first} | {} | quiet |\n|---|--:|", others.join(" | "));
    let _ = writeln!(text, "{}---|", "--:|".repeat(others.len()));
    for outcome in outcomes {
        let figure = |name: &str| outcome.rows.iter().find(|row| row.name == name);
        let base = figure(first).map_or(f64::NAN, |row| row.median);
        let decimals = usize::from(base < 100.0);
        let _ = write!(text, "| {} | {base:.decimals$} {} |", outcome.name, outcome.unit);
        for name in others {
            let ratio = figure(name).map(|row| format!(" {:.2}", row.ratio));
            let _ = write!(text, "{} |", ratio.unwrap_or_default());
        }
        let (quiet, all) = (outcome.quiet.iter().filter(|quiet| **quiet).count(), outcome.quiet.len());
        let quiet = if outcome.steady { String::new() } else { format!("{quiet} of {all}") };
        let _ = writeln!(text, " {quiet} |");
    }
    text
}
