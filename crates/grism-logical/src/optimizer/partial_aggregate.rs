//! Aggregates in two steps: of small groups, and of groups that consist of these.

use grism_core::{Result, Type, Value};

use super::Facts;
use super::planted::is_planted;
use crate::{
    AggregateCall, AggregateFunction, ArithmeticOperator, BinaryOperator, Internal, LogicalExpr,
    NamedAggregate, NamedExpr, PlanSchema, infer_type, property_of_key,
};

/// What aggregates compute of small groups, and what is made of it for those that consist of them.
#[derive(Default)]
pub(super) struct PartialAggregate {
    /// Of small groups.
    pub(super) parts: Vec<NamedAggregate>,
    /// Of the parts.
    pub(super) whole: Vec<NamedAggregate>,
    /// Of the columns of `whole`: the results.
    pub(super) results: Vec<NamedExpr>,
}

impl PartialAggregate {
    /// Both steps of these calls over rows of `schema`; `None` where a call is not computed so: with DISTINCT, of lists, of a
    /// user, and sums of integers whose parts may overflow where the sum does not.
    ///
    /// # Errors
    /// Those of type inference.
    pub(super) fn of(
        calls: &[NamedAggregate],
        schema: &PlanSchema,
        facts: Facts<'_>,
    ) -> Result<Option<Self>> {
        let mut own = Self::default();
        for (number, NamedAggregate { call, name }) in calls.iter().enumerate() {
            let is_volatile = call.arguments.iter().any(LogicalExpr::is_volatile);
            let Some(function) = call.function.built_in().filter(|_| !is_volatile) else {
                return Ok(None);
            };
            let ty = match call.arguments.first() {
                Some(argument) => Some(infer_type(argument, schema)?),
                None => None,
            };
            let column = |part: usize| Internal::GroupedPart { call: number, part }.column();
            let above = |function: AggregateFunction| {
                AggregateCall::new(function, vec![LogicalExpr::column(column(0))])
            };
            match (function, ty) {
                (AggregateFunction::Min | AggregateFunction::Max, _) => {
                    own.parts.push(call.clone().named(column(0)));
                    own.whole.push(above(function).named(name));
                }
                _ if call.distinct => return Ok(None),
                (AggregateFunction::Count, _) if is_planted("group_entities") => {
                    own.parts.push(call.clone().named(column(0)));
                    own.whole.push(above(AggregateFunction::Count).named(name));
                }
                (AggregateFunction::Count, _) | (AggregateFunction::Sum, Some(Type::Float64)) => {
                    own.parts.push(call.clone().named(column(0)));
                    own.whole.push(above(AggregateFunction::Sum).named(name));
                }
                (AggregateFunction::Sum, Some(Type::Int64))
                    if is_small(&call.arguments[0], schema, facts) =>
                {
                    own.parts.push(call.clone().named(column(0)));
                    own.whole.push(above(AggregateFunction::Sum).named(name));
                }
                (AggregateFunction::Avg, Some(ty @ (Type::Int64 | Type::Float64))) => {
                    let argument = call.arguments[0].clone();
                    let float = argument.clone().convert(&ty, &Type::Float64);
                    let (total, known) = (
                        Internal::TotalOf(name).column(),
                        Internal::KnownOf(name).column(),
                    );
                    let steps = [
                        (AggregateFunction::Sum, float, total.clone()),
                        (AggregateFunction::Count, argument, known.clone()),
                    ];
                    for (part, (function, argument, whole)) in steps.into_iter().enumerate() {
                        let part = column(part);
                        let of_part = vec![LogicalExpr::column(&part)];
                        own.parts
                            .push(AggregateCall::new(function, vec![argument]).named(part));
                        let sum = AggregateCall::new(AggregateFunction::Sum, of_part);
                        own.whole.push(sum.named(whole));
                    }
                    own.results.push(mean(&total, &known).named(name));
                    continue;
                }
                _ => return Ok(None),
            }
            own.results.push(NamedExpr::column(name));
        }
        Ok(Some(own))
    }
}

/// The greatest integer, either way, that four billion of can be added up.
const SMALL: u64 = 1 << 31;

/// Whether an expression is a property of which statistics say that its values are small.
fn is_small(expression: &LogicalExpr, schema: &PlanSchema, facts: Facts<'_>) -> bool {
    let LogicalExpr::Property { entity, key, .. } = expression else {
        return false;
    };
    let Some(tables) = schema.find(entity).and_then(|own| own.ty.tables()) else {
        return false;
    };
    let small = |bound: &Option<Value>| matches!(bound, Some(Value::Int64(own)) if own.unsigned_abs() <= SMALL);
    let Some(name) = property_of_key(key) else {
        return false;
    };
    tables.iter().all(|table| {
        let statistics = facts.statistics.tables.get(table);
        let own = statistics.and_then(|own| own.properties.get(name));
        own.is_some_and(|own| own.values == 0 || small(&own.least) && small(&own.greatest))
    })
}

/// `total / known`, null where nothing is known.
pub(super) fn mean(total: &str, known: &str) -> LogicalExpr {
    let is_any = LogicalExpr::column(known).binary(
        BinaryOperator::Greater,
        LogicalExpr::Literal(Value::Int64(0)),
    );
    let divisor = LogicalExpr::column(known).convert(&Type::Int64, &Type::Float64);
    let mean = LogicalExpr::column(total).arithmetic(ArithmeticOperator::Divide, divisor);
    LogicalExpr::Case {
        branches: vec![(is_any, mean)],
        otherwise: None,
    }
}
