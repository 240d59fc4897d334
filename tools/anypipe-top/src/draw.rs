//! The screen.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row as TableRow, Table, TableState, Wrap};

use crate::app::{App, Link};
use crate::picture::Shares;
use crate::table::{HEADS, Row, rows, sentence, title};

pub const IDLE: Color = Color::Blue;
pub const BUSY: Color = Color::Red;
pub const BLOCKED: Color = Color::DarkGray;
/// How wide the bar of shares is.
const BAR: u16 = 12;
const KEYS: &str = "p pause  r resume  s stop  c cancel  +/- workers  ↑↓ stage  ←→ run  q quit";

pub fn draw(frame: &mut Frame<'_>, app: &App) {
    let [head, table, told, note, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(2),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    draw_head(frame, head, app);
    if let Some(run) = app.run() {
        draw_table(frame, table, app, &rows(app, run));
        frame.render_widget(Paragraph::new(sentence(run)).bold().wrap(Wrap { trim: true }), told);
    } else {
        let empty = if app.link == Link::Attached { "no run goes on" } else { "" };
        frame.render_widget(Paragraph::new(empty).alignment(Alignment::Center), table);
    }
    if let Some(said) = &app.note {
        let style = if said.is_error { Style::new().fg(Color::Yellow) } else { Style::new() };
        frame.render_widget(Paragraph::new(&*said.text).style(style), note);
    }
    frame.render_widget(Paragraph::new(KEYS).dim(), keys);
}

fn draw_head(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let mut head = Line::default();
    match &app.link {
        Link::Calling => head.push_span(Span::raw(format!("calling {} ", app.address))),
        Link::Attached => {}
        Link::Lost(why) => {
            let lost = format!("no line to {}: {why}; trying again ", app.address);
            head.push_span(Span::styled(lost, Style::new().fg(Color::White).bg(Color::Red)));
        }
    }
    if let Some(run) = app.run() {
        let style =
            if run.picture.state == "running" { Style::new() } else { Style::new().fg(Color::Yellow) };
        head.push_span(Span::styled(title(run), style.add_modifier(Modifier::BOLD)));
        if app.runs.len() > 1 {
            head.push_span(Span::raw(format!("  ({} of {} runs)", app.place(), app.runs.len())));
        }
    }
    frame.render_widget(head, area);
}

fn draw_table(frame: &mut Frame<'_>, area: Rect, app: &App, rows: &[Row]) {
    let row = |row: &Row| {
        let style = row.shares.as_ref().map_or_else(Style::new, |shares| Style::new().fg(colour(shares)));
        let name = Line::from(vec![
            Span::styled(row.graph.clone(), style),
            Span::raw(" "),
            Span::styled(row.cells[0].clone(), style),
        ]);
        let right = |cell: &String| Cell::from(Line::from(cell.clone()).alignment(Alignment::Right));
        let cells = [Cell::from(name)].into_iter().chain(row.cells[1..].iter().map(right));
        TableRow::new(cells.chain([Cell::from(row.shares.as_ref().map(bar).unwrap_or_default())]))
    };
    let heads = HEADS.iter().enumerate().map(|(at, head)| {
        Line::from(*head).alignment(if at == 0 { Alignment::Left } else { Alignment::Right })
    });
    let widths = [Constraint::Fill(1)]
        .into_iter()
        .chain([7, 10, 10, 6, 9, 5, 5, 7].map(Constraint::Length))
        .chain([Constraint::Length(BAR)]);
    let table = Table::new(rows.iter().map(row), widths)
        .header(TableRow::new(heads.chain([Line::default()])).underlined())
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut state = TableState::new().with_selected(Some(app.selected));
    frame.render_stateful_widget(table, area, &mut state);
}

/// What a stage does most of the time.
fn colour(shares: &Shares) -> Color {
    if shares.busy >= shares.idle && shares.busy >= shares.blocked {
        BUSY
    } else if shares.blocked > shares.idle {
        BLOCKED
    } else {
        IDLE
    }
}

/// The three shares beside each other.
fn bar(shares: &Shares) -> Line<'static> {
    let cells = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is a part of a few cells"
        )]
        let cells = (share.clamp(0.0, 1.0) * f64::from(BAR)).round() as usize;
        cells
    };
    let (idle, busy) = (cells(shares.idle), cells(shares.idle + shares.busy));
    let part = |cells: usize, colour| Span::styled("█".repeat(cells), Style::new().fg(colour));
    Line::from(vec![
        part(idle, IDLE),
        part(busy.saturating_sub(idle), BUSY),
        part(usize::from(BAR).saturating_sub(busy), BLOCKED),
    ])
}
