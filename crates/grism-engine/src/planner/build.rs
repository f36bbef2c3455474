//! Physical operators, one for each logical one.

use std::sync::Arc;

use grism_core::{Error, Result, Type, with_stack};
use grism_logical::{
    Aggregate, Apply, ApplyKind, Column, Extension, Internal, Join, JoinKind, LogicalPlan,
    NamedExpr, PlanSchema, Repeat, SharedPlan, WeightedCount, Write,
};

use super::columns::{with_columns, with_keys, without_internal};
use super::subplan::{mixes_rows, share_argument};
use crate::extension::extension_operator;
use crate::operators::{
    AdjacencyExpandExec, ApplyExec, ArgumentExec, ComponentsExec, CountExpandExec,
    CountIntersectExec, CrossJoinExec, EmptyExec, FetchExec, FilterExec, FlattenExec, HashJoinExec,
    HydrateExec, HyperedgeScanExec, IndexLookupExec, LimitExec, LoadRowsExec, NodeScanExec,
    PathExpandExec, ProjectExec, RepeatExec, RoleExpandExec, RowsExec, ShareExec, TableCallExec,
    UnionExec, UnitExec, UnwindExec, WeightedCountExec,
};
use crate::{BinaryExec, Leaf, PhysicalOperator, PhysicalSchema, UnaryExec};

/// The operators of `plan`, in one phase and on one thread.
///
/// # Errors
/// As [`PhysicalPlanner::plan`](crate::PhysicalPlanner::plan).
pub fn build_operators(plan: &LogicalPlan) -> Result<Arc<dyn PhysicalOperator>> {
    let root = Builder {
        leaves: 0,
        applies: 0,
        within: false,
        row: None,
    }
    .build(plan)?;
    FlattenExec::over(root)
}

pub(super) struct Builder {
    /// Leaves numbered so far.
    leaves: u32,
    /// Applies numbered so far.
    applies: usize,
    /// Whether this is a subplan.
    within: bool,
    /// Within a subplan that runs for many outer rows at once: the column of their numbers, which every operator hands
    /// through.
    row: Option<String>,
}

impl Builder {
    /// The number of a partitioned leaf; `None` within a subplan, whose scans read everything.
    fn leaf(&mut self) -> Option<u32> {
        if self.within {
            return None;
        }
        self.leaves += 1;
        Some(self.leaves - 1)
    }

    pub(super) fn build(&mut self, plan: &LogicalPlan) -> Result<Arc<dyn PhysicalOperator>> {
        with_stack(|| self.build_node(plan))
    }

    fn build_node(&mut self, plan: &LogicalPlan) -> Result<Arc<dyn PhysicalOperator>> {
        Ok(match plan {
            LogicalPlan::Unit => self.unit()?,
            LogicalPlan::Empty(schema) => {
                EmptyExec::new(self.with_row(PhysicalSchema::from(schema.clone()))).into_operator()
            }
            LogicalPlan::Argument(schema) => {
                ArgumentExec::new(self.with_row(PhysicalSchema::from(schema.clone())))
                    .into_operator()
            }
            LogicalPlan::Rows { schema, rows } => RowsExec::new(
                self.leaf(),
                rows.clone(),
                PhysicalSchema::from(schema.clone()),
            )
            .into_operator(),
            LogicalPlan::NodeScan(scan) => {
                NodeScanExec::new(scan.clone(), self.leaf()).into_operator()
            }
            LogicalPlan::HyperedgeScan(scan) => {
                HyperedgeScanExec::new(scan.clone(), self.leaf()).into_operator()
            }
            LogicalPlan::EdgeExpand(expand) => {
                let input = self.build_shared(&expand.input)?;
                UnaryExec::over(input, AdjacencyExpandExec::new(expand))?
            }
            LogicalPlan::Components(components) => {
                let found = ComponentsExec::new(components);
                UnaryExec::over(self.build(&components.input)?, found)?
            }
            LogicalPlan::CountExpand(expand) => {
                UnaryExec::over(self.build(&expand.input)?, CountExpandExec::new(expand))?
            }
            LogicalPlan::WeightedCount(count) => self.weighted_count(count)?,
            LogicalPlan::CountIntersect(count) => {
                UnaryExec::over(self.build(&count.input)?, CountIntersectExec::new(count))?
            }
            LogicalPlan::RoleExpand(expand) => {
                let input = self.build_shared(&expand.input)?;
                UnaryExec::over(input, RoleExpandExec::new(expand))?
            }
            LogicalPlan::PathExpand(expand) => {
                let input = self.build_shared(&expand.input)?;
                UnaryExec::over(input, PathExpandExec::new(expand))?
            }
            LogicalPlan::Repeat(repeat) => self.repeat(repeat)?,
            LogicalPlan::Hydrate {
                input,
                columns,
                depth,
            } => UnaryExec::over(
                self.build(input)?,
                HydrateExec::new(columns.clone(), *depth),
            )?,
            LogicalPlan::Fetch(fetch) => {
                let fetched = FetchExec::new(fetch.entity.clone(), fetch.properties.clone());
                UnaryExec::over(self.build(&fetch.input)?, fetched)?
            }
            LogicalPlan::Filter { input, predicate } => {
                UnaryExec::over(self.build(input)?, FilterExec::new(predicate.clone()))?
            }
            LogicalPlan::Project { input, expressions } => self.project(input, expressions)?,
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate)?,
            LogicalPlan::Distinct { input } => self.distinct(input)?,
            LogicalPlan::Sort { input, keys, fetch } => self.sort(input, keys, *fetch)?,
            LogicalPlan::Limit { input, skip, fetch } => {
                UnaryExec::over(self.build(input)?, LimitExec::new(*skip, *fetch))?
            }
            LogicalPlan::Union { inputs } => self.union(inputs, plan.schema()?)?,
            LogicalPlan::IndexLookup(lookup) => {
                let input = self.build_shared(&lookup.input)?;
                UnaryExec::over(input, IndexLookupExec::new(lookup))?
            }
            LogicalPlan::Extension(extension) => self.extension(extension)?,
            LogicalPlan::TableCall(call) => {
                UnaryExec::over(self.build_shared(&call.input)?, TableCallExec::new(call))?
            }
            LogicalPlan::Write(write) => return Err(runs_by_clauses(write)),
            LogicalPlan::LoadRows(load) => {
                let input = self.build_shared(&load.input)?;
                UnaryExec::over(input, LoadRowsExec::try_new(load)?)?
            }
            LogicalPlan::Unwind {
                input,
                expression,
                variable,
            } => {
                let unwound = UnwindExec::new(expression.clone(), variable.clone());
                UnaryExec::over(self.build_shared(input)?, unwound)?
            }
            LogicalPlan::Apply(apply) => self.apply(apply)?,
            LogicalPlan::Join(join) => self.join(join, &plan.schema()?)?,
        })
    }

    fn unit(&mut self) -> Result<Arc<dyn PhysicalOperator>> {
        match self.leaf() {
            Some(leaf) => Ok(UnitExec::new(leaf).into_operator()),
            // A subplan that runs for one outer row starts from that row.
            None if self.row.is_none() => {
                let nothing = PhysicalSchema::from(PlanSchema::default());
                Ok(ArgumentExec::new(nothing).into_operator())
            }
            None => Err(Error::internal(
                "a subplan that does not start from its argument",
            )),
        }
    }

    fn weighted_count(&mut self, count: &WeightedCount) -> Result<Arc<dyn PhysicalOperator>> {
        let inputs = count.inputs.iter().map(|input| self.build(input));
        let inputs = inputs.collect::<Result<Vec<_>>>()?;
        let leaf = match inputs.is_empty() {
            true => self.leaf(),
            false => None,
        };
        Ok(Arc::new(WeightedCountExec::new(inputs, leaf, count)))
    }

    fn repeat(&mut self, repeat: &Repeat) -> Result<Arc<dyn PhysicalOperator>> {
        let input = self.build_shared(&repeat.input)?;
        let hop = share_argument(&repeat.hop, input.schema().columns())?;
        let (hop, row) = self.subplan(&hop, true)?;
        let hop = FlattenExec::over(hop)?;
        UnaryExec::over(input, RepeatExec::new(hop, row.unwrap_or_default(), repeat))
    }

    fn project(
        &mut self,
        input: &LogicalPlan,
        expressions: &[NamedExpr],
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let is_one_row = matches!(input, LogicalPlan::Unit);
        let input = self.build(input)?;
        let mut expressions = expressions.to_vec();
        let row = self.row.as_ref();
        if let Some(row) = row.filter(|row| input.schema().columns().contains(row)) {
            expressions.push(NamedExpr::column(row));
        }
        let projected = match is_one_row {
            true => ProjectExec::new(expressions),
            false => ProjectExec::of_constants(expressions),
        };
        UnaryExec::over(input, projected)
    }

    /// Rows that are grouped by all of their columns.
    fn distinct(&mut self, input: &SharedPlan) -> Result<Arc<dyn PhysicalOperator>> {
        let keys = input.schema()?.names().map(NamedExpr::column);
        self.aggregate(&Aggregate {
            input: input.clone(),
            keys: keys.collect(),
            aggregates: Vec::new(),
        })
    }

    fn join(&mut self, join: &Join, columns: &PlanSchema) -> Result<Arc<dyn PhysicalOperator>> {
        let (mut left, mut right) = (
            self.build_shared(&join.left)?,
            self.build_shared(&join.right)?,
        );
        let mut on = join.on.clone();
        if join.kind != JoinKind::Inner {
            // What is looked up is held in memory, and rows stream past it.
            std::mem::swap(&mut left, &mut right);
            on.iter_mut().for_each(|(a, b)| std::mem::swap(a, b));
        }
        if on.is_empty() {
            return BinaryExec::over(left, right, CrossJoinExec);
        }
        let (left_on, right_on) = (on.iter().map(|(key, _)| key), on.iter().map(|(_, key)| key));
        let (left, left_keys) = with_keys(left, left_on, Internal::LeftKey)?;
        let (right, right_keys) = with_keys(right, right_on, Internal::RightKey)?;
        let keys = left_keys.into_iter().zip(right_keys).collect();
        let joined = BinaryExec::over(left, right, HashJoinExec::new(keys, join.kind))?;
        without_internal(joined, &columns.columns, self.row.as_deref())
    }

    /// The operator of a node of another crate.
    fn extension(&mut self, extension: &Extension) -> Result<Arc<dyn PhysicalOperator>> {
        let inputs = extension.inputs.iter().map(|input| self.build(input));
        extension_operator(extension, inputs.collect::<Result<_>>()?)
    }

    fn apply(&mut self, apply: &Apply) -> Result<Arc<dyn PhysicalOperator>> {
        let input = self.build_shared(&apply.input)?;
        let subplan = share_argument(&apply.subplan, input.schema().columns())?;
        let (mut subplan, row) = self.subplan(&subplan, !mixes_rows(&apply.subplan))?;
        if matches!(apply.kind, ApplyKind::Collect { .. }) {
            subplan = FlattenExec::over(subplan)?;
        }
        UnaryExec::over(input, ApplyExec::new(subplan, apply.kind.clone(), row))
    }

    /// The rows of all inputs, whose columns belong together by name. Where one input shares its large values, all do.
    fn union(
        &mut self,
        inputs: &[SharedPlan],
        columns: PlanSchema,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let inputs = inputs
            .iter()
            .map(|input| self.build(input))
            .collect::<Result<Vec<_>>>()?;
        let mut schema = PhysicalSchema::from(columns).flat();
        let row = self.row.as_deref().filter(|row| {
            let mut inputs = inputs.iter();
            inputs.all(|input| input.schema().columns().contains(row))
        });
        if let Some(row) = row {
            schema = schema.with([Column::new(row, Type::Int64)]);
        }
        let shares = inputs.iter().any(|input| input.schema().has_shared());
        let inputs = inputs
            .into_iter()
            .map(|input| {
                let input = with_columns(input, schema.columns())?;
                match shares {
                    true => ShareExec::over(input),
                    false => Ok(input),
                }
            })
            .collect::<Result<Vec<_>>>()?;
        if shares {
            schema = ShareExec::schema_over(&schema);
        }
        Ok(Arc::new(UnionExec::new(inputs, schema)))
    }

    /// The operators of the input of one that repeats rows: large values are held once.
    fn build_shared(&mut self, plan: &LogicalPlan) -> Result<Arc<dyn PhysicalOperator>> {
        ShareExec::over(self.build(plan)?)
    }

    /// A subplan and, where it runs for many outer rows at once, the column of their numbers.
    fn subplan(
        &mut self,
        plan: &LogicalPlan,
        many: bool,
    ) -> Result<(Arc<dyn PhysicalOperator>, Option<String>)> {
        self.applies += 1;
        let row = many.then(|| Internal::OuterRow(self.applies).column());
        let outer = std::mem::replace(&mut self.row, row.clone());
        let within = std::mem::replace(&mut self.within, true);
        let subplan = self.build(plan);
        (self.row, self.within) = (outer, within);
        Ok((subplan?, row))
    }

    fn with_row(&self, schema: PhysicalSchema) -> PhysicalSchema {
        match &self.row {
            Some(row) => schema.with([Column::new(row, Type::Int64)]),
            None => schema,
        }
    }
}

/// The error for a plan that writes among plans that read.
fn runs_by_clauses(write: &Write) -> Error {
    Error::unsupported(format!(
        "{} in a plan that reads: a `QueryWriter` runs what writes, clause by clause",
        write.kind.name()
    ))
}
