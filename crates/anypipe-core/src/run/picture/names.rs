//! How a stage's name stands in what is read by others.

use std::fmt::Write as _;

/// What characters stand for themselves in; others are written by `other`.
fn escaped(name: &str, mut other: impl FnMut(&mut String, char) -> bool) -> String {
    let mut written = String::with_capacity(name.len());
    for character in name.chars() {
        if !other(&mut written, character) {
            written.push(character);
        }
    }
    written
}

/// In a string of JSON, without its quotes.
pub(super) fn json(name: &str) -> String {
    escaped(name, |written, character| {
        match character {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            // Some end a line or a script where this is put into one.
            '<' | '\u{2028}' | '\u{2029}' | '\u{0}'..='\u{1f}' | '\u{7f}' => {
                let _ = write!(written, "\\u{:04x}", u32::from(character));
            }
            _ => return false,
        }
        true
    })
}

/// In the text of XML, and in what stands in quotes there. What XML has no way to write becomes a blank.
pub(super) fn xml(name: &str) -> String {
    escaped(name, |written, character| {
        match character {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\'' => written.push_str("&#39;"),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => written.push(' '),
            _ => return false,
        }
        true
    })
}

/// In a quoted label of Graphviz, which knows two escapes.
pub(super) fn dot(name: &str) -> String {
    escaped(name, |written, character| {
        match character {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\u{0}'..='\u{1f}' | '\u{7f}' => written.push(' '),
            _ => return false,
        }
        true
    })
}

/// In a quoted label of Mermaid, which takes entities by number and reads the rest as HTML.
pub(super) fn mermaid(name: &str) -> String {
    escaped(name, |written, character| {
        match character {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | '[' | ']' | '{' | '}' | '(' | ')' | '|' | ';'
            | '%' | '\'' => {
                let _ = write!(written, "#{};", u32::from(character));
            }
            '\u{0}'..='\u{1f}' | '\u{7f}' => written.push(' '),
            _ => return false,
        }
        true
    })
}

/// In a line of text: what would end it is shown as in a program.
pub(super) fn line(name: &str) -> String {
    escaped(name, |written, character| {
        let is_control = character.is_control();
        if is_control {
            written.extend(character.escape_default());
        }
        is_control
    })
}
