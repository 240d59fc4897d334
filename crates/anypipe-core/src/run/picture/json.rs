use std::fmt::Write as _;
use std::time::Duration;

use super::names::json;
use super::{ChangePicture, Changed, Picture, StagePicture, Times, WorkerPicture, WorkerState};
use crate::scope::ChangeReason;

impl Picture {
    /// All of it as one line of JSON, times in seconds. What isn't known is `null`.
    ///
    /// # Examples
    ///
    /// ```
    /// let nothing = anypipe_core::run::Picture::default();
    /// assert!(nothing.json().starts_with(r#"{"run":"","state":"planned","at":0"#));
    /// ```
    pub fn json(&self) -> String {
        let mut written = String::with_capacity(256 * (self.stages.len() + 1));
        let _ = write!(
            written,
            r#"{{"run":"{}","state":"{}","at":{},"watched":{},"stages":["#,
            json(&self.run),
            self.state,
            seconds(self.at),
            seconds(self.watched),
        );
        for (at, stage) in self.stages.iter().enumerate() {
            separate(&mut written, at);
            write_stage(&mut written, stage);
        }
        written.push_str("],\"edges\":[");
        for (at, edge) in self.edges.iter().enumerate() {
            separate(&mut written, at);
            let _ = write!(written, "[{},{}]", edge.from, edge.to);
        }
        written.push_str("],\"bottleneck\":");
        match self.bottleneck() {
            Some(found) => {
                let _ = write!(written, "\"{}\"", json(&found.to_string()));
            }
            None => written.push_str("null"),
        }
        written.push('}');
        written
    }
}

fn separate(written: &mut String, at: usize) {
    if at > 0 {
        written.push(',');
    }
}

fn write_stage(written: &mut String, stage: &StagePicture) {
    let count = |count: Option<u64>| count.map_or_else(|| "null".to_owned(), |count| count.to_string());
    let _ = write!(
        written,
        r#"{{"name":"{}","kind":"{}","in":{},"out":{},"filtered":{},"failed":{},"panicked":{},"cancelled":{},"left":{},"held":{},"buffer":{},"blocks":{},"times":{},"workers":["#,
        json(&stage.name),
        stage.kind,
        count(stage.taken),
        count(stage.delivered),
        stage.filtered,
        stage.failed,
        stage.panicked,
        stage.cancelled,
        stage.left,
        stage.held,
        count(stage.buffer.map(|buffer| buffer as u64)),
        stage.blocks,
        times(&stage.times),
    );
    for (at, worker) in stage.workers.iter().enumerate() {
        separate(written, at);
        write_worker(written, worker);
    }
    written.push_str("],\"changes\":[");
    for (at, change) in stage.changes.iter().enumerate() {
        separate(written, at);
        write_change(written, change);
    }
    written.push_str("]}");
}

fn write_worker(written: &mut String, worker: &WorkerPicture) {
    let state = match worker.state {
        WorkerState::Input => "input",
        WorkerState::Polling => "polling",
        WorkerState::Awaiting => "awaiting",
        WorkerState::Room => "room",
    };
    let _ = write!(
        written,
        r#"{{"number":{},"state":"{state}","lasts":{},"times":{}}}"#,
        worker.number,
        seconds(worker.lasts),
        times(&worker.times),
    );
}

fn write_change(written: &mut String, change: &ChangePicture) {
    let why = match change.why {
        ChangeReason::Asked => "asked",
        ChangeReason::Doubling => "doubling",
        ChangeReason::Halving => "halving",
        ChangeReason::Probe => "probe",
        ChangeReason::Needed => "needed",
        ChangeReason::Back => "back",
        ChangeReason::Spare => "spare",
    };
    let of = match change.of {
        Changed::Workers => "workers",
        Changed::Buffer => "buffer",
    };
    let (at, from, to) = (seconds(change.at), change.from, change.to);
    let _ = write!(written, r#"{{"of":"{of}","at":{at},"from":{from},"to":{to},"why":"{why}"}}"#);
}

fn times(times: &Times) -> String {
    format!(
        r#"{{"input":{},"polling":{},"awaiting":{},"room":{}}}"#,
        seconds(times.input),
        seconds(times.polling),
        seconds(times.awaiting),
        seconds(times.room),
    )
}

/// A number of JSON, which has no other digits than it needs.
fn seconds(time: Duration) -> String {
    let (whole, rest) = (time.as_secs(), time.subsec_nanos());
    if rest == 0 {
        return whole.to_string();
    }
    format!("{whole}.{rest:09}").trim_end_matches('0').to_owned()
}
