//! What is worth telling about a query that runs all the same.

use std::fmt;

use grism_core::Location;

/// A warning: the query runs, but probably does not do what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What is odd.
    pub message: String,
    /// Where.
    pub location: Option<Location>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(place) = &self.location {
            write!(f, " (line {}, column {})", place.line, place.column)?;
        }
        Ok(())
    }
}
