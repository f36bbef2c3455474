//! Errors out of DataFusion, which keep their kind.

use std::sync::Arc;

use datafusion_common::DataFusionError;
use grism_core::{Error, ErrorKind};

/// Our error within a DataFusion error, or the kind that fits best.
pub(crate) fn from_datafusion(error: DataFusionError) -> Error {
    let mut current: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = current {
        if let Some(own) = inner.downcast_ref::<Error>() {
            return own.clone();
        }
        current = match inner.downcast_ref::<Arc<DataFusionError>>() {
            Some(shared) => Some(&**shared),
            None => inner.source(),
        };
    }
    match error.find_root() {
        DataFusionError::ResourcesExhausted(message) => {
            Error::new(ErrorKind::ResourceExhausted, message.clone())
        }
        DataFusionError::Execution(message) => Error::invalid_data(message.clone()),
        DataFusionError::ArrowError(error, _)
            if matches!(**error, arrow::error::ArrowError::OffsetOverflowError(_)) =>
        {
            Error::new(ErrorKind::ResourceExhausted, error.to_string())
        }
        DataFusionError::IoError(io) => {
            Error::unavailable(format!("{io}; operators spill to TMPDIR"))
        }
        other => Error::internal(other.to_string()),
    }
}
