//! The optimizer: a list of named rules, each of which keeps the answer.

mod count_expansions;
mod drop_duplicates;
mod drop_implied_uniqueness;
mod estimate_rows;
mod fold_constants;
mod limit_sort;
mod merge_alternatives;
mod merge_projections;
mod propagate_empty;
mod prune_columns;
mod push_filters;
mod rule_change;
mod semi_joins;
mod use_indexes;

use grism_core::{GraphSchema, GraphStatistics, Result};

pub use estimate_rows::{most_different, role_growth};
pub use fold_constants::fold_expression;
pub use rule_change::{RuleChange, optimize_verbosely};

use crate::LogicalPlan;

/// A rewrite that keeps the answer.
pub struct Rule {
    /// The rule's name, as `EXPLAIN VERBOSE` prints it.
    pub name: &'static str,
    /// The rewrite.
    pub apply: fn(LogicalPlan, Facts<'_>) -> Result<LogicalPlan>,
}

/// What is known of the graph that a plan runs over.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The snapshot's schema.
    pub schema: &'a GraphSchema,
    /// The snapshot's counts.
    pub statistics: &'a GraphStatistics,
}

/// The rules, in the order they run.
pub const RULES: &[Rule] = &[
    Rule {
        name: "fold_constants",
        apply: fold_constants::fold_constants,
    },
    Rule {
        name: "propagate_empty",
        apply: propagate_empty::propagate_empty,
    },
    Rule {
        name: "merge_alternatives",
        apply: merge_alternatives::merge_alternatives,
    },
    Rule {
        name: "push_filters",
        apply: push_filters::push_filters,
    },
    Rule {
        name: "merge_projections",
        apply: merge_projections::merge_projections,
    },
    Rule {
        name: "drop_implied_uniqueness",
        apply: drop_implied_uniqueness::drop_implied_uniqueness,
    },
    Rule {
        name: "semi_joins",
        apply: semi_joins::semi_joins,
    },
    Rule {
        name: "limit_sort",
        apply: limit_sort::limit_sort,
    },
    Rule {
        name: "prune_columns",
        apply: prune_columns::prune_columns,
    },
    Rule {
        name: "count_expansions",
        apply: count_expansions::count_expansions,
    },
    Rule {
        name: "drop_duplicates",
        apply: drop_duplicates::drop_duplicates,
    },
    Rule {
        name: "use_indexes",
        apply: use_indexes::use_indexes,
    },
];

/// Runs every rule once.
///
/// # Errors
/// Those of the rules, which are errors of type inference.
pub fn optimize(plan: LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    RULES
        .iter()
        .try_fold(plan, |plan, rule| (rule.apply)(plan, facts))
}

#[cfg(test)]
mod tests;
