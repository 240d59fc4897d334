// cargo run --release -- all
//! anypipe beside what people wire by hand, and beside what others made. The README tells the method.

mod calibration;
mod contenders;
mod measure;
mod report;
mod runtime;
mod scenarios;
mod spin;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::calibration::Undisturbed;
use crate::measure::{Effort, Table, measure};
use crate::report::Outcome;

/// Measures anypipe beside its peers.
#[derive(Parser)]
struct Args {
    /// `all`, `list`, or what to measure: a scenario (`hop`) or one of its tables (`hop/64`)
    #[arg(required_unless_present = "park", value_name = "SCENARIO")]
    what: Vec<String>,
    /// Goes on until so many rounds of a table were quiet, or three times as many are done
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Few items and two rounds: whether everything works, not how fast
    #[arg(long)]
    quick: bool,
    /// Prints JSON, with the figures of every round, instead of tables
    #[arg(long)]
    json: bool,
    /// Prints markdown instead of tables: the first row's figure, and the others as multiples of it
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Draws a chart as well
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// For the scenario `parked`, which runs this program again
    #[arg(long, hide = true)]
    park: Option<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(what) = args.park {
        scenarios::parked::park(&what);
        return ExitCode::SUCCESS;
    }
    if args.what == ["list"] {
        list();
        return ExitCode::SUCCESS;
    }
    let effort = Effort { quick: args.quick, rounds: args.rounds.into() };
    let tables = match chosen(&args.what, effort) {
        Ok(tables) => tables,
        Err(unknown) => {
            eprintln!("error: there is no scenario `{unknown}`: `list` tells which there are");
            return ExitCode::FAILURE;
        }
    };

    let mut undisturbed = Undisturbed::find();
    let measured: Vec<_> = tables.into_iter().map(|table| measure(table, effort, &mut undisturbed)).collect();
    let outcomes: Vec<_> = measured.into_iter().map(|measured| Outcome::new(measured, undisturbed)).collect();
    if args.json {
        print!("{}", report::json(&outcomes));
    } else if args.markdown {
        print!("{}", report::markdown(&outcomes));
    } else {
        print!("{}", report::text(&outcomes));
    }
    if let Some(file) = args.svg
        && let Err(error) = fs::write(&file, report::chart(&outcomes))
    {
        eprintln!("error: {} can't be written: {error}", file.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The tables of all scenarios that are named, or the one that is unknown.
fn chosen(names: &[String], effort: Effort) -> Result<Vec<Table>, &String> {
    let mut known = vec!["all".to_owned()];
    let mut tables = Vec::new();
    for scenario in scenarios::ALL {
        known.push(scenario.name.to_owned());
        for table in (scenario.tables)(effort) {
            let is_named = |name: &String| *name == "all" || *name == scenario.name || *name == table.name;
            known.push(table.name.clone());
            if names.iter().any(is_named) {
                tables.push(table);
            }
        }
    }
    names.iter().find(|name| !known.contains(name)).map_or(Ok(tables), Err)
}

fn list() {
    let effort = Effort { quick: true, rounds: 1 };
    for scenario in scenarios::ALL {
        println!("{}: {}", scenario.name, scenario.about);
        for table in (scenario.tables)(effort) {
            let rows: Vec<_> = table.rows.iter().map(|row| row.name.as_str()).collect();
            println!("  {}: {}", table.name, rows.join(" · "));
        }
    }
}
