//! Aggregates over rows that each stand for several, as the column or expression beside them counts.

use grism_core::{Result, Type, Value};

use super::partial_aggregate::mean;
use crate::{
    Aggregate, AggregateCall, AggregateFunction, ArithmeticOperator, Internal, LogicalExpr,
    LogicalPlan, NamedAggregate, NamedExpr, PlanSchema, SharedPlan, UnaryOperator, infer_type,
};

/// An aggregate without its input, and what makes its results of the columns of that.
pub(super) struct WeightedAggregate {
    keys: Vec<NamedExpr>,
    aggregates: Vec<NamedAggregate>,
    /// Nothing where the aggregates are the results.
    results: Vec<NamedExpr>,
    /// Whether all aggregates are the number of rows.
    only_counts: bool,
}

impl WeightedAggregate {
    /// `aggregate` over rows of which each stands for `count` rows, none of them for less than one; `None` where that is not
    /// possible. `schema` has the columns that it reads, and a call counts every row where it only counts what `is_bound`.
    ///
    /// # Errors
    /// Those of type inference.
    pub(super) fn of(
        aggregate: &Aggregate,
        schema: &PlanSchema,
        count: &LogicalExpr,
        is_bound: impl Fn(&str) -> bool,
    ) -> Result<Option<Self>> {
        let mut own = Self {
            keys: aggregate.keys.clone(),
            aggregates: Vec::new(),
            results: Vec::new(),
            only_counts: true,
        };
        for key in &aggregate.keys {
            if key.expression.is_volatile() {
                return Ok(None);
            }
            own.results.push(NamedExpr::column(&key.name));
        }
        let mut is_computed = false;
        for NamedAggregate { call, name } in &aggregate.aggregates {
            own.only_counts &= counts_all(call, &is_bound);
            let weighted = match counts_all(call, &is_bound) {
                true => Weighted::one(sum(count.clone()), name),
                false => weighted(call, name, schema, count)?,
            };
            let Some(weighted) = weighted else {
                return Ok(None);
            };
            is_computed |= weighted.result.is_some();
            let result = weighted.result.unwrap_or_else(|| LogicalExpr::column(name));
            own.results.push(result.named(name));
            own.aggregates.extend(weighted.aggregates);
        }
        if !is_computed {
            own.results.clear();
        }
        Ok(Some(own))
    }

    /// The whole plan over those rows, where each of them is a group of its own.
    pub(super) fn over_groups(self, rows: LogicalPlan) -> LogicalPlan {
        if !self.only_counts {
            return self.over(rows);
        }
        // The sum of one count is that count.
        let counts = self.aggregates.into_iter().filter_map(|mut own| {
            let count = own.call.arguments.pop()?;
            Some(count.named(own.name))
        });
        LogicalPlan::Project {
            input: SharedPlan::new(rows),
            expressions: self.keys.into_iter().chain(counts).collect(),
        }
    }

    /// The whole plan over those rows.
    pub(super) fn over(self, rows: LogicalPlan) -> LogicalPlan {
        let aggregate = LogicalPlan::Aggregate(Aggregate {
            input: SharedPlan::new(rows),
            keys: self.keys,
            aggregates: self.aggregates,
        });
        match self.results.is_empty() {
            true => aggregate,
            false => LogicalPlan::Project {
                input: SharedPlan::new(aggregate),
                expressions: self.results,
            },
        }
    }
}

/// Whether a call counts every row, since what it counts is bound in each.
pub(super) fn counts_all(call: &AggregateCall, is_bound: impl Fn(&str) -> bool) -> bool {
    let is_known =
        |own: &LogicalExpr| matches!(own, LogicalExpr::Column(name) if is_bound(name.as_str()));
    call.function == AggregateFunction::Count
        && !call.distinct
        && call.arguments.iter().all(is_known)
}

/// One aggregate over counts.
struct Weighted {
    aggregates: Vec<NamedAggregate>,
    /// What is computed of them; `None` where there is one of the aggregate's own name.
    result: Option<LogicalExpr>,
}

impl Weighted {
    fn one(call: AggregateCall, name: &str) -> Option<Self> {
        Some(Self {
            aggregates: vec![call.named(name)],
            result: None,
        })
    }
}

fn weighted(
    call: &AggregateCall,
    name: &str,
    schema: &PlanSchema,
    count: &LogicalExpr,
) -> Result<Option<Weighted>> {
    let Some(function) = call.function.built_in() else {
        return Ok(None);
    };
    let [argument] = &call.arguments[..] else {
        return Ok(None);
    };
    if argument.is_volatile() {
        return Ok(None);
    }
    let folds = matches!(
        function,
        AggregateFunction::Count
            | AggregateFunction::Sum
            | AggregateFunction::Avg
            | AggregateFunction::Min
            | AggregateFunction::Max
    );
    if folds && (call.distinct || call.function.is_extreme()) {
        return Ok(Weighted::one(call.clone(), name));
    }
    let ty = infer_type(argument, schema)?;
    Ok(match (function, &ty) {
        (AggregateFunction::Count, _) => {
            Weighted::one(sum(where_known(argument, count.clone())), name)
        }
        (AggregateFunction::Sum, Type::Int64) => {
            let product = argument
                .clone()
                .arithmetic(ArithmeticOperator::Multiply, count.clone());
            Weighted::one(sum(product), name)
        }
        (AggregateFunction::Sum, Type::Float64) => {
            Weighted::one(sum(float_product(argument, &ty, count.clone())), name)
        }
        (AggregateFunction::Avg, Type::Int64 | Type::Float64) => {
            let (total, known) = (
                Internal::TotalOf(name).column(),
                Internal::KnownOf(name).column(),
            );
            Some(Weighted {
                result: Some(mean(&total, &known)),
                aggregates: vec![
                    sum(float_product(argument, &ty, count.clone())).named(total),
                    sum(where_known(argument, count.clone())).named(known),
                ],
            })
        }
        _ => None,
    })
}

fn sum(of: LogicalExpr) -> AggregateCall {
    AggregateCall::new(AggregateFunction::Sum, vec![of])
}

/// The count, 0 where the expression is null.
fn where_known(expression: &LogicalExpr, count: LogicalExpr) -> LogicalExpr {
    LogicalExpr::Case {
        branches: vec![(expression.clone().unary(UnaryOperator::IsNotNull), count)],
        otherwise: Some(Box::new(LogicalExpr::Literal(Value::Int64(0)))),
    }
}

fn float_product(expression: &LogicalExpr, ty: &Type, count: LogicalExpr) -> LogicalExpr {
    let count = count.convert(&Type::Int64, &Type::Float64);
    let value = expression.clone().convert(ty, &Type::Float64);
    value.arithmetic(ArithmeticOperator::Multiply, count)
}
