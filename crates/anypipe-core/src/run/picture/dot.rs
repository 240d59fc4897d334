use std::fmt::Write as _;

use super::names::dot;
use super::{Picture, StageKind};

impl Picture {
    /// The graph for Graphviz: `dot -Tsvg`. Coloured as [`mermaid`](Picture::mermaid) is.
    ///
    /// # Examples
    ///
    /// ```
    /// let nothing = anypipe_core::run::Picture::default();
    /// assert!(nothing.dot().starts_with("digraph"));
    /// ```
    pub fn dot(&self) -> String {
        let mut written = "digraph run {\n    rankdir=LR;\n    node [style=filled];\n".to_owned();
        for (at, stage) in self.stages.iter().enumerate() {
            let shape = match stage.kind {
                StageKind::Source | StageKind::Sink => "oval",
                StageKind::Branch => "hexagon",
                StageKind::Stage => "box",
            };
            let colour = stage.colour();
            let _ = writeln!(
                written,
                "    s{at} [label=\"{}\\n{}\", shape={shape}, fillcolor=\"{}\", fontcolor=\"{}\"];",
                dot(&stage.name),
                stage.brief().join("\\n"),
                colour.fill(),
                colour.text(),
            );
        }
        for edge in &self.edges {
            let _ = writeln!(written, "    s{} -> s{};", edge.from, edge.to);
        }
        written.push_str("}\n");
        written
    }
}
