//! Where an expression of DataFusion stands for one of Cypher, it gives the same for random values.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::record_batch::RecordBatch;
use datafusion_physical_expr::expressions::{Column, IsNotNullExpr, IsNullExpr, Literal, NotExpr};
use grism_core::{Type, Value};
use grism_logical::{Column as PlanColumn, LogicalExpr, PlanSchema, UnaryOperator};

use crate::expr::compile::compile;
use crate::{ExprEvaluator, PhysicalSchema};

const ROWS: usize = 500;

/// Numbers that look random, the same in every run.
fn random(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn random_value(ty: &Type, state: &mut u64) -> Value {
    if random(state).is_multiple_of(4) {
        return Value::Null;
    }
    let odd = random(state) % 6;
    match ty {
        Type::Bool => Value::Bool(odd.is_multiple_of(2)),
        Type::Int64 => Value::Int64(match odd {
            0 => i64::MIN,
            1 => i64::MAX,
            odd => odd as i64 - 3,
        }),
        Type::Float64 => Value::Float64(match odd {
            0 => f64::NAN,
            1 => f64::NEG_INFINITY,
            2 => -0.0,
            3 => f64::MAX,
            odd => odd as f64 / 3.0,
        }),
        Type::List(item) => Value::List((0..odd).map(|_| random_value(item, state)).collect()),
        Type::Any => match odd {
            0 => Value::Int64(1),
            1 => Value::Float64(f64::NAN),
            2 => Value::List(vec![Value::Null]),
            _ => Value::String("mixed".to_owned()),
        },
        _ => Value::String(odd.to_string()),
    }
}

fn values(expression: &LogicalExpr, schema: &PhysicalSchema, column: &ArrayRef) -> Vec<Value> {
    let batch = RecordBatch::try_new(Arc::clone(schema.arrow()), vec![Arc::clone(column)]);
    let evaluator = ExprEvaluator::try_new(expression, schema).unwrap();
    let found = evaluator.evaluate(&batch.unwrap()).unwrap();
    (0..found.len())
        .map(|row| Value::from_typed(&found, row, evaluator.value_type()).unwrap())
        .collect()
}

#[test]
fn expressions_of_datafusion_mean_what_cypher_means() {
    let mut state = 7;
    for ty in [
        Type::Null,
        Type::Bool,
        Type::Int64,
        Type::Float64,
        Type::String,
        Type::Int64.list(),
        Type::Any,
    ] {
        let schema = PlanSchema::new(vec![PlanColumn::new("x", ty.clone())]);
        let schema = PhysicalSchema::from(schema);
        let own: Vec<Value> = (0..ROWS)
            .map(|_| match ty {
                Type::Null => Value::Null,
                _ => random_value(&ty, &mut state),
            })
            .collect();
        let column = Value::column(&own, &ty.to_arrow()).unwrap();
        let x = || LogicalExpr::column("x");
        let is = |expression: &LogicalExpr| values(expression, &schema, &column);
        // NaN is unlike itself, so that values are compared as they are written.
        let texts = |values: Vec<Value>| values.iter().map(Value::to_string).collect::<Vec<_>>();

        let (node, _) = compile(&x(), &schema).unwrap();
        assert!(node.downcast_ref::<Column>().is_some());
        assert_eq!(texts(is(&x())), texts(own.clone()), "{ty}");

        let is_null = x().unary(UnaryOperator::IsNull);
        let (node, _) = compile(&is_null, &schema).unwrap();
        assert!(node.downcast_ref::<IsNullExpr>().is_some());
        let nulls = own.iter().map(|own| Value::Bool(own.is_null()));
        assert_eq!(is(&is_null), nulls.collect::<Vec<_>>(), "{ty}");

        let is_not_null = x().unary(UnaryOperator::IsNotNull);
        let (node, _) = compile(&is_not_null, &schema).unwrap();
        assert!(node.downcast_ref::<IsNotNullExpr>().is_some());
        let valid = own.iter().map(|own| Value::Bool(!own.is_null()));
        assert_eq!(is(&is_not_null), valid.collect::<Vec<_>>(), "{ty}");

        if matches!(ty, Type::Bool | Type::Null) {
            let not = x().unary(UnaryOperator::Not);
            let (node, _) = compile(&not, &schema).unwrap();
            assert!(node.downcast_ref::<NotExpr>().is_some());
            let negated = own.iter().map(|own| match own {
                Value::Bool(own) => Value::Bool(!own),
                _ => Value::Null,
            });
            assert_eq!(is(&not), negated.collect::<Vec<_>>());
        }
        for value in own.into_iter().take(20) {
            let (node, _) = compile(&LogicalExpr::Literal(value.clone()), &schema).unwrap();
            let is_small = matches!(
                value,
                Value::Null | Value::Bool(_) | Value::Int64(_) | Value::Float64(_)
            );
            assert_eq!(node.downcast_ref::<Literal>().is_some(), is_small);
            let found = is(&LogicalExpr::Literal(value.clone()));
            assert_eq!(texts(found), vec![value.to_string(); ROWS]);
        }
    }
}
