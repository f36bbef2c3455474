//! What the command tells beside its results.

use std::fmt::Display;
use std::io::Write as _;

/// Writes a line to standard error. Where that is closed, nobody is there to be told.
pub(crate) fn tell(message: impl Display) {
    let _ = writeln!(std::io::stderr(), "{message}");
}
