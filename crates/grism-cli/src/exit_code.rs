//! How the command ends: a code for each kind of error, so that a script can tell them apart.

use grism::ErrorKind;

/// Everything was done.
pub(crate) const SUCCESS: u8 = 0;

/// A check was done, and found problems.
pub(crate) const FOUND_PROBLEMS: u8 = 1;

/// The exit code of an error. 2 is that of wrong usage, which the parser of arguments gives.
pub(crate) fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::InvalidQuery => 3,
        ErrorKind::InvalidData => 4,
        ErrorKind::NotFound => 5,
        ErrorKind::Conflict => 6,
        ErrorKind::ResourceExhausted => 7,
        ErrorKind::Unavailable => 8,
        ErrorKind::Cancelled => 9,
        ErrorKind::Unsupported => 10,
        ErrorKind::Internal => 70,
    }
}
