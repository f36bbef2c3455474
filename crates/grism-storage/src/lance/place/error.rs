//! Lance's errors as ours.

use std::error::Error as _;

use grism_core::{Error, ErrorKind};

/// The kind that fits a Lance error.
pub(in crate::lance) fn from_lance(error: lance_core::Error) -> Error {
    use lance_core::Error as Lance;
    let kind = match &error {
        _ if is_full(&error) => ErrorKind::ResourceExhausted,
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
    let text = error.to_string();
    Error::new(kind, format!("storage: {}", without_place(&text))).with_source(error)
}

/// Whether a disk has no room left.
fn is_full(error: &lance_core::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.source();
    while let Some(own) = cause {
        if let Some(io) = own.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::StorageFull
        {
            return true;
        }
        cause = own.source();
    }
    // Some layers keep the text of an error only.
    error.to_string().contains("(os error 28)")
}

/// The text without the place in Lance's own source, which says nothing to a user.
fn without_place(text: &str) -> &str {
    match text.rsplit_once(", ") {
        Some((message, place)) if place.contains(".rs:") && !place.contains(' ') => message,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_source_is_left_out() {
        let told = "no space left, /home/x/lance-file-14.0.2/src/writer.rs:254:9";
        assert_eq!(without_place(told), "no space left");
        assert_eq!(without_place("a, b"), "a, b");
    }
}
