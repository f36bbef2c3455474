//! From logical operators to physical ones: what both runtimes' planners start from.

use std::sync::Arc;

use grism_core::{Error, Result, Type, Value, with_stack};
use grism_logical::{
    Aggregate, AggregateFunction, Apply, ApplyKind, Column, JoinKind, LogicalExpr, LogicalPlan,
    PlanSchema, Repeat, ScalarFunction, UnaryOperator,
};

use crate::expr::schema_inference::infer_expr_type;
use crate::operators::{
    AdjacencyExpandExec, AggregateColumn, ApplyExec, ArgumentExec, CountExpandExec, CrossJoinExec,
    EmptyExec, FetchExec, FilterExec, FlattenExec, HashAggregateExec, HashJoinExec, HydrateExec,
    HyperedgeScanExec, IndexLookupExec, LimitExec, LoadCsvExec, NodeScanExec, PathExpandExec,
    ProjectExec, RepeatExec, RoleExpandExec, RowsExec, ShareExec, SortExec, UnionExec, UnitExec,
    UnwindExec,
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
    let root = Builder {
        leaves: 0,
        applies: 0,
        within: false,
        row: None,
    }
    .build(plan)?;
    Ok(FlattenExec::over(root))
}

struct Builder {
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

    fn build(&mut self, plan: &LogicalPlan) -> Result<Arc<dyn PhysicalOperator>> {
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
            LogicalPlan::Union { inputs } => {
                let columns = plan.schema()?;
                let built = inputs.iter().map(|input| {
                    let input = FlattenExec::over(self.build(input)?);
                    // All inputs have their columns in one order, the outer row number behind them.
                    without_internal(input, &columns.columns, self.row.as_deref())
                });
                let inputs = built.collect::<Result<Vec<_>>>()?;
                let numbered = self.row.as_deref().is_some_and(|row| {
                    let mut inputs = inputs.iter();
                    inputs.all(|input| input.schema().columns().contains(row))
                });
                let schema = PhysicalSchema::from(columns);
                let schema = match numbered {
                    true => self.with_row(schema),
                    false => schema,
                };
                Arc::new(UnionExec::new(inputs, schema))
            }
            LogicalPlan::IndexLookup(lookup) => Arc::new(IndexLookupExec::new(
                self.build_shared(&lookup.input)?,
                lookup,
            )),
            LogicalPlan::LoadCsv(load) => {
                let input = self.build_shared(&load.input)?;
                Arc::new(LoadCsvExec::try_new(input, load)?)
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
            LogicalPlan::Apply(apply) => {
                let input = self.build_shared(&apply.input)?;
                let subplan = share_argument(&apply.subplan, input.schema().columns())?;
                let (mut subplan, row) = self.subplan(&subplan, !mixes_rows(&apply.subplan))?;
                if matches!(apply.kind, ApplyKind::Collect { .. }) {
                    subplan = FlattenExec::over(subplan);
                }
                Arc::new(ApplyExec::new(input, subplan, apply.kind.clone(), row))
            }
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

    /// Groups. Values that are equal and yet differ (1 and 1.0, one instant in two zones) are grouped by a key beside
    /// them, and the least of them stands for the group.
    fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Arc<dyn PhysicalOperator>> {
        let input = self.build(&aggregate.input)?;
        let mut columns = Vec::new();
        let mut keys = Vec::new();
        let mut aggregates = Vec::new();
        let mut results = Vec::new();
        for (index, (key, name)) in aggregate.keys.iter().enumerate() {
            let ty = infer_expr_type(key, input.schema())?;
            if !needs_key(&ty) {
                columns.push((key.clone(), name.clone()));
                keys.push((name.clone(), key.to_string()));
                results.push((LogicalExpr::column(name), name.clone()));
                continue;
            }
            let (by, value) = (format!("#key{index}"), format!("#value{index}"));
            columns.push((
                LogicalExpr::call(ScalarFunction::Key, vec![key.clone()]),
                by.clone(),
            ));
            keys.push((by, key.to_string()));
            columns.push((key.clone().convert(&ty, &Type::Any), value.clone()));
            aggregates.push(AggregateColumn {
                function: AggregateFunction::Min,
                argument: Some(value.clone()),
                distinct: false,
                name: value.clone(),
                text: format!("any({key})"),
            });
            let value = LogicalExpr::Column(value).convert(&Type::Any, &ty);
            results.push((value, name.clone()));
        }
        let keyed = aggregates.len();
        for (index, (call, name)) in aggregate.aggregates.iter().enumerate() {
            let argument = match &call.argument {
                None => None,
                Some(argument) => {
                    let column = format!("#argument{index}");
                    let ty = infer_expr_type(argument, input.schema())?;
                    let ordered = matches!(
                        call.function,
                        AggregateFunction::Min | AggregateFunction::Max
                    );
                    let mut expression = argument.clone();
                    if call.distinct && call.function == AggregateFunction::Count && needs_key(&ty)
                    {
                        expression = LogicalExpr::call(ScalarFunction::Key, vec![expression]);
                    } else if ordered && needs_key(&ty) {
                        expression = expression.convert(&ty, &Type::Any);
                    } else if call.function == AggregateFunction::Count && needs_key(&ty) {
                        // Values that are only counted are not copied for it.
                        expression = known(expression);
                    }
                    columns.push((expression, column.clone()));
                    Some((column, ty, ordered))
                }
            };
            let value = match &argument {
                Some((_, ty, true)) if needs_key(ty) => {
                    LogicalExpr::column(name).convert(&Type::Any, ty)
                }
                _ => LogicalExpr::column(name),
            };
            results.push((value, name.clone()));
            aggregates.push(AggregateColumn {
                function: call.function,
                argument: argument.map(|(column, ..)| column),
                distinct: call.distinct,
                name: name.clone(),
                text: call.to_string(),
            });
        }
        let plain = keyed == 0
            && results.iter().all(
                |(expression, name)| matches!(expression, LogicalExpr::Column(own) if own == name),
            );
        let projected: Arc<dyn PhysicalOperator> = Arc::new(ProjectExec::try_new(input, columns)?);
        let projected = FlattenExec::over(projected);
        let grouped: Arc<dyn PhysicalOperator> =
            Arc::new(HashAggregateExec::try_new(projected, keys, aggregates)?);
        if plain {
            return Ok(grouped);
        }
        Ok(Arc::new(ProjectExec::try_new(grouped, results)?))
    }

    fn sort(
        &mut self,
        input: &LogicalPlan,
        keys: &[grism_logical::SortKey],
        fetch: Option<usize>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let input = self.build(input)?;
        let columns = input.schema().columns().columns.clone();
        let ordered = keys
            .iter()
            .map(|key| {
                let ty = infer_expr_type(&key.expression, input.schema())?;
                Ok(if needs_key(&ty) {
                    LogicalExpr::call(ScalarFunction::Key, vec![key.expression.clone()])
                } else {
                    key.expression.clone()
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let (input, names) = with_keys(input, ordered.iter(), "sort")?;
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

/// A subplan whose argument has the columns shared that its outer side has shared.
fn share_argument(plan: &LogicalPlan, outer: &PlanSchema) -> Result<LogicalPlan> {
    Ok(match plan {
        LogicalPlan::Argument(schema) => {
            let mut schema = schema.clone();
            for column in &mut schema.columns {
                column.shared = outer.find(&column.name).is_some_and(|own| own.shared);
            }
            LogicalPlan::Argument(schema)
        }
        // The argument of a nested subplan is seen to where that is built.
        LogicalPlan::Apply(apply) => LogicalPlan::Apply(Apply {
            input: Arc::new(with_stack(|| share_argument(&apply.input, outer))?),
            ..apply.clone()
        }),
        LogicalPlan::Repeat(repeat) => LogicalPlan::Repeat(Repeat {
            input: Arc::new(with_stack(|| share_argument(&repeat.input, outer))?),
            ..repeat.clone()
        }),
        other => other.try_map_inputs(&mut |input| share_argument(input, outer))?,
    })
}

/// True where the expression is not null, null where it is.
fn known(expression: LogicalExpr) -> LogicalExpr {
    LogicalExpr::Case {
        branches: vec![(
            expression.unary(UnaryOperator::IsNotNull),
            LogicalExpr::Literal(Value::Bool(true)),
        )],
        otherwise: None,
    }
}

/// Whether values of the type are compared through a key: Arrow's own order and equality are not Cypher's there.
fn needs_key(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Any | Type::Path | Type::List(_) | Type::Map(_) | Type::Incidence
    )
}

/// Whether an operator of the plan puts rows together that may come from different outer rows.
fn mixes_rows(plan: &LogicalPlan) -> bool {
    matches!(
        plan,
        LogicalPlan::Aggregate(_)
            | LogicalPlan::Distinct { .. }
            | LogicalPlan::Sort { .. }
            | LogicalPlan::Limit { .. }
    ) || plan
        .inputs()
        .into_iter()
        .any(|input| with_stack(|| mixes_rows(input)))
}
