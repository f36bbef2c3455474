//! `OnConflict`: what becomes of a row whose key is taken.

use grism_core::{Error, Result, nearest};

/// What becomes of a row whose key an entity has already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// The row is wrong: the load fails, or the row is rejected.
    #[default]
    Error,
    /// The entity stays as it is. Of several rows with one key the first one counts.
    Skip,
    /// The entity gets the values of the row. Of several rows with one key the last one that has a value counts.
    Update,
}

impl OnConflict {
    const NAMES: [&str; 3] = ["error", "skip", "update"];

    /// The one called `name`, in any case.
    ///
    /// # Errors
    /// `InvalidQuery` for another name, with the nearest one.
    pub fn from_name(name: &str) -> Result<Self> {
        match name.to_ascii_lowercase().as_str() {
            "error" => Ok(Self::Error),
            "skip" => Ok(Self::Skip),
            "update" => Ok(Self::Update),
            other => {
                let hint = nearest(other, Self::NAMES)
                    .map(|near| format!("; did you mean {near}?"))
                    .unwrap_or_default();
                Err(Error::invalid_query(format!(
                    "a conflict of keys is an error, or ends in skip or update, not in `{name}`{hint}"
                )))
            }
        }
    }
}
