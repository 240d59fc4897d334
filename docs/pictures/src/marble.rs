//! A marble picture: the inputs, the operator, and what comes out.

use crate::svg::{HUES, Svg};
use crate::track::Seen;

pub(crate) struct Marble {
    /// The operator, as in the registry.
    pub(crate) name: &'static str,
    /// The code that was run.
    pub(crate) code: &'static str,
    /// What it gave, by `Scene::run`.
    pub(crate) rows: Vec<(&'static str, Seen)>,
}

const UNIT: f64 = 44.0;
const ROW: f64 = 44.0;
const LEFT: f64 = 52.0;

impl Marble {
    /// The code in one line.
    pub(crate) fn title(&self) -> String {
        let line = self.code.split_whitespace().collect::<Vec<_>>().join(" ");
        [(" .", "."), ("( ", "("), (" )", ")"), (" ,", ","), ("& ", "&")]
            .iter()
            .fold(line, |line, (from, to)| line.replace(from, to))
    }

    pub(crate) fn drawn(&self) -> String {
        let title = self.title();
        let last = |seen: &Seen| seen.items.last().map_or(0.0, |item| item.0).max(seen.end.unwrap_or(0.0));
        let columns = self.rows.iter().map(|(_, seen)| last(seen)).fold(4.0, f64::max);
        let width = (LEFT + (columns + 1.6) * UNIT).max(title.len() as f64 * 8.2 + 40.0);
        let inputs = self.rows.iter().filter(|(name, _)| *name == "in").count();
        let mut svg = Svg::new(width, (self.rows.len() + 1) as f64 * ROW + 12.0);
        let mut y = ROW / 2.0 + 4.0;
        let (ins, outs): (Vec<_>, Vec<_>) = self.rows.iter().partition(|(name, _)| *name == "in");
        for (at, (_, seen)) in ins.iter().enumerate() {
            let name = if inputs > 1 { ["a", "b", "c"][at] } else { "in" };
            row(&mut svg, y, name, seen, columns);
            y += ROW;
        }
        svg.rect((4.0, y - 15.0), (width - 8.0, 30.0), 4.0, None);
        svg.text((width / 2.0, y), "middle", "", &title);
        y += ROW;
        for (name, seen) in outs {
            row(&mut svg, y, name, seen, columns);
            y += ROW;
        }
        svg.drawn(&title)
    }
}

fn row(svg: &mut Svg, y: f64, name: &str, seen: &Seen, columns: f64) {
    let x = |column: f64| LEFT + column * UNIT;
    svg.text((8.0, y), "start", "faint", name);
    // Those of one moment stand beside each other, and the end behind them.
    let mut free = f64::NEG_INFINITY;
    let mut marbles = Vec::new();
    for (column, text) in &seen.items {
        let width = (text.chars().count() as f64 * 8.0 + 12.0).max(24.0);
        let from = (x(*column) - width / 2.0).max(free);
        free = from + width + 2.0;
        marbles.push((from, width, text));
    }
    let end = seen.end.map_or(x(columns) + 24.0, |end| x(end).max(free + 4.0));
    svg.line((LEFT - 10.0, y), (end, y));
    if seen.end.is_some() {
        svg.bar((end, y), 26.0);
    }
    for (from, width, text) in marbles {
        let hue = HUES[text.bytes().map(usize::from).sum::<usize>() % HUES.len()];
        svg.rect((from, y - 12.0), (width, 24.0), 12.0, Some(hue));
        svg.text((from + width / 2.0, y), "middle", "on", text);
    }
}
