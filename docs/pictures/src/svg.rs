//! Shapes, as text. Their colours suit a light page and a dark one.

use std::fmt::Write as _;

pub(crate) struct Svg {
    body: String,
    width: f64,
    height: f64,
}

/// The hues of items, told apart also by their text.
pub(crate) const HUES: [&str; 6] = ["#4c78a8", "#e08214", "#3a8f5f", "#b5485d", "#8063a8", "#6b7280"];

const STYLE: &str = "text{font:13px ui-monospace,monospace;fill:#24292f}\
    .line{stroke:#8c959f;fill:none}.box{fill:#f6f8fa;stroke:#8c959f}.on{fill:#fff}.faint{fill:#6e7781}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.box{fill:#161b22}.on{fill:#fff}.faint{fill:#9198a1}}";

impl Svg {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { body: String::new(), width, height }
    }

    pub(crate) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let _ = writeln!(
            self.body,
            r#"<line class="line" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#
        );
    }

    pub(crate) fn bar(&mut self, (x, y): (f64, f64), height: f64) {
        self.line((x, y - height / 2.0), (x, y + height / 2.0));
    }

    /// A box, with round corners; without a colour it is of the page's.
    pub(crate) fn rect(
        &mut self,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        round: f64,
        fill: Option<&str>,
    ) {
        let fill = fill.map_or_else(|| r#"class="box""#.to_owned(), |fill| format!(r#"fill="{fill}""#));
        let _ = writeln!(
            self.body,
            r#"<rect {fill} x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="{round:.0}"/>"#
        );
    }

    /// Text around a point, or from it on; `class` is `on` for what lies on a colour, `faint`, or nothing.
    pub(crate) fn text(&mut self, (x, y): (f64, f64), anchor: &str, class: &str, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = writeln!(
            self.body,
            r#"<text class="{class}" x="{x:.1}" y="{:.1}" text-anchor="{anchor}">{text}</text>"#,
            y + 4.5
        );
    }

    pub(crate) fn drawn(self, title: &str) -> String {
        let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0}\" height=\"{1:.0}\" viewBox=\"0 0 {0:.0} {1:.0}\" role=\"img\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n{2}</svg>\n",
            self.width, self.height, self.body
        )
    }
}
