//! From logical operators to physical ones: what both runtimes' planners start from.

use std::sync::Arc;

use grism_core::{Error, Result, Type};
use grism_logical::{AggregateFunction, Column, LogicalExpr, LogicalPlan};

use crate::operators::{
    AdjacencyExpandExec, AggregateColumn, ApplyExec, ArgumentExec, CrossJoinExec, EmptyExec,
    FetchExec, FilterExec, HashAggregateExec, HashJoinExec, HyperedgeScanExec, LimitExec,
    NodeScanExec, ProjectExec, RoleExpandExec, SortExec, UnionExec, UnitExec, UnwindExec,
};
use crate::{PhysicalOperator, PhysicalPlan, PhysicalSchema};

/// Makes physical plans.
pub trait PhysicalPlanner {
    /// The physical plan of an optimized logical plan.
    ///
    /// # Errors
    /// `InvalidQuery` for a type error; `Internal` for a logical plan that was not optimized.
    fn plan(&self, logical: &LogicalPlan) -> Result<PhysicalPlan>;
}

/// The operators of `plan`, in one phase and on one thread.
///
/// # Errors
/// As [`PhysicalPlanner::plan`].
pub fn build_operators(plan: &LogicalPlan) -> Result<Arc<dyn PhysicalOperator>> {
    Builder {
        leaves: 0,
        applies: 0,
        row: None,
    }
    .build(plan)
}

struct Builder {
    /// Leaves numbered so far.
    leaves: u32,
    /// Applies numbered so far.
    applies: usize,
    /// Within a subplan: the column of outer row numbers, which every operator hands through.
    row: Option<String>,
}

impl Builder {
    /// The number of a partitioned leaf; `None` within a subplan, whose scans read everything.
    fn leaf(&mut self) -> Option<u32> {
        if self.row.is_some() {
            return None;
        }
        self.leaves += 1;
        Some(self.leaves - 1)
    }

    fn build(&mut self, plan: &LogicalPlan) -> Result<Arc<dyn PhysicalOperator>> {
        Ok(match plan {
            LogicalPlan::Unit => match self.leaf() {
                Some(leaf) => Arc::new(UnitExec::new(leaf)),
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
            LogicalPlan::NodeScan(scan) => Arc::new(NodeScanExec::new(scan.clone(), self.leaf())),
            LogicalPlan::HyperedgeScan(scan) => {
                Arc::new(HyperedgeScanExec::new(scan.clone(), self.leaf()))
            }
            LogicalPlan::EdgeExpand(expand) => {
                Arc::new(AdjacencyExpandExec::new(self.build(&expand.input)?, expand))
            }
            LogicalPlan::RoleExpand(expand) => {
                Arc::new(RoleExpandExec::new(self.build(&expand.input)?, expand))
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
                let input = self.build(input)?;
                let mut expressions = expressions.clone();
                if let Some(row) = self
                    .row
                    .as_ref()
                    .filter(|row| input.schema().columns().contains(row))
                {
                    expressions.push((LogicalExpr::column(row), row.clone()));
                }
                Arc::new(ProjectExec::try_new(input, expressions)?)
            }
            LogicalPlan::Aggregate(aggregate) => {
                let input = self.build(&aggregate.input)?;
                let mut columns = Vec::new();
                let mut keys = Vec::new();
                for (key, name) in &aggregate.keys {
                    columns.push((key.clone(), name.clone()));
                    keys.push((name.clone(), key.to_string()));
                }
                let mut aggregates = Vec::new();
                for (index, (call, name)) in aggregate.aggregates.iter().enumerate() {
                    let argument = call.argument.as_ref().map(|argument| {
                        let column = format!("#argument{index}");
                        columns.push((argument.clone(), column.clone()));
                        column
                    });
                    let (function, distinct, text) =
                        (call.function, call.distinct, call.to_string());
                    aggregates.push(AggregateColumn {
                        function,
                        argument,
                        distinct,
                        name: name.clone(),
                        text,
                    });
                }
                let projected: Arc<dyn PhysicalOperator> =
                    Arc::new(ProjectExec::try_new(input, columns)?);
                for aggregate in &aggregates {
                    check_aggregate(aggregate, projected.schema())?;
                }
                Arc::new(HashAggregateExec::try_new(projected, keys, aggregates)?)
            }
            LogicalPlan::Distinct { input } => {
                let input = self.build(input)?;
                let keys = input
                    .schema()
                    .columns()
                    .names()
                    .map(|name| (name.to_owned(), name.to_owned()))
                    .collect();
                Arc::new(HashAggregateExec::try_new(input, keys, Vec::new())?)
            }
            LogicalPlan::Sort { input, keys, fetch } => self.sort(input, keys, *fetch)?,
            LogicalPlan::Limit { input, skip, fetch } => {
                Arc::new(LimitExec::new(self.build(input)?, *skip, *fetch))
            }
            LogicalPlan::Union { inputs } => {
                let schema = PhysicalSchema::from(plan.schema()?);
                let inputs = inputs
                    .iter()
                    .map(|input| self.build(input))
                    .collect::<Result<_>>()?;
                Arc::new(UnionExec::new(inputs, schema))
            }
            LogicalPlan::Unwind {
                input,
                expression,
                variable,
            } => Arc::new(UnwindExec::try_new(
                self.build(input)?,
                expression.clone(),
                variable.clone(),
            )?),
            LogicalPlan::Apply(apply) => {
                let input = self.build(&apply.input)?;
                self.applies += 1;
                let row = format!("#row{}", self.applies);
                let outer = self.row.replace(row.clone());
                let subplan = self.build(&apply.subplan);
                self.row = outer;
                Arc::new(ApplyExec::new(input, subplan?, apply.kind.clone(), row))
            }
            LogicalPlan::Join(join) => {
                let (left, right) = (self.build(&join.left)?, self.build(&join.right)?);
                if join.on.is_empty() {
                    return Ok(Arc::new(CrossJoinExec::new(left, right)));
                }
                let (left, left_keys) =
                    with_keys(left, join.on.iter().map(|(key, _)| key), "left")?;
                let (right, right_keys) =
                    with_keys(right, join.on.iter().map(|(_, key)| key), "right")?;
                let on = left_keys.into_iter().zip(right_keys).collect();
                let joined: Arc<dyn PhysicalOperator> =
                    Arc::new(HashJoinExec::new(left, right, on));
                without_internal(joined, &plan.schema()?.columns, self.row.as_deref())?
            }
        })
    }

    fn sort(
        &mut self,
        input: &LogicalPlan,
        keys: &[grism_logical::SortKey],
        fetch: Option<usize>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let input = self.build(input)?;
        let columns = input.schema().columns().columns.clone();
        let (input, names) = with_keys(input, keys.iter().map(|key| &key.expression), "sort")?;
        let keys = names
            .into_iter()
            .zip(keys)
            .map(|(name, key)| (name, key.descending))
            .collect();
        let sorted: Arc<dyn PhysicalOperator> = Arc::new(SortExec::new(input, keys, fetch));
        without_internal(sorted, &columns, None)
    }

    fn with_row(&self, schema: PhysicalSchema) -> PhysicalSchema {
        match &self.row {
            Some(row) => schema.with([Column::new(row, Type::Int64)]),
            None => schema,
        }
    }
}

/// `input` with a column for each key; keys that are columns already need none.
fn with_keys<'a>(
    input: Arc<dyn PhysicalOperator>,
    keys: impl Iterator<Item = &'a LogicalExpr>,
    side: &str,
) -> Result<(Arc<dyn PhysicalOperator>, Vec<String>)> {
    let mut expressions: Vec<(LogicalExpr, String)> = input
        .schema()
        .columns()
        .names()
        .map(|name| (LogicalExpr::column(name), name.to_owned()))
        .collect();
    let plain = expressions.len();
    let mut names = Vec::new();
    for (index, key) in keys.enumerate() {
        if let LogicalExpr::Column(name) = key {
            names.push(name.clone());
            continue;
        }
        let name = format!("#{side}{index}");
        expressions.push((key.clone(), name.clone()));
        names.push(name);
    }
    if expressions.len() == plain {
        return Ok((input, names));
    }
    Ok((Arc::new(ProjectExec::try_new(input, expressions)?), names))
}

/// `input` cut down to `columns` (and the outer row number), where it has others.
fn without_internal(
    input: Arc<dyn PhysicalOperator>,
    columns: &[Column],
    row: Option<&str>,
) -> Result<Arc<dyn PhysicalOperator>> {
    let mut wanted: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    wanted
        .extend(row.filter(|row| input.schema().columns().contains(row) && !wanted.contains(row)));
    if input.schema().columns().names().eq(wanted.iter().copied()) {
        return Ok(input);
    }
    let expressions = wanted
        .into_iter()
        .map(|name| (LogicalExpr::column(name), name.to_owned()))
        .collect();
    Ok(Arc::new(ProjectExec::try_new(input, expressions)?))
}

fn check_aggregate(aggregate: &AggregateColumn, input: &PhysicalSchema) -> Result<()> {
    let Some(argument) = &aggregate.argument else {
        return Ok(());
    };
    let ty = &input.columns().columns[input.index_of(argument)?].ty;
    let ordered = matches!(
        aggregate.function,
        AggregateFunction::Min | AggregateFunction::Max
    );
    let nested = matches!(ty, Type::List(item) if matches!(**item, Type::List(_) | Type::Map(_)));
    if ordered && (nested || matches!(ty, Type::Map(_) | Type::Incidence)) {
        return Err(Error::unsupported(format!(
            "{}() of {ty}",
            aggregate.function.name()
        )));
    }
    Ok(())
}
