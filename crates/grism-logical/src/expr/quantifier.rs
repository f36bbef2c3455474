//! `Quantifier`: for how many elements of a list a predicate must be true.

use serde::{Deserialize, Serialize};

/// For how many elements of a list a predicate must be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Quantifier {
    /// For all.
    All,
    /// For at least one.
    Any,
    /// For none.
    None,
    /// For exactly one.
    Single,
}

impl Quantifier {
    /// The quantifier as Cypher writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Any => "any",
            Self::None => "none",
            Self::Single => "single",
        }
    }
}
