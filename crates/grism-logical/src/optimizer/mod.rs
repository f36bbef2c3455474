//! The optimizer: a list of named rules, each of which keeps the answer.

mod compare_keys;
mod count_expansions;
mod drop_duplicates;
mod drop_implied_uniqueness;
mod estimate_rows;
mod fold_constants;
mod follow_lists;
mod group_components;
mod group_entities;
mod limit_sort;
mod meeting;
mod merge_alternatives;
mod merge_projections;
mod narrow_roles;
mod partial_aggregate;
mod propagate_empty;
mod prune_columns;
mod push_fetches;
mod push_filters;
mod recognized;
mod rewrites;
mod rule_change;
mod semi_joins;
mod split_distinct;
mod use_indexes;
mod weigh_patterns;
mod weighted_aggregate;

use grism_core::{GraphSchema, GraphStatistics, Result};

pub use estimate_rows::{most_different, role_growth};
pub use fold_constants::fold_expression;
pub use rewrites::Rewrites;
pub use rule_change::RuleChange;

use crate::LogicalPlan;

/// A rewrite that keeps the answer.
pub struct Rule {
    /// The rule's name, as `EXPLAIN VERBOSE` prints it.
    pub name: &'static str,
    /// The rewrite.
    pub apply: fn(LogicalPlan, Facts<'_>) -> Result<LogicalPlan>,
    /// Whether a plan runs without it.
    pub necessity: Necessity,
}

/// Whether a rule can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Necessity {
    /// Other rules or the physical planner expect what it leaves.
    Required,
    /// A plan is only slower without it.
    Optional,
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
        necessity: Necessity::Required,
    },
    Rule {
        name: "propagate_empty",
        apply: propagate_empty::propagate_empty,
        necessity: Necessity::Required,
    },
    Rule {
        name: "merge_alternatives",
        apply: merge_alternatives::merge_alternatives,
        necessity: Necessity::Required,
    },
    Rule {
        name: "push_filters",
        apply: push_filters::push_filters,
        necessity: Necessity::Required,
    },
    Rule {
        name: "merge_projections",
        apply: merge_projections::merge_projections,
        necessity: Necessity::Required,
    },
    Rule {
        name: "compare_keys",
        apply: compare_keys::compare_keys,
        necessity: Necessity::Optional,
    },
    Rule {
        name: "drop_implied_uniqueness",
        apply: drop_implied_uniqueness::drop_implied_uniqueness,
        necessity: Necessity::Optional,
    },
    Rule {
        name: "semi_joins",
        apply: semi_joins::semi_joins,
        necessity: Necessity::Optional,
    },
    Rule {
        name: "weigh_patterns",
        apply: weigh_patterns::weigh_patterns,
        necessity: Necessity::Optional,
    },
    Rule {
        name: "split_distinct",
        apply: split_distinct::split_distinct,
        necessity: Necessity::Optional,
    },
    Rule {
        name: "group_entities",
        apply: group_entities::group_entities,
        necessity: Necessity::Optional,
    },
    Rule {
        name: "limit_sort",
        apply: limit_sort::limit_sort,
        necessity: Necessity::Optional,
    },
    Rule {
        name: "prune_columns",
        apply: prune_columns::prune_columns,
        necessity: Necessity::Required,
    },
    Rule {
        name: "count_expansions",
        apply: count_expansions::count_expansions,
        necessity: Necessity::Optional,
    },
    Rule {
        name: "drop_duplicates",
        apply: drop_duplicates::drop_duplicates,
        necessity: Necessity::Optional,
    },
    Rule {
        name: "follow_lists",
        apply: follow_lists::follow_lists,
        necessity: Necessity::Optional,
    },
    Rule {
        name: "group_components",
        apply: group_components::group_components,
        necessity: Necessity::Optional,
    },
    Rule {
        name: "push_fetches",
        apply: push_fetches::push_fetches,
        necessity: Necessity::Optional,
    },
    Rule {
        name: "use_indexes",
        apply: use_indexes::use_indexes,
        necessity: Necessity::Optional,
    },
];

/// Runs every rule once.
///
/// # Errors
/// Those of the rules, which are errors of type inference.
pub fn optimize(plan: LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    Rewrites::default().optimize(plan, facts)
}

#[cfg(test)]
mod tests;
