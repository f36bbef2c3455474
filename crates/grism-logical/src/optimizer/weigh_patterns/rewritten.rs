//! The aggregates of a pattern's rows as aggregates of its counts.

use std::collections::BTreeSet;
use std::sync::Arc;

use grism_core::{Result, Type, Value};

use super::region::Region;
use crate::{
    Aggregate, AggregateCall, AggregateFunction, ArithmeticOperator, BinaryOperator, LogicalExpr,
    LogicalPlan, UnaryOperator, infer_type,
};

/// How an aggregate is made of counts.
pub(super) struct Rewritten {
    /// The place that it reads; `None` where it only counts.
    pub(super) root: Option<usize>,
    pub(super) above: AboveCounts,
}

/// An aggregate without its input, and what makes its results of the columns of that.
pub(super) struct AboveCounts {
    keys: Vec<(LogicalExpr, String)>,
    aggregates: Vec<(AggregateCall, String)>,
    /// Nothing where the aggregates are the results.
    results: Vec<(LogicalExpr, String)>,
}

impl AboveCounts {
    /// The whole plan over the counts.
    pub(super) fn over(self, counts: LogicalPlan) -> LogicalPlan {
        let aggregate = LogicalPlan::Aggregate(Aggregate {
            input: Arc::new(counts),
            keys: self.keys,
            aggregates: self.aggregates,
        });
        match self.results.is_empty() {
            true => aggregate,
            false => LogicalPlan::Project {
                input: Arc::new(aggregate),
                expressions: self.results,
            },
        }
    }
}

/// `aggregate` over rows of the entities at one place and the column `count`; `None` where it reads several places, an edge, or
/// what cannot be told of rows that come several times.
///
/// # Errors
/// Those of type inference.
pub(super) fn rewritten(
    aggregate: &Aggregate,
    region: &Region,
    count: &str,
) -> Result<Option<Rewritten>> {
    let mut read = BTreeSet::new();
    for (key, _) in &aggregate.keys {
        key.collect_columns(&mut read);
    }
    for (call, _) in aggregate.aggregates.iter() {
        if !counts_all(call, region) {
            let arguments = call.arguments.iter();
            arguments.for_each(|own| own.collect_columns(&mut read));
        }
    }
    let places: Option<BTreeSet<usize>> = read.iter().map(|own| region.place(own)).collect();
    let root = match places {
        Some(places) if places.len() <= 1 => places.into_iter().next(),
        _ => return Ok(None),
    };
    let keys = aggregate.keys.iter().map(|(key, _)| key);
    let arguments = aggregate.aggregates.iter();
    let arguments = arguments.flat_map(|(call, _)| &call.arguments);
    if keys.chain(arguments).any(LogicalExpr::is_volatile) {
        return Ok(None);
    }
    let mut above = AboveCounts {
        keys: aggregate.keys.clone(),
        aggregates: Vec::new(),
        results: Vec::new(),
    };
    let mut is_computed = false;
    for (call, name) in &aggregate.aggregates {
        let Some(own) = weighted(call, name, region, count)? else {
            return Ok(None);
        };
        is_computed |= own.result.is_some();
        let result = own.result.unwrap_or_else(|| LogicalExpr::column(name));
        above.results.push((result, name.clone()));
        above.aggregates.extend(own.aggregates);
    }
    if is_computed {
        let keys = aggregate.keys.iter();
        let keys = keys.map(|(_, name)| (LogicalExpr::column(name), name.clone()));
        above.results.splice(0..0, keys);
    } else {
        above.results.clear();
    }
    Ok(Some(Rewritten { root, above }))
}

/// One aggregate over counts.
struct Weighted {
    aggregates: Vec<(AggregateCall, String)>,
    /// What is computed of them; `None` where there is one of the aggregate's own name.
    result: Option<LogicalExpr>,
}

impl Weighted {
    fn one(call: AggregateCall, name: &str) -> Option<Self> {
        Some(Self {
            aggregates: vec![(call, name.to_owned())],
            result: None,
        })
    }
}

fn weighted(
    call: &AggregateCall,
    name: &str,
    region: &Region,
    count: &str,
) -> Result<Option<Weighted>> {
    let Some(function) = call.function.built_in() else {
        return Ok(None);
    };
    let column = || LogicalExpr::column(count);
    let sum = |of: LogicalExpr| AggregateCall::new(AggregateFunction::Sum, vec![of]);
    if counts_all(call, region) {
        return Ok(Weighted::one(sum(column()), name));
    }
    let [argument] = &call.arguments[..] else {
        return Ok(None);
    };
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
    let ty = infer_type(argument, &region.schema())?;
    Ok(match (function, &ty) {
        (AggregateFunction::Count, _) => Weighted::one(sum(where_known(argument, column())), name),
        (AggregateFunction::Sum, Type::Int64) => {
            let product = argument
                .clone()
                .arithmetic(ArithmeticOperator::Multiply, column());
            Weighted::one(sum(product), name)
        }
        (AggregateFunction::Sum, Type::Float64) => {
            Weighted::one(sum(float_product(argument, &ty, column())), name)
        }
        (AggregateFunction::Avg, Type::Int64 | Type::Float64) => {
            let (total, known) = (format!("#total_of{name}"), format!("#known_of{name}"));
            let is_any = LogicalExpr::column(&known).binary(
                BinaryOperator::Greater,
                LogicalExpr::Literal(Value::Int64(0)),
            );
            let divisor = LogicalExpr::column(&known).convert(&Type::Int64, &Type::Float64);
            let mean = LogicalExpr::column(&total).arithmetic(ArithmeticOperator::Divide, divisor);
            Some(Weighted {
                aggregates: vec![
                    (sum(float_product(argument, &ty, column())), total),
                    (sum(where_known(argument, column())), known),
                ],
                result: Some(LogicalExpr::Case {
                    branches: vec![(is_any, mean)],
                    otherwise: None,
                }),
            })
        }
        _ => None,
    })
}

/// Whether a call counts every row: what it counts is bound in each.
fn counts_all(call: &AggregateCall, region: &Region) -> bool {
    let is_bound = |own: &LogicalExpr| match own {
        LogicalExpr::Column(name) => region.place(name).is_some() || region.step(name).is_some(),
        _ => false,
    };
    call.function == AggregateFunction::Count
        && !call.distinct
        && call.arguments.iter().all(is_bound)
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
