//! A picture: a bar for each row, as long as its median, with the longest of a table all across.

use std::fmt::Write;

use super::Outcome;

const WIDTH: usize = 860;
const NAMES: usize = 230;
const BARS: usize = 430;
const LINE: usize = 18;

pub fn chart(outcomes: &[Outcome]) -> String {
    let mut body = String::new();
    let mut y = LINE;
    for outcome in outcomes {
        let longest = outcome.rows.iter().map(|row| row.median).fold(f64::MIN_POSITIVE, f64::max);
        let (title, verdict) = (escaped(&outcome.name), escaped(&outcome.verdict()));
        let about = escaped(&format!("{}; {}", outcome.about, outcome.unit));
        let _ = writeln!(body, r#"<text x="10" y="{y}" class="title">{title}</text>"#);
        let _ = writeln!(body, r#"<text x="{NAMES}" y="{y}">{about}</text>"#);
        y += LINE;
        let _ = writeln!(body, r#"<text x="{NAMES}" y="{y}" class="faint">{verdict}</text>"#);
        for (i, row) in outcome.rows.iter().enumerate() {
            y += LINE;
            let length = row.median / longest * BARS as f64;
            let class = if i == 0 { "ours" } else { "theirs" };
            let (name, end) = (escaped(&row.name), NAMES as f64 + length + 6.0);
            let (names, top, height) = (NAMES - 8, y - 12, LINE - 4);
            let _ = writeln!(body, r#"<text x="{names}" y="{y}" class="name">{name}</text>"#);
            let _ = writeln!(
                body,
                r#"<rect x="{NAMES}" y="{top}" width="{length:.1}" height="{height}" class="{class}"/>"#
            );
            let (median, ratio) = (row.median, row.ratio);
            let _ = writeln!(body, r#"<text x="{end:.1}" y="{y}">{median:.1} · {ratio:.2} ×</text>"#);
        }
        y += 2 * LINE;
    }
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}">
<style>
text {{ font: 12px sans-serif; fill: #222 }}
.title {{ font-weight: bold }}
.name {{ text-anchor: end }}
.faint {{ fill: #777 }}
.ours {{ fill: #c4501b }}
.theirs {{ fill: #9fb0c3 }}
</style>
<rect width="{WIDTH}" height="{y}" fill="white"/>
{body}</svg>
"#
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
