//! A screen for the running pipelines of anypipe.

mod app;
mod draw;
mod lanes;
mod line;
mod picture;
mod table;
#[cfg(test)]
mod tests;

use std::io;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event;

use self::app::App;
use self::draw::draw;
use self::line::{Address, Event, Line, keep};

const HELP: &str = "\
Shows the runs of a program that serves with `anypipe::top`, and steers them.

usage: anypipe-top [--once] [--every SECONDS] PATH | HOST:PORT

  PATH       of the Unix socket that the program serves on
  HOST:PORT  the port of the loopback that it serves on
  --once     prints the runs as text, and ends
  --every S  looks every so many seconds, 0.05 to 3600 (0.5)
";

/// How often is looked whether a key was pressed.
const LOOK: Duration = Duration::from_millis(50);

struct Asked {
    address: Address,
    once: bool,
    every: f64,
}

/// What is asked for; else what is wrong.
fn asked(arguments: impl Iterator<Item = String>) -> Result<Option<Asked>, String> {
    let (mut address, mut once, mut every) = (None, false, 0.5);
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--once" => once = true,
            "--every" => {
                let seconds = arguments.next().and_then(|seconds| seconds.parse().ok());
                let fits = seconds.filter(|seconds| (0.05..=3600.0).contains(seconds));
                every = fits.ok_or("`--every` wants a number of seconds from 0.05 to 3600")?;
            }
            _ if argument.starts_with("--") => return Err(format!("`{argument}` isn't known")),
            _ if address.is_some() => return Err("one program is looked at at a time".to_owned()),
            _ => address = Some(Address::read(&argument)),
        }
    }
    let address = address.ok_or("where does the program serve?")?;
    Ok(Some(Asked { address, once, every }))
}

fn main() -> ExitCode {
    let done = match asked(std::env::args().skip(1)) {
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Some(asked)) if asked.once => once(&asked).map_err(|error| format!("{}: {error}", asked.address)),
        Ok(Some(asked)) => show(&asked).map_err(|error| error.to_string()),
        Err(error) => Err(format!("{error}\n\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("anypipe-top: {}", error.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// Prints what the runs do between two looks.
fn once(asked: &Asked) -> io::Result<()> {
    let mut line = Line::new(&asked.address)?;
    let mut asks = line.asks()?;
    let mut app = App::new(asked.address.clone());
    asks.ask_pictures(None)?;
    app.hear_line(&line.hear()?);
    if !app.runs.is_empty() {
        thread::sleep(Duration::from_secs_f64(asked.every));
        asks.ask_pictures(None)?;
        app.hear_line(&line.hear()?);
    }
    match app.note {
        Some(wrong) => Err(io::Error::other(wrong.text)),
        None => {
            print!("{}", table::text(&app));
            Ok(())
        }
    }
}

fn show(asked: &Asked) -> io::Result<()> {
    let (tell, told) = channel();
    keep(asked.address.clone(), asked.every, tell);
    let mut terminal = ratatui::try_init()?;
    let shown = follow(&mut terminal, App::new(asked.address.clone()), &told);
    ratatui::restore();
    shown
}

fn follow(terminal: &mut DefaultTerminal, mut app: App, told: &Receiver<Event>) -> io::Result<()> {
    while !app.over {
        terminal.draw(|frame| draw(frame, &app))?;
        let mut changed = false;
        while !changed {
            if event::poll(LOOK)? {
                changed = true;
                if let event::Event::Key(key) = event::read()? {
                    app.press(key);
                }
            }
            while let Ok(event) = told.try_recv() {
                changed = true;
                app.hear(event);
            }
        }
    }
    Ok(())
}
