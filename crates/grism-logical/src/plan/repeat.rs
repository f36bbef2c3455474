//! `Repeat`: a pattern that is followed again and again.

use grism_core::{Tables, Type};
use serde::{Deserialize, Serialize};

use super::{ListHop, PathMode, PathSearch, SharedPlan};
use crate::{Column, PlanSchema};

/// A column of one repetition that a [`Repeat`] collects along a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    /// The column of the repeated plan.
    pub column: String,
    /// The column of lists.
    pub into: String,
    /// Whether the column is a list itself, and its elements are collected.
    pub flatten: bool,
}

/// How many relationships a path runs through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepeatLength {
    /// The column.
    pub column: String,
    /// How many of one repetition count.
    pub of_one: u64,
}

/// Follows a pattern from a bound entity again and again, as often as allowed: input columns, then the collected lists,
/// the length (where named), then the entity that the last repetition leads to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeat {
    /// Rows to expand.
    pub input: SharedPlan,
    /// The column of the input that the first repetition starts from.
    pub from: String,
    /// One repetition: from [`LogicalPlan::Argument`](super::LogicalPlan::Argument), which has the columns of the input and `start`.
    pub hop: SharedPlan,
    /// The argument's column of the entity that a repetition starts from.
    pub start: String,
    /// Its type.
    pub start_type: Type,
    /// The repetition's column of the entity that it leads to.
    pub end: String,
    /// The repetition's columns of relationships and incidences, none of which a path takes twice.
    pub used: Vec<String>,
    /// What is collected along a path.
    pub collected: Vec<Collected>,
    /// The pattern as the query writes it, for plans.
    pub label: String,
    /// The fewest repetitions.
    pub least: u64,
    /// The most repetitions; `None` where there is no limit.
    pub most: Option<u64>,
    /// Which paths are found.
    pub search: PathSearch,
    /// What a path may meet twice, of the entities that repetitions lead to.
    #[serde(default)]
    pub mode: PathMode,
    /// Whether the shortest of all chains of repetitions takes no relationship twice, so that a search need not go on
    /// from an entity that it has met already.
    pub prunable: bool,
    /// Where incidence lists alone lead along a repetition: each of them is a way that one may take. `None` where the
    /// plan of a repetition runs.
    #[serde(default)]
    pub lists: Option<Vec<ListHop>>,
    /// The column of the last entity, where the input has it: only paths that end there are found.
    pub target: Option<String>,
    /// The length of a path; `None` where nothing needs it.
    #[serde(default)]
    pub length: Option<RepeatLength>,
    /// The column of the last entity.
    pub to: String,
    /// Its type.
    pub to_type: Type,
    /// Tables the last entity must come from; `None` for any.
    pub restrict: Option<Tables>,
}

impl Repeat {
    /// The columns added to those of the input, given those of a repetition.
    #[must_use]
    pub fn columns(&self, hop: &PlanSchema) -> Vec<Column> {
        let mut columns = Vec::new();
        for collected in &self.collected {
            let item = hop.find(&collected.column);
            let item = item.map_or(Type::Null, |column| column.ty.clone());
            let ty = if collected.flatten { item } else { item.list() };
            columns.push(Column::new(&collected.into, ty));
        }
        let length = self.length.as_ref();
        columns.extend(length.map(|length| Column::new(&length.column, Type::Int64)));
        columns.push(Column::new(&self.to, self.to_type.clone()));
        columns
    }
}
