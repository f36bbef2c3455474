//! Grouping and sorting: values are compared by keys where Arrow's own order and equality are not Cypher's.

use std::sync::Arc;

use grism_core::{Result, Type, Value};
use grism_functions::{FLOAT_KEY, KEY};
use grism_logical::{
    Aggregate, AggregateCall, AggregateFunction, AggregateRef, Internal, LogicalExpr, LogicalPlan,
    NamedAggregate, NamedExpr, SortKey, UnaryOperator,
};

use super::build::Builder;
use super::columns::{with_keys, without_internal};
use crate::expr::schema_inference::infer_expr_type;
use crate::operators::{
    AggregateColumn, FlattenExec, GroupKey, HashAggregateExec, ProjectExec, SortExec,
    reads_one_shared,
};
use crate::{OrderedBy, PhysicalOperator, PhysicalSchema, UnaryExec};

impl Builder {
    /// Groups. Values that are equal and yet differ (1 and 1.0, one instant in two zones) are grouped by a key beside
    /// them, and the least of them stands for the group.
    pub(super) fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Arc<dyn PhysicalOperator>> {
        let input = self.build(&aggregate.input)?;
        let mut columns = Vec::new();
        let mut keys = Vec::new();
        let mut aggregates = Vec::new();
        let mut results = Vec::new();
        let mut shared = Vec::new();
        for (index, own) in aggregate.keys.iter().enumerate() {
            let NamedExpr {
                expression: key,
                name,
            } = own;
            let ty = infer_expr_type(key, input.schema())?;
            if !needs_key(&ty) {
                columns.push(own.clone());
                keys.push(GroupKey {
                    name: name.clone(),
                    text: key.to_string(),
                    value: None,
                });
                results.push(NamedExpr::column(name));
                continue;
            }
            let by = Internal::GroupKey(index).column();
            let value = Internal::GroupValue(index).column();
            columns.push(LogicalExpr::call(&KEY, vec![key.clone()]).named(&by));
            columns.push(key.clone().convert(&ty, &Type::Any).named(&value));
            let result = LogicalExpr::column(&value).convert(&Type::Any, &ty);
            results.push(result.named(name));
            // What rows share is grouped by a number, and neither key nor value is copied for each row.
            let is_shared = reads_one_shared(key, input.schema());
            if is_shared {
                shared.extend([by.clone(), value.clone()]);
            } else {
                aggregates.push(AggregateColumn {
                    function: AggregateFunction::Min.into(),
                    arguments: vec![value.clone()],
                    distinct: false,
                    name: value.clone(),
                    text: format!("any({key})"),
                });
            }
            keys.push(GroupKey {
                name: by,
                text: key.to_string(),
                value: is_shared.then_some(value),
            });
        }
        for (index, NamedAggregate { call, name }) in aggregate.aggregates.iter().enumerate() {
            let arguments = arguments_of(call, index, input.schema())?;
            let result = match &arguments.result {
                Some(ty) => LogicalExpr::column(name).convert(&Type::Any, ty),
                None => LogicalExpr::column(name),
            };
            results.push(result.named(name));
            let names = arguments.columns.iter().map(|own| own.name.clone());
            aggregates.push(AggregateColumn {
                function: call.function.clone(),
                arguments: names.collect(),
                distinct: call.distinct,
                name: name.clone(),
                text: call.to_string(),
            });
            columns.extend(arguments.columns);
        }
        let plain = results.iter().all(NamedExpr::is_own_column);
        let projected = UnaryExec::over(input, ProjectExec::sharing(columns))?;
        let projected = FlattenExec::over_except(projected, shared)?;
        let grouped = HashAggregateExec::new(projected.schema().clone(), keys, aggregates);
        let grouped = UnaryExec::over(projected, grouped)?;
        if plain {
            return Ok(grouped);
        }
        UnaryExec::over(grouped, ProjectExec::sharing(results))
    }

    pub(super) fn sort(
        &mut self,
        input: &LogicalPlan,
        keys: &[SortKey],
        fetch: Option<usize>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let input = self.build(input)?;
        let columns = input.schema().columns().columns.clone();
        let ordered = keys
            .iter()
            .map(|key| {
                let (own, ty) = (
                    &key.expression,
                    infer_expr_type(&key.expression, input.schema())?,
                );
                Ok(match ty {
                    ty if needs_key(&ty) => LogicalExpr::call(&KEY, vec![own.clone()]),
                    Type::Float64 => LogicalExpr::call(&FLOAT_KEY, vec![own.clone()]),
                    _ => own.clone(),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let (input, names) = with_keys(input, ordered.iter(), Internal::SortKey)?;
        let keys = names
            .into_iter()
            .zip(keys)
            .map(|(column, key)| OrderedBy {
                column,
                descending: key.descending,
            })
            .collect();
        let sorted = UnaryExec::over(input, SortExec::new(keys, fetch))?;
        without_internal(sorted, &columns, None)
    }
}

/// What an aggregate is computed of.
struct Arguments {
    /// Its arguments, as it takes them, and the columns they are in.
    columns: Vec<NamedExpr>,
    /// The type that the result is brought back to, where the arguments became dynamically typed.
    result: Option<Type>,
}

fn arguments_of(call: &AggregateCall, index: usize, input: &PhysicalSchema) -> Result<Arguments> {
    match &call.function {
        AggregateRef::BuiltIn(function) => built_in_argument(*function, call, index, input),
        AggregateRef::User(function) => {
            let parameters = &function.signature().parameters;
            let mut columns = Vec::new();
            for (place, (argument, parameter)) in call.arguments.iter().zip(parameters).enumerate()
            {
                let ty = infer_expr_type(argument, input)?;
                // Whether values have the type, where that shows only while the query runs, is the aggregate's to see.
                let expression = match ty {
                    Type::Any => argument.clone(),
                    ty => argument.clone().convert(&ty, &parameter.column_type()),
                };
                let call = index;
                let part = Internal::ArgumentPart { call, place };
                columns.push(expression.named(part.column()));
            }
            if call.distinct {
                let key = LogicalExpr::call(&KEY, vec![LogicalExpr::List(call.arguments.clone())]);
                columns.push(key.named(Internal::ArgumentKey(index).column()));
            }
            Ok(Arguments {
                columns,
                result: None,
            })
        }
    }
}

fn built_in_argument(
    function: AggregateFunction,
    call: &AggregateCall,
    index: usize,
    input: &PhysicalSchema,
) -> Result<Arguments> {
    let Some(argument) = call.arguments.first() else {
        return Ok(Arguments {
            columns: Vec::new(),
            result: None,
        });
    };
    let ty = infer_expr_type(argument, input)?;
    let (by_key, counts) = (needs_key(&ty), function == AggregateFunction::Count);
    let is_ordered = matches!(function, AggregateFunction::Min | AggregateFunction::Max);
    let mut expression = argument.clone();
    if call.distinct && counts && by_key {
        expression = LogicalExpr::call(&KEY, vec![expression]);
    } else if is_ordered && by_key {
        expression = expression.convert(&ty, &Type::Any);
    } else if counts && by_key {
        // Values that are only counted are not copied for it.
        expression = known(expression);
    } else if call.distinct && ty == Type::Float64 {
        expression = LogicalExpr::call(&FLOAT_KEY, vec![expression]);
    }
    Ok(Arguments {
        columns: vec![expression.named(Internal::Argument(index).column())],
        result: (is_ordered && by_key).then_some(ty),
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
