//! What stands between and around the values of CSV text.

/// The two bytes that a CSV text is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Stands between values.
    pub delimiter: u8,
    /// Stands around values that hold delimiters, quotes or ends of lines; twice within them.
    pub quote: u8,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            delimiter: b',',
            quote: b'"',
        }
    }
}
