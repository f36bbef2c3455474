//! The optimizer: a list of named rules, each of which keeps the answer.

mod fold_constants;
mod limit_sort;
mod prune_columns;
mod push_filters;

use grism_core::{GraphSchema, Result};

pub use fold_constants::fold_expression;

use crate::LogicalPlan;

/// A rewrite that keeps the answer.
pub struct Rule {
    /// The rule's name, as `EXPLAIN VERBOSE` prints it.
    pub name: &'static str,
    /// The rewrite.
    pub apply: fn(LogicalPlan, &GraphSchema) -> Result<LogicalPlan>,
}

/// The rules, in the order they run.
pub const RULES: &[Rule] = &[
    Rule {
        name: "fold_constants",
        apply: fold_constants::fold_constants,
    },
    Rule {
        name: "push_filters",
        apply: push_filters::push_filters,
    },
    Rule {
        name: "limit_sort",
        apply: limit_sort::limit_sort,
    },
    Rule {
        name: "prune_columns",
        apply: prune_columns::prune_columns,
    },
];

/// Runs every rule once.
///
/// # Errors
/// Those of the rules, which are errors of type inference.
pub fn optimize(plan: LogicalPlan, schema: &GraphSchema) -> Result<LogicalPlan> {
    RULES
        .iter()
        .try_fold(plan, |plan, rule| (rule.apply)(plan, schema))
}
