//! What is done for a request.

use std::collections::BTreeMap;

use anypipe_core::run::{LiveRun, Picture, runs};

use crate::json::quoted;
use crate::request::Act;

/// The runtime whose runs can be looked at and no more.
const SIMULATOR: &str = "sim";

/// The last picture of each run that goes on, as one client got it.
#[derive(Default)]
pub(crate) struct Seen(BTreeMap<u64, Picture>);

impl Seen {
    /// All runs that go on, as a line.
    pub(crate) fn pictures(&mut self) -> String {
        let runs = runs();
        let mut now = BTreeMap::new();
        let told: Vec<_> = runs.iter().map(|run| self.told(run, &mut now)).collect();
        self.0 = now;
        format!("{{\"runs\":[{}]}}\n", told.join(","))
    }

    fn told(&self, run: &LiveRun, now: &mut BTreeMap<u64, Picture>) -> String {
        let picture = run.control.picture();
        let bottleneck = match self.0.get(&run.number) {
            Some(before) => picture.since(before).bottleneck(),
            None => picture.bottleneck(),
        };
        let told = format!(
            "{{\"run\":{},\"name\":{},\"runtime\":{},\"bottleneck\":{},\"picture\":{}}}",
            run.number,
            quoted(run.name),
            quoted(run.runtime),
            bottleneck.map_or_else(|| "null".to_owned(), |found| quoted(&found.to_string())),
            picture.json(),
        );
        now.insert(run.number, picture);
        told
    }
}

/// Does this with a run, and gives the line that says so; else what is wrong.
pub(crate) fn act(wanted: Option<u64>, act: &Act, word: &str) -> Result<String, String> {
    let run = find(wanted)?;
    if run.runtime == SIMULATOR && *act != Act::Dump {
        return Err(format!(
            "run {} is on the simulator: what steers it from outside can't be replayed",
            run.number
        ));
    }
    let control = &run.control;
    let mut told = String::new();
    match act {
        Act::Pause => control.pause(),
        Act::Resume => control.resume(),
        Act::Stop { within: None } => control.stop(),
        Act::Stop { within: Some(grace) } => control.stop_within(*grace),
        Act::Cancel => control.cancel(),
        Act::Dump => told = format!(",\"dump\":{}", quoted(&control.dump())),
        Act::SetWorkers { stage, n } => {
            let stage = control.stage(stage).map_err(|error| error.to_string())?;
            stage.set_workers(*n).map_err(|error| error.to_string())?;
        }
        Act::SetBufferSize { stage, n } => {
            let stage = control.stage(stage).map_err(|error| error.to_string())?;
            stage.set_buffer_size(*n).map_err(|error| error.to_string())?;
        }
    }
    Ok(format!("{{\"done\":{},\"run\":{}{told}}}\n", quoted(word), run.number))
}

fn find(wanted: Option<u64>) -> Result<LiveRun, String> {
    let mut runs = runs();
    match wanted {
        Some(wanted) => runs
            .into_iter()
            .find(|run| run.number == wanted)
            .ok_or_else(|| format!("no run {wanted} goes on: it has ended, or there was none")),
        None if runs.len() == 1 => Ok(runs.remove(0)),
        None if runs.is_empty() => Err("no run goes on".to_owned()),
        None => Err(format!("{} runs go on: say which by `run`", runs.len())),
    }
}
