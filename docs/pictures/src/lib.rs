//! The guide's pictures, drawn from what the simulator runs: a marble picture of each operator, and a pipeline at work. So
//! they can't say what isn't so. `cargo run -p pictures` writes them; a test holds those that are there to what would be
//! drawn.

#![expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a picture is small")]

mod marble;
mod operators;
mod running;
mod svg;
mod track;

use std::fmt::Write as _;

use crate::marble::Marble;

/// Everything that is drawn: its path below `docs/guide`, and its text.
pub fn pictures() -> Vec<(String, String)> {
    let chapters = operators::chapters();
    let marbles = chapters.iter().flat_map(|(_, marbles)| marbles);
    let mut all: Vec<_> = marbles.map(|marble| (path(marble), marble.drawn())).collect();
    all.push(("pictures/running.svg".to_owned(), running::drawn()));
    all.push(("marbles.md".to_owned(), page(&chapters)));
    all
}

/// The names of the operators and sources that have a picture.
pub fn names() -> Vec<&'static str> {
    operators::chapters().iter().flat_map(|(_, marbles)| marbles).map(|marble| marble.name).collect()
}

fn path(marble: &Marble) -> String {
    format!("pictures/{}.svg", marble.name)
}

fn page(chapters: &[(&str, Vec<Marble>)]) -> String {
    let mut page = String::from(
        "# Operators in pictures\n\n\
         Each row is a pipeline in time, which goes to the right; a column is 100 ms. A circle is an item, where it was taken or given, \
         the bar is the end. All of them are drawn from a run on the simulator, by `cargo run -p pictures`, and held to it by a test.\n",
    );
    for (title, marbles) in chapters {
        let _ = write!(page, "\n## {title}\n");
        for marble in marbles {
            let _ = write!(page, "\n### `{}`\n\n![`{}`]({})\n", marble.title(), marble.title(), path(marble));
        }
    }
    page
}
