//! `GroupKey`: a column that rows are grouped by.

use serde::{Deserialize, Serialize};

/// A column that rows are grouped by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupKey {
    /// The column.
    pub name: String,
    /// How plans show it.
    pub text: String,
    /// For a key that rows share: the column beside it that holds what it is the key of, shared as well. Of the values of a
    /// group, which are equal and may yet differ, the least comes out. `None` for a plain column.
    pub value: Option<String>,
}
