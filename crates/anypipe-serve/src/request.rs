//! What a client asks for.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// The shortest and the longest time between two pictures, in seconds.
const EVERY: RangeInclusive<f64> = 0.05..=3600.0;
/// The shortest and the longest grace of a stop, in seconds.
const GRACE: RangeInclusive<f64> = 0.0..=86_400.0;

/// One line of a client. `run` is the number of one that goes on; the only one where none is named.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    /// All runs as they are now, and from now on every so often.
    Pictures {
        #[serde(default, deserialize_with = "every")]
        every: Option<Duration>,
    },
    Dump {
        run: Option<u64>,
    },
    Pause {
        run: Option<u64>,
    },
    Resume {
        run: Option<u64>,
    },
    Stop {
        run: Option<u64>,
        #[serde(default, deserialize_with = "grace")]
        within: Option<Duration>,
    },
    Cancel {
        run: Option<u64>,
    },
    SetWorkers {
        run: Option<u64>,
        stage: String,
        n: usize,
    },
    SetBufferSize {
        run: Option<u64>,
        stage: String,
        n: usize,
    },
}

impl Request {
    /// What a line asks for; else what is wrong with it.
    pub(crate) fn read(line: &str) -> Result<Self, String> {
        // What is derived would take a list of the values too.
        if !line.trim_start().starts_with('{') {
            return Err("that is no object of JSON".to_owned());
        }
        serde_json::from_str(line).map_err(|error| format!("that isn't understood: {error}"))
    }
}

fn every<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    seconds(from, EVERY)
}

fn grace<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    seconds(from, GRACE)
}

fn seconds<'de, D: Deserializer<'de>>(
    from: D,
    range: RangeInclusive<f64>,
) -> Result<Option<Duration>, D::Error> {
    match Option::<f64>::deserialize(from)? {
        None => Ok(None),
        Some(seconds) if range.contains(&seconds) => Ok(Some(Duration::from_secs_f64(seconds))),
        Some(seconds) => {
            let (least, most) = range.into_inner();
            Err(D::Error::custom(format_args!("{seconds} is no number of seconds from {least} to {most}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::Request;

    #[test]
    fn all_that_can_be_asked_is_read() {
        let (run, second) = (Some(3), Some(Duration::from_secs(1)));
        let stage = || "parse".to_owned();
        for (line, request) in [
            (r#"{"do":"pictures"}"#, Request::Pictures { every: None }),
            (r#"{"do":"pictures","every":1}"#, Request::Pictures { every: second }),
            (r#"{"do":"pause","run":3}"#, Request::Pause { run }),
            (r#" {"run" : 3, "do":"resume"} "#, Request::Resume { run }),
            (r#"{"do":"stop","run":3}"#, Request::Stop { run, within: None }),
            (r#"{"do":"stop","run":3,"within":1.0}"#, Request::Stop { run, within: second }),
            (r#"{"do":"cancel"}"#, Request::Cancel { run: None }),
            (r#"{"do":"dump","run":3}"#, Request::Dump { run }),
            (
                r#"{"do":"set_workers","run":3,"stage":"\u0070arse","n":8}"#,
                Request::SetWorkers { run, stage: stage(), n: 8 },
            ),
            (
                r#"{"do":"set_buffer_size","run":3,"stage":"parse","n":0}"#,
                Request::SetBufferSize { run, stage: stage(), n: 0 },
            ),
        ] {
            assert_eq!(Request::read(line).expect(line), request);
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (line, told) in [
            ("GET / HTTP/1.1", "no object of JSON"),
            (r#"["pause",3]"#, "no object of JSON"),
            ("{do:7}", "key must be a string at line 1 column 2"),
            ("{}", "missing field `do`"),
            (r#"{"do":7}"#, "invalid type: integer `7`"),
            (r#"{"do":"dance"}"#, "unknown variant `dance`, expected one of `pictures`, `dump`"),
            (r#"{"do":"pictures","every":0}"#, "0 is no number of seconds from 0.05 to 3600"),
            (r#"{"do":"pictures","every":"often"}"#, "invalid type: string \"often\""),
            (r#"{"do":"pause","run":1.5}"#, "invalid type: floating point `1.5`"),
            (r#"{"do":"pause","run":-1}"#, "invalid value: integer `-1`"),
            (r#"{"do":"pause","stage":"parse"}"#, "unknown field `stage`, expected `run`"),
            (r#"{"do":"pause","do":"cancel"}"#, "duplicate field `do`"),
            (r#"{"do":"pause","run":1,"run":2}"#, "duplicate field `run`"),
            (r#"{"do":"stop","within":-1}"#, "-1 is no number of seconds from 0 to 86400"),
            (r#"{"do":"stop","within":1e999}"#, "number out of range"),
            (r#"{"do":"set_workers","n":2}"#, "missing field `stage`"),
            (r#"{"do":"set_workers","stage":"parse"}"#, "missing field `n`"),
            (r#"{"do":"dump"} x"#, "trailing characters"),
            (&format!("{{\"run\":{}", "{\"a\":".repeat(10_000)), "recursion limit exceeded"),
        ] {
            let error = Request::read(line).expect_err(told);
            assert!(error.contains(told), "{told}: {error}");
        }
    }

    /// The line that asks for this.
    fn line(request: &Request) -> Value {
        let seconds = |time: &Option<Duration>| time.map(|time| time.as_secs_f64());
        match request {
            Request::Pictures { every } => json!({ "do": "pictures", "every": seconds(every) }),
            Request::Dump { run } => json!({ "do": "dump", "run": run }),
            Request::Pause { run } => json!({ "do": "pause", "run": run }),
            Request::Resume { run } => json!({ "do": "resume", "run": run }),
            Request::Stop { run, within } => json!({ "do": "stop", "run": run, "within": seconds(within) }),
            Request::Cancel { run } => json!({ "do": "cancel", "run": run }),
            Request::SetWorkers { run, stage, n } => {
                json!({ "do": "set_workers", "run": run, "stage": stage, "n": n })
            }
            Request::SetBufferSize { run, stage, n } => {
                json!({ "do": "set_buffer_size", "run": run, "stage": stage, "n": n })
            }
        }
    }

    /// Lines that are nearly requests.
    fn nearly() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{",
            "}",
            ",",
            ":",
            " ",
            "\"",
            "\"do\":",
            "\"dump\"",
            "\"stop\"",
            "\"run\":",
            "\"within\":",
            "\\u",
            "00e4",
            "\\ud83d",
            "0",
            "1",
            "-",
            ".",
            "5e",
            "9",
            "true",
            "null",
            "[",
            "]",
            "é",
            "\u{1}",
        ]);
        let rubbish = prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
        let word = prop::sample::select(vec!["pictures", "stop", "pause", "set_workers", "dance"]);
        let name = || prop::sample::select(vec!["every", "within", "run", "n", "stage", "do"]);
        let value = || {
            prop_oneof![
                any::<f64>().prop_map(|number| format!("{number:e}")),
                any::<u64>().prop_map(|number| number.to_string()),
                any::<String>().prop_map(|text| json!(text).to_string()),
                Just("null".to_owned()),
            ]
        };
        let fields = prop::collection::vec((name(), value()), 0..4);
        let object = (word, fields).prop_map(|(word, fields)| {
            let fields = fields.iter().map(|(name, value)| format!(",\"{name}\":{value}"));
            format!("{{\"do\":\"{word}\"{}}}", fields.collect::<String>())
        });
        prop_oneof![rubbish, object, any::<String>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_line_is_read_or_refused(asked in nearly()) {
            if let Ok(request) = Request::read(&asked) {
                prop_assert_eq!(Request::read(&line(&request).to_string()), Ok(request), "{}", asked);
            }
        }

        #[test]
        fn any_stage_and_any_number_are_read_as_they_are(
            run in any::<Option<u64>>(), stage in any::<String>(), n in any::<usize>(), millis in 50..=3_600_000_u64,
        ) {
            let every = Some(Duration::from_millis(millis));
            for request in [
                Request::SetWorkers { run, stage: stage.clone(), n },
                Request::SetBufferSize { run, stage, n },
                Request::Stop { run, within: every },
                Request::Pictures { every },
            ] {
                prop_assert_eq!(Request::read(&line(&request).to_string()), Ok(request));
            }
        }
    }
}
