//! Lance's errors as ours.

use grism_core::{Error, ErrorKind};

/// The kind that fits a Lance error.
pub(super) fn from_lance(error: lance_core::Error) -> Error {
    use lance_core::Error as Lance;
    let kind = match &error {
        Lance::NotFound { .. } | Lance::DatasetNotFound { .. } | Lance::VersionNotFound { .. } => {
            ErrorKind::NotFound
        }
        Lance::CommitConflict { .. }
        | Lance::RetryableCommitConflict { .. }
        | Lance::TooMuchWriteContention { .. } => ErrorKind::Conflict,
        Lance::CorruptFile { .. } | Lance::SchemaMismatch { .. } => ErrorKind::InvalidData,
        Lance::IO { .. } => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    };
    Error::new(kind, format!("storage: {error}")).with_source(error)
}
