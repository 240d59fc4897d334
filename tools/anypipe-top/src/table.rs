//! The cells of the table, for the screen and for plain text.

use crate::app::App;
use crate::lanes;
use crate::picture::{Run, Shares, Stage};

/// The heads of the columns.
pub const HEADS: [&str; 9] = ["stage", "workers", "in", "out", "out/s", "held", "idle", "busy", "blocked"];

/// One row.
pub struct Row {
    /// The graph beside it.
    pub graph: String,
    pub cells: [String; 9],
    pub shares: Option<Shares>,
}

/// The rows of a run.
pub fn rows(app: &App, run: &Run) -> Vec<Row> {
    let picture = &run.picture;
    let graph = lanes::drawn(picture.stages.len(), &picture.edges);
    let wide = graph.iter().map(|drawn| drawn.chars().count()).max().unwrap_or(0);
    let earlier = app.earlier(run);
    let row = |(at, (stage, graph)): (usize, (&Stage, String))| {
        let before = earlier.and_then(|(before, _)| before.picture.stages.get(at));
        let shares = stage.shares(before);
        let rate = earlier.and_then(|(_, seconds)| stage.rate(before, seconds));
        let back: Vec<_> =
            lanes::back(at, &picture.edges).map(|to| format!(" ↺ {}", picture.stages[to].name)).collect();
        let share = |part: fn(&Shares) -> f64| {
            shares.as_ref().map_or_else(|| "-".to_owned(), |shares| format!("{:.0} %", part(shares) * 100.0))
        };
        let cells = [
            format!("{}{}", stage.name, back.concat()),
            if stage.workers.is_empty() { "-".to_owned() } else { stage.workers.len().to_string() },
            count(stage.taken),
            count(stage.delivered),
            rate.map_or_else(|| "-".to_owned(), short),
            stage.buffer.map_or_else(|| stage.held.to_string(), |buffer| format!("{}/{buffer}", stage.held)),
            share(|shares| shares.idle),
            share(|shares| shares.busy),
            share(|shares| shares.blocked),
        ];
        Row { graph: format!("{graph:wide$}"), cells, shares }
    };
    picture.stages.iter().zip(graph).enumerate().map(row).collect()
}

fn count(count: Option<u64>) -> String {
    count.map_or_else(|| "-".to_owned(), |count| count.to_string())
}

/// A rate as people read it.
fn short(rate: f64) -> String {
    match rate {
        ..10.0 => format!("{rate:.1}"),
        10.0..10_000.0 => format!("{rate:.0}"),
        10_000.0..1e7 => format!("{:.0}k", rate / 1e3),
        _ => format!("{:.0}M", rate / 1e6),
    }
}

/// What stands above a run.
pub fn title(run: &Run) -> String {
    format!(
        "run {}: {} on {}, {}, {:.1} s",
        run.number, run.name, run.runtime, run.picture.state, run.picture.at
    )
}

/// What is known of the bottleneck.
pub fn sentence(run: &Run) -> &str {
    let unknown = if run.picture.stages.is_empty() {
        "it has no stages"
    } else {
        "nothing is known yet of what is slow"
    };
    run.bottleneck.as_deref().unwrap_or(unknown)
}

/// All runs as text.
pub fn text(app: &App) -> String {
    if app.runs.is_empty() {
        return "no run goes on\n".to_owned();
    }
    let run = |run: &Run| {
        let rows = rows(app, run);
        let first = |row: &Row| format!("{} {}", row.graph, row.cells[0]);
        let names: Vec<_> = rows.iter().map(first).collect();
        let mut widths = HEADS.map(|head| head.chars().count());
        for (row, name) in rows.iter().zip(&names) {
            for (column, (width, cell)) in widths.iter_mut().zip(&row.cells).enumerate() {
                let cell = if column == 0 { name } else { cell };
                *width = (*width).max(cell.chars().count());
            }
        }
        let line = |name: &str, cells: &[String]| {
            let first = format!("{name:wide$}", wide = widths[0]);
            let rest = cells[1..].iter().zip(&widths[1..]).map(|(cell, width)| format!("  {cell:>width$}"));
            first + &rest.collect::<String>()
        };
        let heads = HEADS.map(str::to_owned);
        let lines = rows.iter().zip(&names).map(|(row, name)| line(name, &row.cells));
        if rows.is_empty() {
            return format!("{}\n{}\n", title(run), sentence(run));
        }
        let lines: Vec<_> = [title(run), line(HEADS[0], &heads)].into_iter().chain(lines).collect();
        format!("{}\n{}\n", lines.join("\n"), sentence(run))
    };
    app.runs.iter().map(run).collect::<Vec<_>>().join("\n")
}
