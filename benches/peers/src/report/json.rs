//! All figures, of every round, for other programs.

use super::Outcome;

pub fn json(outcomes: &[Outcome]) -> String {
    format!("{}\n", list(outcomes, table))
}

fn table(outcome: &Outcome) -> String {
    let Outcome { name, about, unit, steady, quiet, rows } = outcome;
    let rows = list(rows, |row| {
        let (name, rounds) = (string(&row.name), list(&row.rounds, f64::to_string));
        let (median, spread, ratio) = (row.median, row.spread, row.ratio);
        format!(
            "{{\"name\":{name},\"median\":{median},\"spread\":{spread},\"ratio\":{ratio},\"rounds\":{rounds}}}"
        )
    });
    let (name, about, unit, quiet) =
        (string(name), string(about), string(unit), list(quiet, bool::to_string));
    format!(
        "{{\"name\":{name},\"about\":{about},\"unit\":{unit},\"steady\":{steady},\"quiet\":{quiet},\"rows\":{rows}}}"
    )
}

fn list<T>(of: &[T], one: impl Fn(&T) -> String) -> String {
    format!("[{}]", of.iter().map(one).collect::<Vec<_>>().join(","))
}

fn string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
