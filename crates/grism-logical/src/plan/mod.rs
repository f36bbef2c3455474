//! The logical plan: what to compute.

mod argument;
mod components;
mod count_intersect;
mod expressions;
mod extension;
mod list_hop;
mod load_rows;
mod nodes;
mod path_expand;
mod repeat;
mod schema;
mod shared_plan;
mod table_call;
mod weighted_count;
mod write;
mod write_text;

use grism_core::{Result, Type, with_stack};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub use components::Components;
pub use count_intersect::{CountIntersect, CountedStep};
pub use extension::{Extension, LogicalExtension};
pub use list_hop::{ListHop, ListStep};
pub use load_rows::{CsvRecord, LoadRows, RowForm};
pub use nodes::{
    Aggregate, Apply, ApplyKind, CountExpand, CountedHop, Direction, EdgeExpand, Fetch,
    HyperedgeScan, IndexLookup, Join, JoinKind, NodeScan, PropertyRef, RoleBinding, RoleExpand,
    RoleSource, SortKey,
};
pub use path_expand::{PathExpand, PathMode, PathSearch};
pub use repeat::{Collected, Repeat, RepeatLength};
pub use shared_plan::SharedPlan;
pub use table_call::TableCall;
pub use weighted_count::{
    PinnedArrival, PinnedPattern, PinnedPlace, SelfLoops, WeightedBranch, WeightedCount,
    WeightedHop, WeightedPlace, WeightedRoot, WeightedShape, WeightedStep, WeightedTerm,
};
pub use write::{
    Created, CreatedEdge, CreatedEntity, CreatedIncidence, DeleteMode, LabelChange, MergeWrite,
    PropertiesMode, SetItem, Write, WriteKind,
};

use argument::argument_columns;

use crate::{Column, LogicalExpr, NamedExpr, PlanSchema, Rows};

/// A logical plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LogicalPlan {
    /// One row without columns.
    Unit,
    /// No rows of this schema.
    Empty(PlanSchema),
    /// The rows of the enclosing [`Apply`].
    Argument(PlanSchema),
    /// Rows that are known already.
    Rows {
        /// Their columns.
        schema: PlanSchema,
        /// The rows.
        rows: Rows,
    },
    /// See [`NodeScan`].
    NodeScan(NodeScan),
    /// See [`HyperedgeScan`].
    HyperedgeScan(HyperedgeScan),
    /// See [`IndexLookup`].
    IndexLookup(IndexLookup),
    /// See [`LoadRows`].
    LoadRows(LoadRows),
    /// See [`TableCall`].
    TableCall(TableCall),
    /// See [`EdgeExpand`].
    EdgeExpand(EdgeExpand),
    /// See [`RoleExpand`].
    RoleExpand(RoleExpand),
    /// See [`Components`].
    Components(Components),
    /// See [`CountExpand`].
    CountExpand(CountExpand),
    /// See [`WeightedCount`].
    WeightedCount(WeightedCount),
    /// See [`CountIntersect`].
    CountIntersect(CountIntersect),
    /// See [`PathExpand`].
    PathExpand(PathExpand),
    /// See [`Repeat`].
    Repeat(Repeat),
    /// The same rows, with the contents of every node and hyperedge within some dynamically typed columns.
    Hydrate {
        /// Rows with the columns.
        input: SharedPlan,
        /// The columns.
        columns: Vec<String>,
        /// How deep: 1 reads the entities themselves, each further level the members of hyperedges read before.
        depth: u8,
    },
    /// See [`Fetch`].
    Fetch(Fetch),
    /// The rows for which the predicate is true.
    Filter {
        /// Rows to filter.
        input: SharedPlan,
        /// A boolean.
        predicate: LogicalExpr,
    },
    /// Exactly these columns.
    Project {
        /// Rows to project.
        input: SharedPlan,
        /// The columns of the output.
        expressions: Vec<NamedExpr>,
    },
    /// See [`Aggregate`].
    Aggregate(Aggregate),
    /// Each different row once.
    Distinct {
        /// Rows, perhaps repeated.
        input: SharedPlan,
    },
    /// The rows in order, and only the first of them where `fetch` is given.
    Sort {
        /// Rows to order.
        input: SharedPlan,
        /// Keys, the first one first.
        keys: Vec<SortKey>,
        /// How many rows are needed.
        fetch: Option<usize>,
    },
    /// The rows after the first `skip`, at most `fetch` of them.
    Limit {
        /// Rows to cut.
        input: SharedPlan,
        /// Rows left out.
        skip: usize,
        /// Rows kept; `None` keeps all.
        fetch: Option<usize>,
    },
    /// The rows of all inputs, which have the same columns.
    Union {
        /// At least one input.
        inputs: Vec<SharedPlan>,
    },
    /// A row for each element of a list; none for null and for the empty list.
    Unwind {
        /// Rows with the list.
        input: SharedPlan,
        /// The list.
        expression: LogicalExpr,
        /// The element's column.
        variable: String,
    },
    /// See [`Apply`].
    Apply(Apply),
    /// See [`Join`].
    Join(Join),
    /// See [`Extension`].
    Extension(Extension),
    /// See [`Write`].
    Write(Write),
}

/// The inputs of a plan, as `$iter` says, in a vector.
macro_rules! inputs_of {
    ($plan:expr, $iter:ident) => {
        match $plan {
            LogicalPlan::Unit
            | LogicalPlan::Empty(_)
            | LogicalPlan::Argument(_)
            | LogicalPlan::Rows { .. }
            | LogicalPlan::NodeScan(_)
            | LogicalPlan::HyperedgeScan(_) => Vec::new(),
            LogicalPlan::EdgeExpand(EdgeExpand { input, .. })
            | LogicalPlan::IndexLookup(IndexLookup { input, .. })
            | LogicalPlan::LoadRows(LoadRows { input, .. })
            | LogicalPlan::TableCall(TableCall { input, .. })
            | LogicalPlan::RoleExpand(RoleExpand { input, .. })
            | LogicalPlan::Components(Components { input, .. })
            | LogicalPlan::CountExpand(CountExpand { input, .. })
            | LogicalPlan::CountIntersect(CountIntersect { input, .. })
            | LogicalPlan::PathExpand(PathExpand { input, .. })
            | LogicalPlan::Repeat(Repeat { input, .. })
            | LogicalPlan::Hydrate { input, .. }
            | LogicalPlan::Fetch(Fetch { input, .. })
            | LogicalPlan::Filter { input, .. }
            | LogicalPlan::Project { input, .. }
            | LogicalPlan::Aggregate(Aggregate { input, .. })
            | LogicalPlan::Distinct { input }
            | LogicalPlan::Sort { input, .. }
            | LogicalPlan::Limit { input, .. }
            | LogicalPlan::Unwind { input, .. }
            | LogicalPlan::Write(Write { input, .. })
            | LogicalPlan::Apply(Apply { input, .. }) => vec![input],
            LogicalPlan::Union { inputs }
            | LogicalPlan::WeightedCount(WeightedCount { inputs, .. })
            | LogicalPlan::Extension(Extension { inputs, .. }) => inputs.$iter().collect(),
            LogicalPlan::Join(Join { left, right, .. }) => vec![left, right],
        }
    };
}

impl LogicalPlan {
    /// The plan that runs within this node, from rows of its own: of an [`Apply`] or a [`Repeat`].
    #[must_use]
    pub fn subplan(&self) -> Option<&SharedPlan> {
        match self {
            Self::Apply(apply) => Some(&apply.subplan),
            Self::Repeat(repeat) => Some(&repeat.hop),
            _ => None,
        }
    }

    /// The columns that the plan reads of the [`LogicalPlan::Argument`] it starts from; perhaps some more, of its own.
    #[must_use]
    pub fn argument_columns(&self) -> BTreeSet<String> {
        let mut columns = BTreeSet::new();
        argument_columns(self, &mut columns);
        columns
    }

    /// The inputs, without the [`LogicalPlan::subplan`].
    #[must_use]
    pub fn inputs(&self) -> Vec<&SharedPlan> {
        inputs_of!(self, iter)
    }

    /// The same node with each input, and then the [`LogicalPlan::subplan`], rewritten.
    ///
    /// # Errors
    /// Those of `rewrite`.
    pub fn try_map_inputs(&self, rewrite: &mut impl FnMut(&Self) -> Result<Self>) -> Result<Self> {
        let mut plan = self.clone();
        let mut visit = |input: &mut SharedPlan| -> Result<()> {
            *input = SharedPlan::new(with_stack(|| rewrite(input))?);
            Ok(())
        };
        inputs_of!(&mut plan, iter_mut)
            .into_iter()
            .try_for_each(&mut visit)?;
        match &mut plan {
            Self::Apply(apply) => visit(&mut apply.subplan)?,
            Self::Repeat(repeat) => visit(&mut repeat.hop)?,
            _ => {}
        }
        Ok(plan)
    }

    /// The same node with each input rewritten, but not the subplan.
    ///
    /// # Errors
    /// Those of `rewrite`.
    pub fn try_map_outer(&self, rewrite: &mut impl FnMut(&Self) -> Result<Self>) -> Result<Self> {
        let mut inputs = self.inputs().len();
        self.try_map_inputs(&mut |input| {
            if inputs == 0 {
                return Ok(input.clone());
            }
            inputs -= 1;
            rewrite(input)
        })
    }

    /// The plan over known rows: they take the place of the argument that it starts from.
    ///
    /// # Errors
    /// None of its own.
    pub fn with_rows(&self, leaf: &Self) -> Result<Self> {
        match self {
            Self::Argument(_) => Ok(leaf.clone()),
            // The argument of a subplan is the apply's own outer side.
            other => other.try_map_outer(&mut |input| input.with_rows(leaf)),
        }
    }

    /// Plans of the same columns, each with the types that hold the values of all of them.
    ///
    /// # Errors
    /// Those of [`LogicalPlan::schema`].
    pub fn same_types(plans: Vec<SharedPlan>) -> Result<Vec<SharedPlan>> {
        let schemas = plans
            .iter()
            .map(SharedPlan::schema)
            .collect::<Result<Vec<_>>>()?;
        let unified = |own: &Column| {
            let same = schemas.iter().filter_map(|schema| schema.find(&own.name));
            same.fold(own.ty.clone(), |all, other| all.unify(&other.ty))
        };
        let types: Vec<Vec<Type>> = schemas
            .iter()
            .map(|schema| schema.columns.iter().map(unified).collect())
            .collect();
        let convert = |(plan, types): (SharedPlan, Vec<Type>)| {
            let schema = plan.schema()?;
            let columns = || schema.columns.iter().zip(&types);
            if columns().all(|(own, ty)| &own.ty == ty) {
                return Ok(plan);
            }
            let expressions = columns()
                .map(|(own, ty)| {
                    let column = LogicalExpr::column(&own.name).convert(&own.ty, ty);
                    column.named(&own.name)
                })
                .collect();
            Ok(SharedPlan::new(Self::Project {
                input: plan,
                expressions,
            }))
        };
        plans.into_iter().zip(types).map(convert).collect()
    }

    /// `self` filtered by the conjunction of `conjuncts`; `self` where there are none.
    #[must_use]
    pub fn filtered(self, conjuncts: Vec<LogicalExpr>) -> Self {
        if conjuncts.is_empty() {
            return self;
        }
        Self::Filter {
            input: SharedPlan::new(self),
            predicate: LogicalExpr::all(conjuncts),
        }
    }

    /// `self` cut down to `names`; `self` where it has exactly those columns.
    ///
    /// # Errors
    /// Those of [`LogicalPlan::schema`].
    pub fn keep_columns(self, names: &[String]) -> Result<Self> {
        if self.schema()?.names().eq(names.iter().map(String::as_str)) {
            return Ok(self);
        }
        Ok(Self::Project {
            input: SharedPlan::new(self),
            expressions: names.iter().map(NamedExpr::column).collect(),
        })
    }
}
