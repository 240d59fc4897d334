//! As much of JSON as a request has: one object of texts, numbers and the like, none inside another.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

/// What stands behind a name in an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Number(f64),
    Flag(bool),
    Null,
}

/// The names of an object, each with its value, in their order; else what is wrong with the line.
pub(crate) fn read_object(line: &str) -> Result<Vec<(String, Value)>, String> {
    let mut reader = Reader { rest: line.chars().peekable() };
    let fields = reader.object()?;
    reader.blanks();
    match reader.rest.next() {
        None => Ok(fields),
        Some(more) => Err(format!("{more:?} behind the end of the object")),
    }
}

/// A text as JSON has it, with its quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    written.push('"');
    for character in text.chars() {
        match character {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\u{0}'..='\u{1f}' | '\u{7f}' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(written, "\\u{:04x}", u32::from(character));
            }
            _ => written.push(character),
        }
    }
    written.push('"');
    written
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
}

impl Reader<'_> {
    fn blanks(&mut self) {
        while self.rest.next_if(|next| matches!(next, ' ' | '\t' | '\r' | '\n')).is_some() {}
    }

    fn takes(&mut self, wanted: char) -> bool {
        self.rest.next_if_eq(&wanted).is_some()
    }

    /// Takes this character, or says that it is missing.
    fn needs(&mut self, wanted: char) -> Result<(), String> {
        match self.rest.next() {
            Some(found) if found == wanted => Ok(()),
            Some(found) => Err(format!("{found:?} where {wanted:?} is wanted")),
            None => Err(format!("it ends where {wanted:?} is wanted")),
        }
    }

    fn object(&mut self) -> Result<Vec<(String, Value)>, String> {
        let mut fields: Vec<(String, Value)> = Vec::new();
        self.blanks();
        self.needs('{')?;
        self.blanks();
        if self.takes('}') {
            return Ok(fields);
        }
        loop {
            self.blanks();
            self.needs('"')?;
            let name = self.text()?;
            self.blanks();
            self.needs(':')?;
            self.blanks();
            let value = self.value()?;
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(format!("{} stands twice", quoted(&name)));
            }
            fields.push((name, value));
            self.blanks();
            if !self.takes(',') {
                return self.needs('}').map(|()| fields);
            }
        }
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.rest.peek() {
            Some('"') => {
                self.rest.next();
                self.text().map(Value::Text)
            }
            Some('-' | '0'..='9') => self.number().map(Value::Number),
            Some('{' | '[') => Err("nothing that is asked for has an object or a list in it".to_owned()),
            Some(_) => self.word(),
            None => Err("it ends where a value is wanted".to_owned()),
        }
    }

    fn word(&mut self) -> Result<Value, String> {
        let mut word = String::new();
        while let Some(letter) = self.rest.next_if(char::is_ascii_alphabetic) {
            word.push(letter);
        }
        match word.as_str() {
            "true" => Ok(Value::Flag(true)),
            "false" => Ok(Value::Flag(false)),
            "null" => Ok(Value::Null),
            _ => Err("no value begins like this".to_owned()),
        }
    }

    fn digits(&mut self, number: &mut String) -> Result<(), String> {
        let before = number.len();
        while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
            number.push(digit);
        }
        if number.len() > before { Ok(()) } else { Err("a digit is missing in a number".to_owned()) }
    }

    fn number(&mut self) -> Result<f64, String> {
        let mut number = String::new();
        number.extend(self.rest.next_if_eq(&'-'));
        if self.takes('0') {
            number.push('0');
        } else {
            self.digits(&mut number)?;
        }
        if self.takes('.') {
            number.push('.');
            self.digits(&mut number)?;
        }
        if let Some(letter) = self.rest.next_if(|next| matches!(next, 'e' | 'E')) {
            number.push(letter);
            number.extend(self.rest.next_if(|next| matches!(next, '+' | '-')));
            self.digits(&mut number)?;
        }
        let read = number.parse::<f64>().ok().filter(|number| number.is_finite());
        read.ok_or_else(|| "a number is too large".to_owned())
    }

    /// A text whose first quote was taken.
    fn text(&mut self) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.rest.next() {
                None => return Err("a text has no end".to_owned()),
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escaped()?),
                Some('\u{0}'..='\u{1f}') => return Err("a text has a control character in it".to_owned()),
                Some(plain) => text.push(plain),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        Ok(match self.rest.next() {
            Some(itself @ ('"' | '\\' | '/')) => itself,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => return self.by_number(),
            _ => return Err("a text has an escape in it that JSON doesn't know".to_owned()),
        })
    }

    /// A character by its number, or by the two halves of UTF-16.
    fn by_number(&mut self) -> Result<char, String> {
        let lone = || "a text has half a character in it".to_owned();
        let first = self.four_digits()?;
        if !(0xd800..0xe000).contains(&first) {
            return char::from_u32(first).ok_or_else(lone);
        }
        if first >= 0xdc00 || !self.takes('\\') || !self.takes('u') {
            return Err(lone());
        }
        let second = self.four_digits()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(lone());
        }
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or_else(lone)
    }

    fn four_digits(&mut self) -> Result<u32, String> {
        let mut number = 0;
        for _ in 0..4 {
            let digit = self.rest.next().and_then(|digit| digit.to_digit(16));
            number = number * 16 + digit.ok_or("`\\u` has fewer than four digits")?;
        }
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Value, quoted, read_object};

    /// What another reader makes of it, as far as ours goes: `None` where that is no object, or has something in it that
    /// ours refuses.
    fn of_another(line: &str) -> Option<Vec<(String, Value)>> {
        let serde_json::Value::Object(fields) = serde_json::from_str(line).ok()? else { return None };
        let value = |value: serde_json::Value| {
            Some(match value {
                serde_json::Value::Null => Value::Null,
                serde_json::Value::Bool(flag) => Value::Flag(flag),
                serde_json::Value::Number(number) => Value::Number(number.as_f64()?),
                serde_json::Value::String(text) => Value::Text(text),
                _ => return None,
            })
        };
        fields.into_iter().map(|(name, field)| Some((name, value(field)?))).collect()
    }

    fn sorted(mut fields: Vec<(String, Value)>) -> Vec<(String, Value)> {
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        fields
    }

    /// Pieces of which lines are made that are nearly JSON.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{", "}", ",", ":", " ", "\t", "\"", "\"do\"", "\"a\"", "\\", "\\u", "00e4", "d83d", "\\udd0a",
            "0", "1", "-", ".", "5e", "E+", "9", "true", "false", "null", "nul", "[", "]", "é", "🔥",
            "\u{1}", "\\n", "\\/",
        ]);
        // Inside of a text.
        let letter = prop::sample::select(vec![
            "a",
            "é",
            "🔥",
            "\u{1}",
            "\u{1f}",
            "\u{7f}",
            "\t",
            "\\n",
            "\\/",
            "\\\"",
            "\\x",
            "\\u00e4",
            "\\u12",
            "\\ud83d",
            "\\udd0a",
            "\\ud83d\\udd0a",
            "\\uD83D\\u0041",
        ]);
        let text =
            prop::collection::vec(letter, 0..4).prop_map(|letters| format!("\"{}\"", letters.concat()));
        let value =
            prop_oneof![prop::collection::vec(piece.clone(), 1..4).prop_map(|pieces| pieces.concat()), text];
        let object =
            (prop::collection::vec(piece.clone(), 0..4), prop::collection::vec(("[a-c]", value), 0..3))
                .prop_map(|(behind, fields)| {
                    let fields: Vec<_> =
                        fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                    format!("{{{}}}{}", fields.join(","), behind.concat())
                });
        prop_oneof![prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat()), object]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_reads_what_others_read(line in pieces()) {
            let twice = |fields: &[(String, Value)]| fields.len();
            match (read_object(&line), of_another(&line)) {
                (Ok(ours), Some(theirs)) => {
                    prop_assert_eq!(twice(&ours), twice(&theirs));
                    prop_assert_eq!(sorted(ours), sorted(theirs));
                }
                (Ok(ours), None) => prop_assert!(false, "{line:?} is {ours:?} to us alone"),
                // Where a name stands twice others know the last alone.
                (Err(error), Some(theirs)) => prop_assert!(
                    error.ends_with("stands twice") || error.ends_with("a list in it"),
                    "{line:?} is {theirs:?} to others: {error}"
                ),
                (Err(_), None) => {}
            }
        }

        #[test]
        fn any_line_is_read_or_refused(line in any::<String>()) {
            if let Ok(fields) = read_object(&line) {
                prop_assert_eq!(Some(sorted(fields)), of_another(&line).map(sorted));
            }
        }

        #[test]
        fn what_is_quoted_is_read_again(text in any::<String>()) {
            let line = format!("{{{}:1}}", quoted(&text));
            prop_assert_eq!(read_object(&line), Ok(vec![(text.clone(), Value::Number(1.0))]));
            prop_assert!(!quoted(&text).contains('\n'));
            prop_assert_eq!(serde_json::from_str::<String>(&quoted(&text)).ok(), Some(text));
        }
    }

    #[test]
    fn a_request_is_read() {
        let line = r#" { "do" : "pictures", "every":0.5, "all":true ,"none":null,"run":-1.5e1, "é":"\ud83d\udd25\u00e4\t" } "#;
        let told = [
            ("do", Value::Text("pictures".to_owned())),
            ("every", Value::Number(0.5)),
            ("all", Value::Flag(true)),
            ("none", Value::Null),
            ("run", Value::Number(-15.0)),
            ("é", Value::Text("🔥ä\t".to_owned())),
        ];
        assert_eq!(read_object(line), Ok(told.map(|(name, value)| (name.to_owned(), value)).to_vec()));
    }

    #[test]
    fn what_is_no_object_is_told() {
        for (line, told) in [
            ("", "it ends where '{' is wanted"),
            ("[]", "'[' where '{' is wanted"),
            ("{", "it ends where '\"' is wanted"),
            (r#"{"a":1,}"#, "'}' where '\"' is wanted"),
            (r#"{"a":{}}"#, "an object or a list"),
            (r#"{"a":1} x"#, "'x' behind the end"),
            (r#"{"a":1,"a":2}"#, "\"a\" stands twice"),
            (r#"{"a":01}"#, "'1' where '}' is wanted"),
            (r#"{"a":1e999}"#, "too large"),
            (r#"{"a":"\ud800"}"#, "half a character"),
            (r#"{"a":"b"#, "no end"),
            (r#"{"a":yes}"#, "no value begins"),
        ] {
            let error = read_object(line).expect_err(line);
            assert!(error.contains(told), "{line}: {error}");
        }
    }
}
