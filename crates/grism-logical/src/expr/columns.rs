//! The columns that an expression reads and binds.

use std::collections::BTreeSet;

use grism_core::with_stack;

use super::LogicalExpr;

impl LogicalExpr {
    /// The columns the expression reads.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<String> {
        let mut columns = BTreeSet::new();
        self.collect_columns(&mut columns);
        columns
    }

    /// Adds the columns the expression reads to `columns`; a property counts as its entity's column.
    pub fn collect_columns(&self, columns: &mut BTreeSet<String>) {
        match self {
            Self::Column(name) | Self::Property { entity: name, .. } => {
                columns.insert(name.clone());
            }
            other => {
                let mut own = BTreeSet::new();
                for child in other.children() {
                    with_stack(|| child.collect_columns(&mut own));
                }
                // What an expression binds itself is no column of the input; names are unique within a query.
                for bound in other.bound_columns() {
                    own.remove(bound);
                }
                columns.extend(own);
            }
        }
    }

    /// The columns that the expression binds for its own parts.
    #[must_use]
    pub fn bound_columns(&self) -> Vec<&str> {
        match self {
            Self::Transform { variable, .. } | Self::Quantified { variable, .. } => vec![variable],
            Self::Reduce {
                accumulator,
                variable,
                ..
            } => vec![accumulator, variable],
            _ => Vec::new(),
        }
    }
}
