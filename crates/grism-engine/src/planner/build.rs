//! Physical operators, one for each logical one.

use std::sync::Arc;

use grism_core::{Error, Result, Type, with_stack};
use grism_logical::{
    Aggregate, Apply, ApplyKind, Column, Extension, JoinKind, LogicalExpr, LogicalPlan, PlanSchema,
    Write,
};

use super::columns::{with_columns, with_keys, without_internal};
use super::subplan::{mixes_rows, share_argument};
use crate::extension::extension_operator;
use crate::operators::{
    AdjacencyExpandExec, ApplyExec, ArgumentExec, CountExpandExec, CountIntersectExec,
    CrossJoinExec, EmptyExec, FetchExec, FilterExec, FlattenExec, HashJoinExec, HydrateExec,
    HyperedgeScanExec, IndexLookupExec, LimitExec, LoadRowsExec, NodeScanExec, PathExpandExec,
    ProjectExec, RepeatExec, RoleExpandExec, RowsExec, ShareExec, TableCallExec, UnionExec,
    UnitExec, UnwindExec, WeightedCountExec,
};
use crate::{PhysicalOperator, PhysicalSchema};

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
    Ok(FlattenExec::over(root))
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
            LogicalPlan::Unit => match self.leaf() {
                Some(leaf) => Arc::new(UnitExec::new(leaf)),
                // A subplan that runs for one outer row starts from that row.
                None if self.row.is_none() => Arc::new(ArgumentExec::new(PhysicalSchema::from(
                    PlanSchema::default(),
                ))),
                None => {
                    return Err(Error::internal(
                        "a subplan that does not start from its argument",
                    ));
                }
            },
            LogicalPlan::Empty(schema) => Arc::new(EmptyExec::new(
                self.with_row(PhysicalSchema::from(schema.clone())),
            )),
            LogicalPlan::Argument(schema) => Arc::new(ArgumentExec::new(
                self.with_row(PhysicalSchema::from(schema.clone())),
            )),
            LogicalPlan::Rows { schema, rows } => Arc::new(RowsExec::new(
                self.leaf(),
                rows.clone(),
                PhysicalSchema::from(schema.clone()),
            )),
            LogicalPlan::NodeScan(scan) => Arc::new(NodeScanExec::new(scan.clone(), self.leaf())),
            LogicalPlan::HyperedgeScan(scan) => {
                Arc::new(HyperedgeScanExec::new(scan.clone(), self.leaf()))
            }
            LogicalPlan::EdgeExpand(expand) => Arc::new(AdjacencyExpandExec::new(
                self.build_shared(&expand.input)?,
                expand,
            )),
            LogicalPlan::CountExpand(expand) => {
                Arc::new(CountExpandExec::new(self.build(&expand.input)?, expand))
            }
            LogicalPlan::WeightedCount(count) => {
                let inputs = count.inputs.iter().map(|input| self.build(input));
                let inputs = inputs.collect::<Result<Vec<_>>>()?;
                let leaf = match inputs.is_empty() {
                    true => self.leaf(),
                    false => None,
                };
                Arc::new(WeightedCountExec::new(inputs, leaf, count))
            }
            LogicalPlan::CountIntersect(count) => {
                Arc::new(CountIntersectExec::new(self.build(&count.input)?, count))
            }
            LogicalPlan::RoleExpand(expand) => Arc::new(RoleExpandExec::new(
                self.build_shared(&expand.input)?,
                expand,
            )),
            LogicalPlan::PathExpand(expand) => Arc::new(PathExpandExec::new(
                self.build_shared(&expand.input)?,
                expand,
            )),
            LogicalPlan::Repeat(repeat) => {
                let input = self.build_shared(&repeat.input)?;
                let hop = share_argument(&repeat.hop, input.schema().columns())?;
                let (hop, row) = self.subplan(&hop, true)?;
                let hop = FlattenExec::over(hop);
                Arc::new(RepeatExec::new(input, hop, row.unwrap_or_default(), repeat))
            }
            LogicalPlan::Hydrate {
                input,
                columns,
                depth,
            } => {
                let input = self.build(input)?;
                Arc::new(HydrateExec::new(input, columns.clone(), *depth))
            }
            LogicalPlan::Fetch(fetch) => Arc::new(FetchExec::new(
                self.build(&fetch.input)?,
                fetch.entity.clone(),
                fetch.properties.clone(),
            )),
            LogicalPlan::Filter { input, predicate } => {
                Arc::new(FilterExec::try_new(self.build(input)?, predicate.clone())?)
            }
            LogicalPlan::Project { input, expressions } => {
                let is_one_row = matches!(**input, LogicalPlan::Unit);
                let input = self.build(input)?;
                let mut expressions = expressions.clone();
                if let Some(row) = self
                    .row
                    .as_ref()
                    .filter(|row| input.schema().columns().contains(row))
                {
                    expressions.push((LogicalExpr::column(row), row.clone()));
                }
                Arc::new(match is_one_row {
                    true => ProjectExec::try_new(input, expressions)?,
                    false => ProjectExec::try_new_constants(input, expressions)?,
                })
            }
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate)?,
            LogicalPlan::Distinct { input } => {
                let columns = input.schema()?.columns;
                let keys = columns
                    .iter()
                    .map(|column| (LogicalExpr::column(&column.name), column.name.clone()));
                self.aggregate(&Aggregate {
                    input: Arc::clone(input),
                    keys: keys.collect(),
                    aggregates: Vec::new(),
                })?
            }
            LogicalPlan::Sort { input, keys, fetch } => self.sort(input, keys, *fetch)?,
            LogicalPlan::Limit { input, skip, fetch } => {
                Arc::new(LimitExec::new(self.build(input)?, *skip, *fetch))
            }
            LogicalPlan::Union { inputs } => self.union(inputs, plan.schema()?)?,
            LogicalPlan::IndexLookup(lookup) => Arc::new(IndexLookupExec::new(
                self.build_shared(&lookup.input)?,
                lookup,
            )),
            LogicalPlan::Extension(extension) => self.extension(extension)?,
            LogicalPlan::TableCall(call) => {
                Arc::new(TableCallExec::new(self.build_shared(&call.input)?, call))
            }
            LogicalPlan::Write(write) => return Err(runs_by_clauses(write)),
            LogicalPlan::LoadRows(load) => {
                let input = self.build_shared(&load.input)?;
                Arc::new(LoadRowsExec::try_new(input, load)?)
            }
            LogicalPlan::Unwind {
                input,
                expression,
                variable,
            } => Arc::new(UnwindExec::try_new(
                self.build_shared(input)?,
                expression.clone(),
                variable.clone(),
            )?),
            LogicalPlan::Apply(apply) => self.apply(apply)?,
            LogicalPlan::Join(join) => {
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
                if join.on.is_empty() {
                    return Ok(Arc::new(CrossJoinExec::new(left, right)));
                }
                let (left, left_keys) = with_keys(left, on.iter().map(|(key, _)| key), "left")?;
                let (right, right_keys) = with_keys(right, on.iter().map(|(_, key)| key), "right")?;
                let keys = left_keys.into_iter().zip(right_keys).collect();
                let joined: Arc<dyn PhysicalOperator> =
                    Arc::new(HashJoinExec::new(left, right, keys, join.kind));
                without_internal(joined, &plan.schema()?.columns, self.row.as_deref())?
            }
        })
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
            subplan = FlattenExec::over(subplan);
        }
        Ok(Arc::new(ApplyExec::new(
            input,
            subplan,
            apply.kind.clone(),
            row,
        )))
    }

    /// The rows of all inputs, whose columns belong together by name. Where one input shares its large values, all do.
    fn union(
        &mut self,
        inputs: &[Arc<LogicalPlan>],
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
                Ok(match shares {
                    true => ShareExec::over(input),
                    false => input,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        if shares {
            schema = ShareExec::schema_over(&schema);
        }
        Ok(Arc::new(UnionExec::new(inputs, schema)))
    }

    /// The operators of the input of one that repeats rows: large values are held once.
    fn build_shared(&mut self, plan: &LogicalPlan) -> Result<Arc<dyn PhysicalOperator>> {
        Ok(ShareExec::over(self.build(plan)?))
    }

    /// A subplan and, where it runs for many outer rows at once, the column of their numbers.
    fn subplan(
        &mut self,
        plan: &LogicalPlan,
        many: bool,
    ) -> Result<(Arc<dyn PhysicalOperator>, Option<String>)> {
        self.applies += 1;
        let row = many.then(|| format!("#row{}", self.applies));
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
