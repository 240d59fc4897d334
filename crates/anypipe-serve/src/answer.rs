//! What is done for a request, and the line that says so.

use std::collections::BTreeMap;
use std::error::Error;

use anypipe_core::run::{Control, LiveRun, Picture, runs};
use serde_json::json;

use crate::request::Request;

/// The last picture of each run that goes on, as one client got it.
#[derive(Default)]
pub(crate) struct Seen(BTreeMap<u64, Picture>);

impl Seen {
    /// Does this; else tells what is wrong.
    pub(crate) fn answer(&mut self, request: Request) -> Result<String, String> {
        match request {
            Request::Pictures { .. } => Ok(self.pictures()),
            Request::Dump { run } => {
                let run = find(run)?;
                Ok(json!({ "done": "dump", "run": run.number, "dump": run.control.dump() }).to_string())
            }
            Request::Pause { run } => steer(run, "pause", Control::pause),
            Request::Resume { run } => steer(run, "resume", Control::resume),
            Request::Stop { run, within } => steer(run, "stop", |control| match within {
                None => control.stop(),
                Some(grace) => control.stop_within(grace),
            }),
            Request::Cancel { run } => steer(run, "cancel", Control::cancel),
            Request::SetWorkers { run, stage, n } => {
                try_steer(run, "set_workers", |control| Ok(control.stage(&stage)?.set_workers(n)?))
            }
            Request::SetBufferSize { run, stage, n } => {
                try_steer(run, "set_buffer_size", |control| Ok(control.stage(&stage)?.set_buffer_size(n)?))
            }
        }
    }

    /// All runs that go on.
    pub(crate) fn pictures(&mut self) -> String {
        let runs = runs();
        let mut now = BTreeMap::new();
        let told: Vec<_> = runs.iter().map(|run| self.told(run, &mut now)).collect();
        self.0 = now;
        format!("{{\"runs\":[{}]}}", told.join(","))
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
            json!(run.name),
            json!(run.runtime),
            json!(bottleneck.map(|found| found.to_string())),
            picture.json(),
        );
        now.insert(run.number, picture);
        told
    }
}

/// What says that something is wrong.
pub(crate) fn refused(error: &str) -> String {
    json!({ "error": error }).to_string()
}

fn steer(run: Option<u64>, word: &str, does: impl FnOnce(&Control)) -> Result<String, String> {
    try_steer(run, word, |control| {
        does(control);
        Ok(())
    })
}

/// Does this with a run, unless that would be lost where the run is replayed.
fn try_steer(
    run: Option<u64>,
    word: &str,
    does: impl FnOnce(&Control) -> Result<(), Box<dyn Error>>,
) -> Result<String, String> {
    let LiveRun { number, runtime, control, is_replayable, .. } = find(run)?;
    if is_replayable {
        return Err(format!(
            "run {number} is on `{runtime}`, whose runs can be replayed: what steers one from outside would be lost"
        ));
    }
    does(&control).map_err(|error| error.to_string())?;
    Ok(json!({ "done": word, "run": number }).to_string())
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, from_str};

    use super::refused;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_refused_is_told_in_one_line(error in any::<String>()) {
            let line = refused(&error);
            prop_assert!(!line.contains('\n'));
            let told = from_str::<Value>(&line).expect("an object");
            prop_assert_eq!(told["error"].as_str(), Some(&*error));
        }
    }
}
