//! The screen as it is drawn, cell by cell.

use std::fmt::Write as _;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;

use crate::app::{App, Link};
use crate::draw::{BLOCKED, BUSY, IDLE, draw};
use crate::line::{Address, Event};
use crate::table::text;

/// A stage that waited for input, worked and waited for room for so many seconds.
fn stage(name: &str, out: u64, times: [u32; 3], workers: usize) -> String {
    let [input, working, room] = times;
    let name = serde_json::Value::from(name);
    let times = format!(r#"{{"input":{input},"polling":0,"awaiting":{working},"room":{room}}}"#);
    let worker = format!(r#"{{"number":0,"state":"awaiting","lasts":0.1,"times":{times}}}"#);
    let workers = vec![worker; workers].join(",");
    format!(
        r#"{{"name":{name},"kind":"stage","in":{out},"out":{out},"filtered":0,"failed":0,"panicked":0,"cancelled":0,"left":0,"held":3,"buffer":64,"blocks":false,"times":{times},"workers":[{workers}]}}"#
    )
}

fn run(number: u64, at: u32, state: &str, stages: &[String], edges: &str) -> String {
    let stages = stages.join(",");
    format!(
        r#"{{"run":{number},"name":"for_each","runtime":"smol","bottleneck":"`parse` is the bottleneck: at work 98 % of the time","picture":{{"run":"for_each","state":"{state}","at":{at},"watched":{at},"stages":[{stages}],"edges":[{edges}],"bottleneck":null}}}}"#
    )
}

fn runs(runs: &[String]) -> String {
    format!(r#"{{"runs":[{}]}}"#, runs.join(","))
}

fn attached() -> App {
    let mut app = App::new(Address::read("words.sock"));
    app.link = Link::Attached;
    app
}

/// A run of three stages, seen twice within two seconds.
fn three() -> App {
    let mut app = attached();
    let at = |at: u32, out: [u64; 3], times: [[u32; 3]; 3]| {
        let names = ["read", "parse", "save"];
        let stages: Vec<_> = (0..3).map(|i| stage(names[i], out[i], times[i], 1)).collect();
        runs(&[run(1, at, "running", &stages, "[0,1],[1,2]")])
    };
    app.hear_line(&at(10, [100, 90, 90], [[10, 0, 0], [10, 0, 0], [0, 10, 0]]));
    app.hear_line(&at(12, [110, 100, 99], [[10, 0, 2], [10, 2, 0], [2, 10, 0]]));
    app
}

fn screen(app: &App, wide: u16, high: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(wide, high)).expect("a screen");
    terminal.draw(|frame| draw(frame, app)).expect("it is drawn");
    terminal.backend().buffer().clone()
}

fn lines(buffer: &Buffer) -> Vec<String> {
    let wide = usize::from(buffer.area.width);
    let line =
        |cells: &[ratatui::buffer::Cell]| cells.iter().map(ratatui::buffer::Cell::symbol).collect::<String>();
    buffer.content.chunks(wide).map(|cells| line(cells).trim_end().to_owned()).collect()
}

/// The colour of the first cell of the row that has this in it.
fn colour(buffer: &Buffer, name: &str) -> Color {
    let row = lines(buffer).iter().position(|line| line.contains(name)).expect(name);
    buffer[(0, u16::try_from(row).expect("a row"))].fg
}

fn press(app: &mut App, keys: &str) {
    for key in keys.chars() {
        app.press(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE));
    }
}

#[test]
fn the_graph_is_coloured_by_what_was_done_between_two_looks() {
    let buffer = screen(&three(), 100, 12);
    let lines = lines(&buffer);
    assert_eq!(lines[0], "run 1: for_each on smol, running, 12.0 s");
    // On the whole the first was idle, and the last was busy.
    assert_eq!(
        [colour(&buffer, "read"), colour(&buffer, "parse"), colour(&buffer, "save")],
        [BLOCKED, BUSY, IDLE]
    );
    let row = lines.iter().find(|line| line.contains("parse")).expect("its row");
    let cells: Vec<_> = row.split_whitespace().collect();
    assert_eq!(cells[..11], ["●", "parse", "1", "100", "100", "5.0", "3/64", "0", "%", "100", "%"], "{row}");
    assert!(
        lines.iter().any(|line| line == "`parse` is the bottleneck: at work 98 % of the time"),
        "{lines:?}"
    );
    assert!(lines[11].starts_with("p pause"), "{lines:?}");
}

#[test]
fn the_same_is_printed_as_text() {
    let text = text(&three());
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "run 1: for_each on smol, running, 12.0 s");
    assert!(lines[2].starts_with("● read ") && lines[2].ends_with("  0 %    0 %    100 %"), "{text}");
    assert_eq!(lines[5], "`parse` is the bottleneck: at work 98 % of the time");
    assert_eq!(crate::table::text(&attached()), "no run goes on\n");
}

#[test]
fn a_thousand_stages_scroll() {
    let mut app = attached();
    let stages: Vec<_> = (0..1000).map(|at| stage(&format!("stage-{at}."), 1, [1, 0, 0], 1)).collect();
    let mut edges = String::from("[0,1]");
    (1..999).for_each(|at| write!(edges, ",[{at},{}]", at + 1).expect("text"));
    app.hear_line(&runs(&[run(1, 1, "running", &stages, &edges)]));
    let shows = |app: &App, name: &str| lines(&screen(app, 120, 30)).iter().any(|line| line.contains(name));
    assert!(shows(&app, "stage-0.") && !shows(&app, "stage-999."));
    app.press(KeyEvent::from(KeyCode::End));
    assert!(shows(&app, "stage-999.") && !shows(&app, "stage-0."));
    app.press(KeyEvent::from(KeyCode::PageUp));
    assert_eq!(app.selected, 979);
    press(&mut app, "jk");
    app.press(KeyEvent::from(KeyCode::Home));
    app.press(KeyEvent::from(KeyCode::Up));
    assert!(shows(&app, "stage-0."));
    assert_eq!(text(&app).lines().count(), 1003);
}

#[test]
fn a_line_that_is_lost_is_told_and_what_was_seen_stays() {
    let mut app = three();
    app.hear(Event::Lost("connection refused".to_owned()));
    let lines = lines(&screen(&app, 140, 12));
    assert!(
        lines[0].starts_with("no line to words.sock: connection refused; trying again run 1"),
        "{lines:?}"
    );
    assert!(lines.iter().any(|line| line.contains("parse")));
    press(&mut app, "p");
    assert_eq!(app.note.as_ref().map(|note| &*note.text), Some("nobody is attached: it is tried again"));
}

#[test]
fn what_the_program_says_is_told() {
    let mut app = three();
    app.hear_line(r#"{"done":"pause","run":1}"#);
    assert!(lines(&screen(&app, 80, 12)).contains(&"pause: done".to_owned()));
    app.hear_line(r#"{"error":"no run 7 goes on"}"#);
    assert!(app.note.as_ref().is_some_and(|note| note.is_error && note.text == "no run 7 goes on"));
    for rubbish in ["", "{}", "[]", "\"runs\"", r#"{"runs":[{}]}"#, r#"{"runs":7}"#, "\u{0}"] {
        app.note = None;
        app.hear_line(rubbish);
        assert!(app.note.as_ref().is_some_and(|note| note.is_error), "{rubbish}");
    }
    // What was seen before stays.
    assert_eq!(app.runs.len(), 1);
}

#[test]
fn a_cancel_is_asked_for_twice() {
    let mut app = three();
    press(&mut app, "c");
    assert!(app.note.as_ref().is_some_and(|note| note.text.starts_with("press c again")), "{:?}", app.note);
    press(&mut app, "jc");
    assert!(app.note.as_ref().is_some_and(|note| note.text.starts_with("press c again")), "{:?}", app.note);
    press(&mut app, "c");
    assert_eq!(app.note.as_ref().map(|note| &*note.text), Some("nobody is attached: it is tried again"));
}

#[test]
fn the_last_worker_stays() {
    let mut app = three();
    press(&mut app, "-");
    assert_eq!(app.note.as_ref().map(|note| &*note.text), Some("`read` has one worker: p pauses the run"));
    let stages = [stage("alone", 1, [1, 0, 0], 0)];
    app.hear_line(&runs(&[run(1, 1, "running", &stages, "")]));
    press(&mut app, "+");
    assert_eq!(app.note.as_ref().map(|note| &*note.text), Some("`alone` has no workers of its own"));
}

#[test]
fn runs_are_turned_over_and_one_that_has_ended_gives_way() {
    let mut app = attached();
    let one = |number| run(number, 1, "paused", &[stage(&format!("of-{number}"), 1, [1, 0, 0], 1)], "");
    app.hear_line(&runs(&[one(4), one(7)]));
    assert_eq!((app.run().map(|run| run.number), app.place()), (Some(4), 1));
    assert!(lines(&screen(&app, 100, 12))[0].ends_with("(1 of 2 runs)"));
    app.press(KeyEvent::from(KeyCode::Right));
    assert!(lines(&screen(&app, 100, 12)).iter().any(|line| line.contains("of-7")));
    app.press(KeyEvent::from(KeyCode::Right));
    app.press(KeyEvent::from(KeyCode::Left));
    assert_eq!(app.run().map(|run| run.number), Some(7));
    app.hear_line(&runs(&[one(4)]));
    assert_eq!(app.run().map(|run| run.number), Some(4));
    app.hear_line(&runs(&[]));
    assert!(lines(&screen(&app, 100, 12)).iter().any(|line| line.contains("no run goes on")));
    app.press(KeyEvent::from(KeyCode::Right));
}

#[test]
fn a_run_without_stages_is_shown_where_it_is_asked_for() {
    let mut app = attached();
    let of_main = || run(1, 1, "running", &[], "");
    app.hear_line(&runs(&[of_main()]));
    assert!(text(&app).ends_with("running, 1.0 s\n`parse` is the bottleneck: at work 98 % of the time\n"));
    assert_eq!(app.run().map(|run| run.number), Some(1));
    let both = runs(&[of_main(), run(2, 1, "running", &[stage("parse", 1, [1, 0, 0], 1)], "")]);
    app.hear_line(&both);
    assert_eq!(app.run().map(|run| run.number), Some(2));
    app.press(KeyEvent::from(KeyCode::Tab));
    app.hear_line(&both);
    assert_eq!(app.run().map(|run| run.number), Some(1));
}

#[test]
fn names_cannot_steer_the_terminal() {
    let mut app = attached();
    let hostile = "a\u{1b}[2J\u{7}\n\u{9b}z";
    app.hear_line(&runs(&[run(1, 1, "running", &[stage(hostile, 1, [1, 0, 0], 1)], "")]));
    app.hear_line(&format!(r#"{{"error":{}}}"#, serde_json::Value::from(hostile)));
    let shown =
        [text(&app), lines(&screen(&app, 120, 12)).join(""), app.note.clone().map(|note| note.text).unwrap()];
    for shown in shown {
        assert!(!shown.chars().any(|shown| shown.is_control() && shown != '\n'), "{shown:?}");
        assert!(shown.contains(r"a\u{1b}[2J\u{7}"), "{shown:?}");
    }
}

#[test]
fn it_is_drawn_on_any_screen() {
    let mut app = three();
    app.hear(Event::Lost("gone".repeat(50)));
    for (wide, high) in (0..12).flat_map(|wide| (0..9).map(move |high| (wide * 13, high))) {
        screen(&app, wide, high);
        screen(&attached(), wide, high);
    }
}
