//! How the command ends: a code for each kind of error, so that a script can tell them apart.

use grism::ErrorKind;

/// The exit code of an error. 1 is that of a check that found problems, 2 that of wrong usage.
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
