//! `OrderedBy`: a column by which rows are in order.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A column by which rows are in order: nulls come last, or first where it is descending.
///
/// Where a plan is made of expressions, its counterpart is [`grism_logical::SortKey`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderedBy {
    /// The column.
    pub column: String,
    /// From the greatest to the least.
    pub descending: bool,
}

impl OrderedBy {
    /// From the least to the greatest.
    #[must_use]
    pub fn ascending(column: impl Into<String>) -> Self {
        Self {
            column: column.into(),
            descending: false,
        }
    }
}

impl fmt::Display for OrderedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.column)?;
        match self.descending {
            true => f.write_str(" DESC"),
            false => Ok(()),
        }
    }
}

/// Several of them, the first one first, as plans show them.
pub(crate) fn comma_separated(keys: &[OrderedBy]) -> String {
    let keys = keys.iter().map(ToString::to_string);
    keys.collect::<Vec<_>>().join(", ")
}
