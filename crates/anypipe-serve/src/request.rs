//! What a client asks for.

use std::time::Duration;

use crate::json::{Value, quoted, read_object};

/// The shortest and the longest time between two pictures, in seconds.
const EVERY: (f64, f64) = (0.05, 3600.0);
/// The longest grace of a stop, in seconds.
const MOST_GRACE: f64 = 86_400.0;

/// One line of a client.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Request {
    /// All runs as they are now, and from now on every so often.
    Pictures { every: Option<Duration> },
    /// Something with one run; the only one where none is named.
    With { run: Option<u64>, act: Act },
}

/// What to do with a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    Pause,
    Resume,
    Stop { within: Option<Duration> },
    Cancel,
    Dump,
    SetWorkers { stage: String, n: usize },
    SetBufferSize { stage: String, n: usize },
}

/// All that can be done, for the message.
const KNOWN: &str =
    "`pictures`, `pause`, `resume`, `stop`, `cancel`, `dump`, `set_workers` or `set_buffer_size`";

impl Request {
    /// What a line asks for, with the word that it asks by; else what is wrong with it.
    pub(crate) fn read(line: &str) -> Result<(Self, String), String> {
        let mut fields = Fields(read_object(line)?);
        let word = fields.text("do")?;
        let request = match word.as_str() {
            "pictures" => Self::Pictures { every: fields.seconds("every", EVERY)? },
            "pause" => fields.with(|_| Ok(Act::Pause))?,
            "resume" => fields.with(|_| Ok(Act::Resume))?,
            "stop" => fields
                .with(|fields| Ok(Act::Stop { within: fields.seconds("within", (0.0, MOST_GRACE))? }))?,
            "cancel" => fields.with(|_| Ok(Act::Cancel))?,
            "dump" => fields.with(|_| Ok(Act::Dump))?,
            "set_workers" => fields
                .with(|fields| Ok(Act::SetWorkers { stage: fields.text("stage")?, n: fields.size("n")? }))?,
            "set_buffer_size" => fields.with(|fields| {
                Ok(Act::SetBufferSize { stage: fields.text("stage")?, n: fields.size("n")? })
            })?,
            _ => return Err(format!("{} can't be done: ask for {KNOWN}", quoted(&word))),
        };
        match fields.0.first() {
            None => Ok((request, word)),
            Some((name, _)) => Err(format!("`{word}` has no {}", quoted(name))),
        }
    }
}

/// What was not looked at yet.
struct Fields(Vec<(String, Value)>);

impl Fields {
    fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    fn text(&mut self, name: &str) -> Result<String, String> {
        match self.take(name) {
            Some(Value::Text(text)) => Ok(text),
            Some(_) => Err(format!("`{name}` is no text")),
            None if name == "do" => Err(format!("it says nothing to `do`: ask for {KNOWN}")),
            None => Err(format!("`{name}` is missing")),
        }
    }

    fn whole(&mut self, name: &str) -> Result<Option<u64>, String> {
        match self.take(name) {
            None => Ok(None),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is whole and small"
            )]
            Some(Value::Number(number)) if number.fract() == 0.0 && (0.0..9e15).contains(&number) => {
                Ok(Some(number as u64))
            }
            Some(_) => Err(format!("`{name}` is no whole number from 0 on")),
        }
    }

    fn size(&mut self, name: &str) -> Result<usize, String> {
        let number = self.whole(name)?.ok_or_else(|| format!("`{name}` is missing"))?;
        usize::try_from(number).map_err(|_| format!("`{name}` is too large"))
    }

    fn seconds(&mut self, name: &str, (least, most): (f64, f64)) -> Result<Option<Duration>, String> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Number(number)) if (least..=most).contains(&number) => {
                Ok(Some(Duration::from_secs_f64(number)))
            }
            Some(_) => Err(format!("`{name}` is no number of seconds from {least} to {most}")),
        }
    }

    fn with(&mut self, act: impl FnOnce(&mut Self) -> Result<Act, String>) -> Result<Request, String> {
        let run = self.whole("run")?;
        Ok(Request::With { run, act: act(self)? })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Act, Request};

    #[test]
    fn all_that_can_be_asked_is_read() {
        let with = |act| Request::With { run: Some(3), act };
        let second = Some(Duration::from_secs(1));
        let stage = || "parse".to_owned();
        for (line, request) in [
            (r#"{"do":"pictures"}"#, Request::Pictures { every: None }),
            (r#"{"do":"pictures","every":1}"#, Request::Pictures { every: second }),
            (r#"{"do":"pause","run":3}"#, with(Act::Pause)),
            (r#"{"run":3,"do":"resume"}"#, with(Act::Resume)),
            (r#"{"do":"stop","run":3}"#, with(Act::Stop { within: None })),
            (r#"{"do":"stop","run":3,"within":1}"#, with(Act::Stop { within: second })),
            (r#"{"do":"cancel"}"#, Request::With { run: None, act: Act::Cancel }),
            (r#"{"do":"dump","run":3}"#, with(Act::Dump)),
            (
                r#"{"do":"set_workers","run":3,"stage":"parse","n":8}"#,
                with(Act::SetWorkers { stage: stage(), n: 8 }),
            ),
            (
                r#"{"do":"set_buffer_size","run":3,"stage":"parse","n":0}"#,
                with(Act::SetBufferSize { stage: stage(), n: 0 }),
            ),
        ] {
            assert_eq!(Request::read(line).expect(line).0, request);
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (line, told) in [
            ("GET / HTTP/1.1", "'G' where '{' is wanted"),
            ("{}", "it says nothing to `do`: ask for `pictures`"),
            (r#"{"do":7}"#, "`do` is no text"),
            (r#"{"do":"dance"}"#, "\"dance\" can't be done: ask for `pictures`"),
            (r#"{"do":"pictures","every":0}"#, "`every` is no number of seconds from 0.05 to 3600"),
            (r#"{"do":"pictures","every":"often"}"#, "`every` is no number"),
            (r#"{"do":"pause","run":1.5}"#, "`run` is no whole number"),
            (r#"{"do":"pause","run":-1}"#, "`run` is no whole number"),
            (r#"{"do":"pause","stage":"parse"}"#, "`pause` has no \"stage\""),
            (r#"{"do":"stop","within":-1}"#, "`within` is no number of seconds from 0 to 86400"),
            (r#"{"do":"set_workers","n":2}"#, "`stage` is missing"),
            (r#"{"do":"set_workers","stage":"parse"}"#, "`n` is missing"),
        ] {
            let error = Request::read(line).expect_err(line);
            assert!(error.contains(told), "{line}: {error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_number_is_read_or_refused(
            number in any::<f64>(),
            word in prop::sample::select(vec!["pictures", "stop", "pause", "set_workers"]),
            name in prop::sample::select(vec!["every", "within", "run", "n"]),
        ) {
            let _ = Request::read(&format!("{{\"do\":\"{word}\",\"stage\":\"a\",\"{name}\":{number:e}}}"));
        }
    }
}
