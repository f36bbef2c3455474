//! Compiles an expression against the schema of its input.

use std::sync::Arc;

use datafusion_physical_expr::expressions::{IsNotNullExpr, IsNullExpr, Literal, NotExpr};
use grism_core::{Error, Result, Type, with_stack};
use grism_logical::{BinaryOperator, Column, LogicalExpr, PlanSchema, UnaryOperator};

use super::arithmetic::Arithmetic;
use super::cast::Cast;
use super::choose::Choose;
use super::column::column;
use super::compare::compare;
use super::constant::{Constant, constant, null};
use super::dynamic::Dynamic;
use super::field::Entry;
use super::function::compile_call;
use super::index::Index;
use super::lambda::{Quantified, Reduce, Transform};
use super::list::List;
use super::logic::Logic;
use super::map::Map;
use super::membership::In;
use super::negate::Negate;
use super::node::{Node, OwnExpr};
use super::of_two::OfTwo;
use super::once::Once;
use super::per_value::PerValue;
use super::regex::RegexMatch;
use super::schema_inference::infer_expr_type;
use super::slice::Slice;
use super::table::{TableIn, TableLookup};
use super::text_predicate::text_predicate;
use crate::PhysicalSchema;

/// The compiled form of `expression`, and the type of its values.
pub(super) fn compile(expression: &LogicalExpr, input: &PhysicalSchema) -> Result<(Node, Type)> {
    let ty = infer_expr_type(expression, input)?;
    let is_leaf = matches!(
        expression,
        LogicalExpr::Literal(_) | LogicalExpr::Column(_) | LogicalExpr::Property { .. }
    );
    if is_leaf || expression.is_volatile() {
        return Ok((build(expression, input, &ty)?, ty));
    }
    let columns = expression.columns();
    if columns.is_empty() {
        let node = build(expression, input, &ty)?;
        return Ok((Once::node(node, ty.to_arrow()), ty));
    }
    if let Some(name) = columns.first().filter(|_| columns.len() == 1)
        && let Some(column) = input.columns().find(name).filter(|column| column.shared)
    {
        let plain = Column::new(name, column.ty.clone());
        let alone = PhysicalSchema::from(PlanSchema::new(vec![plain]));
        let (node, ty) = compile(expression, &alone)?;
        let schema = Arc::clone(alone.arrow());
        let per_value = PerValue::node(input.index_of(name)?, node, schema, ty.to_arrow());
        return Ok((per_value, ty));
    }
    Ok((build(expression, input, &ty)?, ty))
}

/// The compiled form of `expression`, its values brought to the type `wanted`.
pub(super) fn compile_as(
    expression: &LogicalExpr,
    input: &PhysicalSchema,
    wanted: &Type,
) -> Result<Node> {
    let (node, ty) = compile(expression, input)?;
    Ok(cast(node, ty, wanted))
}

/// `node`, of the type `from`, as the type `to`; itself where both have one form.
pub(super) fn cast(node: Node, from: Type, to: &Type) -> Node {
    if &from == to || from.to_arrow() == to.to_arrow() && !from.may_hold_any() {
        return node;
    }
    let is_constant = node.downcast_ref::<Literal>().is_some()
        || OwnExpr::of::<Constant>(&node).is_some()
        || OwnExpr::of::<Once>(&node).is_some();
    let cast = Cast::node(node, from, to);
    if is_constant {
        return Once::node(cast, to.to_arrow());
    }
    cast
}

fn build(expression: &LogicalExpr, input: &PhysicalSchema, ty: &Type) -> Result<Node> {
    with_stack(|| build_node(expression, input, ty))
}

fn build_node(expression: &LogicalExpr, input: &PhysicalSchema, ty: &Type) -> Result<Node> {
    if let Some(dynamic) = Dynamic::compile(expression, input, ty)? {
        return Ok(dynamic);
    }
    let node = |inner: &LogicalExpr| compile(inner, input).map(|(node, _)| node);
    match expression {
        LogicalExpr::Literal(value) => constant(value),
        LogicalExpr::Column(name) => column(name, input),
        LogicalExpr::Property { entity, key, .. } => Err(Error::internal(format!(
            "the property {entity}.{key} was not fetched"
        ))),
        LogicalExpr::Binary {
            operator,
            left,
            right,
        } => binary(*operator, left, right, input),
        LogicalExpr::Logic { operator, operands } => Logic::compile(*operator, operands, input),
        LogicalExpr::Arithmetic { first, rest } => Arithmetic::compile(first, rest, input),
        LogicalExpr::Unary { operator, operand } => Ok(match operator {
            UnaryOperator::Not => Arc::new(NotExpr::new(compile_as(operand, input, &Type::Bool)?)),
            UnaryOperator::Negate => Negate::node(node(operand)?, ty.to_arrow()),
            UnaryOperator::IsNull => Arc::new(IsNullExpr::new(node(operand)?)),
            UnaryOperator::IsNotNull => Arc::new(IsNotNullExpr::new(node(operand)?)),
        }),
        LogicalExpr::Case {
            branches,
            otherwise,
        } => {
            let branches = branches.iter().map(|(when, then)| {
                let when = compile_as(when, input, &Type::Bool)?;
                Ok((when, compile_as(then, input, ty)?))
            });
            let branches = branches.collect::<Result<_>>()?;
            let otherwise = otherwise.as_deref();
            let otherwise = otherwise.map(|otherwise| compile_as(otherwise, input, ty));
            Ok(Choose::case(branches, otherwise.transpose()?, ty))
        }
        LogicalExpr::Function {
            function,
            arguments,
        } => compile_call(function, arguments, input, ty),
        LogicalExpr::List(items) => {
            let item = match ty {
                Type::List(item) => &**item,
                _ => &Type::Null,
            };
            let items = items.iter().map(|inner| compile_as(inner, input, item));
            Ok(List::node(items.collect::<Result<_>>()?, ty.to_arrow()))
        }
        LogicalExpr::Map(entries) => {
            let values = entries.iter().map(|own| node(&own.expression));
            Map::node(values.collect::<Result<_>>()?, ty.to_arrow())
        }
        LogicalExpr::Field { base, key } => Ok(Entry::node(node(base)?, key, ty.to_arrow())),
        LogicalExpr::Index { base, index } => {
            Ok(Index::node(node(base)?, node(index)?, ty.to_arrow()))
        }
        LogicalExpr::Slice { base, lower, upper } => {
            let (lower, upper) = (lower.as_deref().map(node), upper.as_deref().map(node));
            Ok(Slice::node(
                node(base)?,
                lower.transpose()?,
                upper.transpose()?,
                ty.to_arrow(),
            ))
        }
        LogicalExpr::Convert { operand, ty } => {
            let (inner, from) = compile(operand, input)?;
            Ok(Cast::node(inner, from, ty))
        }
        // A comprehension over null is null.
        LogicalExpr::Transform { .. } if ty == &Type::Null => null(&ty.to_arrow()),
        LogicalExpr::Transform {
            list,
            variable,
            predicate,
            projection,
        } => {
            let (predicate, projection) = (predicate.as_deref(), projection.as_deref());
            Transform::compile(list, variable, predicate, projection, input, ty)
        }
        LogicalExpr::Quantified {
            quantifier,
            list,
            variable,
            predicate,
        } => Quantified::compile(*quantifier, list, variable, predicate, input),
        LogicalExpr::Reduce {
            accumulator,
            initial,
            variable,
            list,
            step,
            ty,
        } => Reduce::compile(accumulator, initial, variable, list, step, ty, input),
        LogicalExpr::TableIn { entity, tables } => {
            Ok(TableIn::node(node(entity)?, Arc::clone(tables)))
        }
        LogicalExpr::TableLookup { entity, values, ty } => {
            TableLookup::node(node(entity)?, values, ty)
        }
    }
}

fn binary(
    operator: BinaryOperator,
    left: &LogicalExpr,
    right: &LogicalExpr,
    input: &PhysicalSchema,
) -> Result<Node> {
    let ((a, a_type), (b, b_type)) = (compile(left, input)?, compile(right, input)?);
    let dynamic = a_type.may_hold_any() || b_type.may_hold_any();
    let entities = a_type.may_hold_entity() || b_type.may_hold_entity();
    Ok(match operator {
        BinaryOperator::In => {
            let mixed = match &b_type {
                Type::List(item) => **item != a_type,
                _ => false,
            };
            if dynamic || mixed && entities {
                let a = cast(a, a_type, &Type::Any);
                return Ok(In::node(a, cast(b, b_type, &Type::Any.list())));
            }
            In::node(a, b)
        }
        BinaryOperator::StartsWith | BinaryOperator::EndsWith | BinaryOperator::Contains => {
            OfTwo::node(operator, a, b, text_predicate)
        }
        BinaryOperator::RegexMatch => RegexMatch::node(a, b, right),
        BinaryOperator::Equal
        | BinaryOperator::NotEqual
        | BinaryOperator::Less
        | BinaryOperator::LessOrEqual
        | BinaryOperator::Greater
        | BinaryOperator::GreaterOrEqual => {
            let alike = a_type.to_arrow() == b_type.to_arrow();
            if dynamic || entities && !alike {
                let a = cast(a, a_type, &Type::Any);
                let b = cast(b, b_type, &Type::Any);
                return Ok(OfTwo::node(operator, a, b, compare));
            }
            OfTwo::node(operator, a, b, compare)
        }
    })
}
