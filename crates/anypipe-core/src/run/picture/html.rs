//! A page for people: all that a picture tells, in one file.

use std::fmt::Write as _;

use super::mermaid::Colour;
use super::names::xml;
use super::table::{COLUMNS, length, row};
use super::{Picture, StagePicture};
use crate::scope::share;

/// No script and nothing from elsewhere, whatever a name says.
const POLICY: &str =
    r#"<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"#;
const STYLE: &str = "<style>:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;\
max-width:75rem;padding:0 1rem}figure,.wide{margin:1rem 0;overflow-x:auto}figure svg>text{display:none}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:.2rem .6rem;text-align:right;\
white-space:nowrap;border-bottom:1px solid #8884}th:first-child,td:first-child{text-align:left;white-space:pre-wrap;\
overflow-wrap:anywhere;min-width:8rem}.told{font-size:1.1rem;border-left:.3rem solid #d03030;padding-left:.8rem}\
.key i{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 1em}</style>";

/// How wide a stage's time is drawn, and how high.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 28.0;

/// The columns behind those of the table on a terminal.
const MORE_COLUMNS: [&str; 5] = ["filtered", "failed", "panicked", "cancelled", "left"];

impl Picture {
    /// A page with all that the picture tells: the graph, the table, and which stage holds everything up. One file that
    /// needs nothing from elsewhere and has no script, for light and dark screens.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe_core::run::Control;
    ///
    /// fn report(control: &Control) -> std::io::Result<()> {
    ///     std::fs::write("report.html", control.picture().html())
    /// }
    /// ```
    pub fn html(&self) -> String {
        self.html_over_time(&[])
    }

    /// As [`html`](Picture::html), and what each stage did over time: by what lay between the pictures before, as
    /// [`watch`](crate::Run::watch) gives it. The page grows with the stages times the parts.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use anypipe_core::Run;
    ///
    /// /// Has the run leave a report as of the last second.
    /// fn reported<T: Send + 'static>(run: Run<T>) -> Run<T> {
    ///     let (control, mut parts) = (run.control(), Vec::new());
    ///     run.watch(Duration::from_secs(1), move |part| {
    ///         parts.push(part);
    ///         if let Err(error) = std::fs::write("report.html", control.picture().html_over_time(&parts)) {
    ///             eprintln!("no report: {error}");
    ///         }
    ///     })
    /// }
    /// ```
    pub fn html_over_time(&self, parts: &[Picture]) -> String {
        let name = format!("run `{}`: {}", xml(&self.run), self.state);
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\">\n{POLICY}\n<title>{name}</title>\n{STYLE}</head>\n\
             <body><h1>{name}</h1>\n<p>{} after it began; watched for {}</p>\n",
            length(self.at),
            length(self.watched),
        );
        if let Some(found) = self.bottleneck() {
            let _ = writeln!(page, "<p class=\"told\">{}</p>", xml(&found.to_string()));
        }
        let _ = writeln!(page, "<figure>{}</figure>", self.svg());
        page.push_str("<div class=\"wide\"><table id=\"stages\"><thead><tr><th>stage</th>");
        for column in COLUMNS.iter().chain(&MORE_COLUMNS) {
            let _ = write!(page, "<th>{column}</th>");
        }
        page.push_str("</tr></thead>\n<tbody>\n");
        for stage in &self.stages {
            write_row(&mut page, stage);
        }
        page.push_str("</tbody></table></div>\n");
        self.write_changes(&mut page);
        if !parts.is_empty() {
            self.write_times(&mut page, parts);
        }
        page.push_str("</body></html>\n");
        page
    }

    /// How the stages got other workers, or other buffers, by when they did.
    fn write_changes(&self, page: &mut String) {
        let changes =
            self.stages.iter().flat_map(|stage| stage.changes.iter().map(move |made| (made, &stage.name)));
        let mut changes: Vec<_> = changes.collect();
        if changes.is_empty() {
            return;
        }
        changes.sort_by_key(|(made, _)| made.at);
        page.push_str("<h2>Changes</h2>\n<ul id=\"changes\">\n");
        for (made, name) in changes {
            let (at, name, why) = (length(made.at), xml(name), made.why);
            let _ = writeln!(page, "<li>{at} after it began: `{name}` {made}: {why}</li>");
        }
        page.push_str("</ul>\n");
    }

    /// What each stage did in each part.
    fn write_times(&self, page: &mut String, parts: &[Picture]) {
        page.push_str("<h2>Over time</h2>\n<p class=\"key\">");
        for (colour, does) in KEY {
            let _ = write!(page, "<i style=\"background:{}\"></i>{does}", colour.fill());
        }
        page.push_str("</p>\n<div class=\"wide\"><table id=\"times\"><tbody>\n");
        let end = parts.iter().fold(self.at, |end, part| end.max(part.at));
        for (at, stage) in self.stages.iter().enumerate() {
            let _ = write!(
                page,
                "<tr><td>{}</td><td><svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
                 width=\"{WIDTH}\" height=\"{HEIGHT}\">",
                xml(&stage.name),
            );
            let mut fastest: f64 = 0.0;
            for part in parts {
                let Some(stage) = part.stages.get(at) else { continue };
                let x = share(part.at.saturating_sub(part.watched), end) * WIDTH;
                write_part(page, stage, x, share(part.watched, end) * WIDTH);
                fastest = fastest.max(stage.rate(part.watched).unwrap_or_default());
            }
            let told = if fastest > 0.0 { format!("up to {fastest:.0} items/s") } else { String::new() };
            let _ = writeln!(page, "</svg></td><td>{told}</td></tr>");
        }
        page.push_str("</tbody></table></div>\n");
    }
}

/// What is drawn above each other, from the bottom up.
const KEY: [(Colour, &str); 3] =
    [(Colour::Busy, "at work"), (Colour::Blocked, "waits for room"), (Colour::Idle, "waits for input")];

/// What a stage did in one part, as a bar with a piece for each.
fn write_part(page: &mut String, stage: &StagePicture, x: f64, width: f64) {
    let (times, total) = (&stage.times, stage.times.total());
    let mut y = HEIGHT;
    for ((colour, _), time) in KEY.into_iter().zip([times.working(), times.room, times.input]) {
        let high = share(time, total) * HEIGHT;
        y -= high;
        if high > 0.0 {
            let _ = write!(
                page,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{high:.1}\" fill=\"{}\"/>",
                colour.fill(),
            );
        }
    }
}

fn write_row(page: &mut String, stage: &StagePicture) {
    let _ = write!(page, "<tr><td>{}</td>", xml(&stage.name));
    for cell in row(stage) {
        let _ = write!(page, "<td>{cell}</td>");
    }
    for count in [stage.filtered, stage.failed, stage.panicked, stage.cancelled, stage.left] {
        let _ = write!(page, "<td>{count}</td>");
    }
    page.push_str("</tr>\n");
}

#[cfg(test)]
mod tests {
    use std::slice;
    use std::time::Duration;

    use super::super::{RunState, Times};
    use super::*;

    fn picture(name: &str) -> Picture {
        let (working, room) = (Duration::from_secs(3), Duration::from_secs(1));
        let times = Times { awaiting: working, room, ..Times::default() };
        let stage =
            StagePicture { name: name.to_owned(), delivered: Some(8), times, ..StagePicture::default() };
        let (at, watched) = (Duration::from_secs(4), Duration::from_secs(4));
        let run = name.to_owned();
        Picture { run, state: RunState::Ended, at, watched, stages: vec![stage], edges: Vec::new() }
    }

    #[test]
    fn a_name_is_never_read_as_html() {
        let picture = picture("</title></style><script>\"'&");
        let page = picture.html_over_time(slice::from_ref(&picture));
        assert!(!page.contains("<script") && page.matches("</title>").count() == 2, "{page}");
        assert_eq!(page.matches("</style>").count(), 1);
        assert!(page.contains("&lt;/title&gt;&lt;/style&gt;&lt;script&gt;&quot;&#39;&amp;"));
    }

    #[test]
    fn a_part_is_drawn_as_high_as_its_share() {
        let picture = picture("step");
        let page = picture.html_over_time(slice::from_ref(&picture));
        assert!(page.contains(r#"y="7.0" width="640.0" height="21.0""#), "{page}");
        assert!(page.contains(r#"y="0.0" width="640.0" height="7.0""#));
        assert!(page.contains("up to 2 items/s"));
        assert!(!picture.html().contains("Over time"));
    }
}
