//! Bytes that come in pieces, cut into lines.

/// The longest line, in bytes, its end not counted.
pub(crate) const LONGEST: usize = 64 * 1024;

/// What has come of the line that is not whole yet.
#[derive(Default)]
pub(crate) struct Lines {
    begun: Vec<u8>,
    /// True for the rest of a line that was too long.
    skips: bool,
}

/// What one line is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Text(String),
    /// Told once, as soon as it is known.
    TooLong,
    NoText,
}

impl Lines {
    /// Takes bytes, and gives each line that they end to `with`, until that gives `false`.
    pub(crate) fn take(&mut self, bytes: &[u8], mut with: impl FnMut(Line) -> bool) -> bool {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let goes_on = self.add(&rest[..end], &mut with) && self.end(&mut with);
            if !goes_on {
                return false;
            }
            rest = &rest[end + 1..];
        }
        self.add(rest, &mut with)
    }

    /// The last line needs no end.
    pub(crate) fn finish(&mut self, mut with: impl FnMut(Line) -> bool) -> bool {
        self.end(&mut with)
    }

    fn add(&mut self, bytes: &[u8], with: &mut impl FnMut(Line) -> bool) -> bool {
        if self.skips {
            return true;
        }
        if self.begun.len() + bytes.len() > LONGEST {
            self.begun = Vec::new();
            self.skips = true;
            return with(Line::TooLong);
        }
        self.begun.extend_from_slice(bytes);
        true
    }

    fn end(&mut self, with: &mut impl FnMut(Line) -> bool) -> bool {
        let line = std::mem::take(&mut self.begun);
        if std::mem::take(&mut self.skips) || line.trim_ascii().is_empty() {
            return true;
        }
        with(String::from_utf8(line).map_or(Line::NoText, Line::Text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LONGEST, Line, Lines};

    fn cut(pieces: &[&[u8]]) -> Vec<Line> {
        let (mut lines, mut cut) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.take(piece, |line| {
                cut.push(line);
                true
            });
        }
        lines.finish(|line| {
            cut.push(line);
            true
        });
        cut
    }

    fn text(text: &str) -> Line {
        Line::Text(text.to_owned())
    }

    #[test]
    fn lines_come_in_pieces() {
        assert_eq!(cut(&[b"a\nb", b"c\n\n \r\n", b"d"]), [text("a"), text("bc"), text("d")]);
        assert_eq!(cut(&[b"\xff\nb\n"]), [Line::NoText, text("b")]);
    }

    #[test]
    fn a_line_that_is_too_long_is_told_once_and_left_out() {
        let most = vec![b'a'; LONGEST];
        assert_eq!(cut(&[&most, b"\nb\n"]), [text(&"a".repeat(LONGEST)), text("b")]);
        assert_eq!(cut(&[&most, b"a", &most, b"\nb\n"]), [Line::TooLong, text("b")]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn where_the_pieces_are_cut_changes_nothing(bytes in "[ab\n]{0,40}", cuts in prop::collection::vec(0..40_usize, 0..6)) {
            let bytes = bytes.as_bytes();
            let mut cuts: Vec<_> = cuts.into_iter().map(|at| at.min(bytes.len())).collect();
            cuts.sort_unstable();
            let ends = cuts.iter().copied().chain([bytes.len()]);
            let pieces: Vec<_> =
                ends.scan(0, |from, to| { let piece = &bytes[*from..to]; *from = to; Some(piece) }).collect();
            prop_assert_eq!(cut(&pieces), cut(&[bytes]));
        }
    }
}
