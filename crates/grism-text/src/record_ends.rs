//! Where the records of a text end, found while the text grows.

use memchr::memrchr;

use crate::csv::Dialect;

/// Looks for the end of the last whole record of a text to which bytes are added.
#[derive(Debug)]
pub struct RecordEnds {
    rules: Rules,
    /// Bytes that were looked at.
    seen: usize,
    /// Behind the last whole record.
    end: Option<usize>,
}

/// How records end.
#[derive(Debug)]
enum Rules {
    /// With every end of line.
    Lines,
    /// With an end of line outside quotes.
    Csv(Dialect, CsvState),
    /// With the value, which may have many lines.
    Values(ValueState),
}

/// Where in a CSV record the text is cut.
#[derive(Clone, Copy, Debug, Default)]
struct CsvState {
    /// Within quotes.
    is_open: bool,
    /// Behind a value, so that a quote has no meaning.
    is_within: bool,
    /// Behind a quote that closes a value, or is the first of two.
    has_closed: bool,
}

/// Where in a JSON value the text is cut.
#[derive(Clone, Copy, Debug, Default)]
struct ValueState {
    depth: usize,
    in_text: bool,
    is_escaped: bool,
}

impl RecordEnds {
    /// For records of one line each.
    #[must_use]
    pub fn lines() -> Self {
        Self::new(Rules::Lines)
    }

    /// For CSV records.
    #[must_use]
    pub fn csv(dialect: Dialect) -> Self {
        Self::new(Rules::Csv(dialect, CsvState::default()))
    }

    /// For objects and arrays of any number of lines each.
    #[must_use]
    pub fn values() -> Self {
        Self::new(Rules::Values(ValueState::default()))
    }

    fn new(rules: Rules) -> Self {
        Self {
            rules,
            seen: 0,
            end: None,
        }
    }

    /// Begins with a text that starts behind the last whole record.
    pub fn restart(&mut self) {
        (self.seen, self.end) = (0, None);
        match &mut self.rules {
            Rules::Lines => {}
            Rules::Csv(_, state) => *state = CsvState::default(),
            Rules::Values(state) => *state = ValueState::default(),
        }
    }

    /// Looks at the bytes that were added to the text.
    pub fn look(&mut self, text: &[u8]) {
        let first = self.seen;
        let added = &text[first..];
        match &mut self.rules {
            Rules::Lines => {
                if let Some(found) = memrchr(b'\n', added) {
                    self.end = Some(first + found + 1);
                }
            }
            Rules::Csv(dialect, state) => {
                for (at, byte) in (first..).zip(added) {
                    if *byte == dialect.quote {
                        let opens = !state.is_open && (!state.is_within || state.has_closed);
                        state.has_closed = state.is_open;
                        state.is_open = opens;
                        state.is_within = true;
                    } else if !state.is_open {
                        state.is_within =
                            *byte != dialect.delimiter && !matches!(byte, b'\n' | b'\r');
                        state.has_closed = false;
                        if *byte == b'\n' {
                            self.end = Some(at + 1);
                        }
                    }
                }
            }
            Rules::Values(state) => {
                for (at, byte) in (first..).zip(added) {
                    match byte {
                        _ if state.is_escaped => state.is_escaped = false,
                        b'\\' if state.in_text => state.is_escaped = true,
                        b'"' => state.in_text = !state.in_text,
                        _ if state.in_text => {}
                        b'{' | b'[' => state.depth += 1,
                        b'}' | b']' => {
                            state.depth = state.depth.saturating_sub(1);
                            if state.depth == 0 {
                                self.end = Some(at + 1);
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        self.seen = text.len();
    }

    /// Behind the first whole record of a text that was not looked at.
    pub fn first(&mut self, text: &[u8]) -> Option<usize> {
        (0..text.len()).find_map(|at| {
            self.look(&text[..=at]);
            self.end
        })
    }

    /// Behind the last whole record, where there is one.
    #[must_use]
    pub fn end(&self) -> Option<usize> {
        self.end
    }

    /// What is open at the end of the text and should be closed.
    #[must_use]
    pub fn open(&self) -> Option<&'static str> {
        match &self.rules {
            Rules::Csv(_, state) if state.is_open => Some("a quote is opened and not closed"),
            Rules::Values(state) if state.in_text => Some("a text is opened and not closed"),
            Rules::Values(state) if state.depth > 0 => {
                Some("an object or an array is opened and not closed")
            }
            _ => None,
        }
    }
}
