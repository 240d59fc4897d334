//! The graph as a picture. Stages stand in columns, by the longest way that leads to them.

use std::fmt::Write as _;

use super::names::xml;
use super::{Edge, Picture, StagePicture};

/// How wide a box is, how high with a name alone, and how far apart two are.
const WIDTH: usize = 170;
const HEIGHT: usize = 31;
const APART: usize = 40;
/// What each line below the name adds.
const LINE: usize = 17;
/// What of a name fits into it.
const LETTERS: usize = 22;

impl Picture {
    /// The graph as an SVG, for a page or a file. A stage that is at work most of the time is red, one that waits for room
    /// dark, one that waits for input blue. One that got other workers, or another buffer, tells so. It takes time in proportion
    /// to the stages and the ways between them.
    ///
    /// # Examples
    ///
    /// ```
    /// let nothing = anypipe_core::run::Picture::default();
    /// assert!(nothing.svg().starts_with("<svg"));
    /// ```
    pub fn svg(&self) -> String {
        let briefs: Vec<_> = self.stages.iter().map(StagePicture::brief).collect();
        let high = HEIGHT + LINE * briefs.iter().map(Vec::len).max().unwrap_or(1);
        let columns = columns(self.stages.len(), &self.edges);
        let mut rows = vec![0_usize; columns.iter().max().map_or(0, |last| last + 1)];
        let mut places = Vec::with_capacity(columns.len());
        for &column in &columns {
            places.push((column * (WIDTH + APART) + APART, rows[column] * (high + APART) + APART));
            rows[column] += 1;
        }
        let width = rows.len() * (WIDTH + APART) + APART;
        let height = rows.iter().max().unwrap_or(&0) * (high + APART) + 2 * APART;
        let mut svg = String::with_capacity(600 * (self.stages.len() + 1));
        let _ = write!(
            svg,
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif" font-size="12"><defs><marker id="to" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" fill="#606060"/></marker></defs>"##,
        );
        for Edge { from, to } in &self.edges {
            let ((x, y), (to_x, to_y)) = (places[*from], places[*to]);
            let (x, y, to_y) = (x + WIDTH, y + high / 2, to_y + high / 2);
            let _ = write!(
                svg,
                r##"<path d="M{x} {y}C{} {y} {} {to_y} {to_x} {to_y}" fill="none" stroke="#606060" marker-end="url(#to)"/>"##,
                x + APART / 2,
                to_x.saturating_sub(APART / 2),
            );
        }
        for ((stage, brief), (x, y)) in self.stages.iter().zip(&briefs).zip(&places) {
            let (colour, middle) = (stage.colour(), x + WIDTH / 2);
            let short: String = stage.name.chars().take(LETTERS).collect();
            let _ = write!(
                svg,
                r#"<g class="{}" text-anchor="middle" fill="{}"><title>{}</title><rect x="{x}" y="{y}" width="{WIDTH}" height="{high}" rx="6" fill="{}"/><text x="{middle}" y="{}">{}</text>"#,
                colour.name(),
                colour.text(),
                xml(&stage.name),
                colour.fill(),
                y + 20,
                xml(&short),
            );
            for (at, line) in brief.iter().enumerate() {
                let below = y + 20 + (at + 1) * LINE;
                let _ = write!(svg, r#"<text x="{middle}" y="{below}" font-size="10">{}</text>"#, xml(line));
            }
            svg.push_str("</g>");
        }
        let told = self.bottleneck().map_or_else(String::new, |found| found.to_string());
        let _ = write!(svg, r#"<text x="{APART}" y="{}">{}</text></svg>"#, height - APART / 2, xml(&told));
        svg
    }
}

/// The column of each stage: one more than that of any before it. What lies in a loop is put where the loop begins.
fn columns(stages: usize, edges: &[Edge]) -> Vec<usize> {
    let mut next = vec![Vec::new(); stages];
    let mut before = vec![0_usize; stages];
    for edge in edges {
        next[edge.from].push(edge.to);
        before[edge.to] += 1;
    }
    let mut columns = vec![0; stages];
    let mut placed = vec![false; stages];
    let mut free: Vec<_> = (0..stages).filter(|at| before[*at] == 0).rev().collect();
    let mut unseen = 0;
    loop {
        let at = match free.pop() {
            Some(at) => at,
            None => {
                // All that is left lies in a loop, or behind one.
                while unseen < stages && placed[unseen] {
                    unseen += 1;
                }
                if unseen == stages {
                    return columns;
                }
                unseen
            }
        };
        if std::mem::replace(&mut placed[at], true) {
            continue;
        }
        for &to in &next[at] {
            if !placed[to] {
                columns[to] = columns[to].max(columns[at] + 1);
                before[to] -= 1;
                if before[to] == 0 {
                    free.push(to);
                }
            }
        }
    }
}
