//! The operators, one file each.

mod adjacency_expand;
mod apply;
mod argument;
mod count_expand;
mod counted_rows;
mod cross_join;
mod empty;
mod expansion;
mod fetch;
mod filter;
mod flatten;
mod group_key;
mod hash_aggregate;
mod hash_join;
mod hydrate;
mod hyperedge_scan;
mod index_lookup;
mod key_numbers;
mod limit;
mod load_rows;
mod marks;
mod node_scan;
mod parallel;
mod parts;
mod path_expand;
mod path_search;
mod project;
mod rename;
mod repeat;
mod role_expand;
mod rows;
mod scan;
mod segment_groups;
mod share;
mod sort;
mod stage_input;
mod star;
mod table_call;
mod union;
mod unit;
mod unwind;

pub use adjacency_expand::AdjacencyExpandExec;
pub use apply::ApplyExec;
pub use argument::ArgumentExec;
pub use count_expand::CountExpandExec;
pub use cross_join::CrossJoinExec;
pub use empty::EmptyExec;
pub use fetch::FetchExec;
pub use filter::FilterExec;
pub use flatten::FlattenExec;
pub use group_key::GroupKey;
pub use hash_aggregate::{AggregateColumn, AggregatePhase, HashAggregateExec};
pub use hash_join::HashJoinExec;
pub use hydrate::{HydrateExec, hydrate};
pub use hyperedge_scan::HyperedgeScanExec;
pub use index_lookup::IndexLookupExec;
pub use limit::LimitExec;
pub use load_rows::LoadRowsExec;
pub use node_scan::NodeScanExec;
pub use parallel::ParallelExec;
pub use path_expand::PathExpandExec;
pub use project::ProjectExec;
pub(crate) use project::reads_one_shared;
pub use rename::RenameExec;
pub use repeat::RepeatExec;
pub use role_expand::RoleExpandExec;
pub use rows::RowsExec;
pub use share::ShareExec;
pub use sort::SortExec;
pub use stage_input::StageInputExec;
pub use table_call::TableCallExec;
pub use union::UnionExec;
pub use unit::UnitExec;
pub use unwind::UnwindExec;

use std::sync::Arc;

use grism_core::{Error, Result};

use crate::PhysicalOperator;

/// The only child of an operator that has one.
fn only_child(children: Vec<Arc<dyn PhysicalOperator>>) -> Result<Arc<dyn PhysicalOperator>> {
    let [child] = <[_; 1]>::try_from(children).map_err(|children| {
        Error::internal(format!("one child expected, not {}", children.len()))
    })?;
    Ok(child)
}

/// Checks that a leaf is given no children.
fn no_child(children: &[Arc<dyn PhysicalOperator>]) -> Result<()> {
    if children.is_empty() {
        Ok(())
    } else {
        Err(Error::internal("a leaf was given children"))
    }
}

/// A name as plans show it: internal names are left out.
fn shown(name: &str) -> &str {
    if name.starts_with('#') { "" } else { name }
}

/// `variable:label`, with either part left out where it says nothing.
fn named(variable: &str, label: &str) -> String {
    let variable = shown(variable);
    if label.is_empty() {
        variable.to_owned()
    } else {
        format!("{variable}:{label}")
    }
}

fn comma_separated(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(", ")
}
