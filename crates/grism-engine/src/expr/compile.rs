//! Compiles an expression against the schema of its input.

use std::sync::Arc;

use arrow::datatypes::DataType;
use grism_core::{Error, Result, Type, Value, with_stack};
use grism_functions::{COALESCE, FunctionRef, GET, KEY, Operand};
use grism_logical::{BinaryOperator, Column, LogicalExpr, PlanSchema, UnaryOperator};

use super::arithmetic::ArithmeticNode;
use super::dynamic::Dynamic;
use super::lambda::{QuantifiedNode, ReduceNode, TransformNode};
use super::logic::LogicNode;
use super::membership::MembershipCache;
use super::node::Node;
use super::once::{Once, PerValue};
use super::schema_inference::infer_expr_type;
use super::text;
use crate::PhysicalSchema;

impl Node {
    /// The compiled form of `expression`, and the type of its values.
    pub(super) fn compile(
        expression: &LogicalExpr,
        input: &PhysicalSchema,
    ) -> Result<(Self, Type)> {
        let ty = infer_expr_type(expression, input)?;
        let is_leaf = matches!(
            expression,
            LogicalExpr::Literal(_) | LogicalExpr::Column(_) | LogicalExpr::Property { .. }
        );
        if is_leaf || expression.is_volatile() {
            let node = Self::build(expression, input, &ty)?;
            return Ok((node, ty));
        }
        let columns = expression.columns();
        if columns.is_empty() {
            let node = Self::build(expression, input, &ty)?;
            return Ok((Self::Once(Once::new(node)), ty));
        }
        if let Some(name) = columns.first().filter(|_| columns.len() == 1)
            && let Some(column) = input.columns().find(name).filter(|column| column.shared)
        {
            let plain = Column::new(name, column.ty.clone());
            let alone = PhysicalSchema::from(PlanSchema::new(vec![plain]));
            let (node, ty) = Self::compile(expression, &alone)?;
            let schema = Arc::clone(alone.arrow());
            let per_value = PerValue::new(input.index_of(name)?, node, schema);
            return Ok((Self::PerValue(per_value), ty));
        }
        let node = Self::build(expression, input, &ty)?;
        Ok((node, ty))
    }

    /// The compiled form of `expression`, its values brought to the type `wanted`.
    pub(super) fn compile_as(
        expression: &LogicalExpr,
        input: &PhysicalSchema,
        wanted: &Type,
    ) -> Result<Self> {
        let (node, ty) = Self::compile(expression, input)?;
        Ok(node.cast(ty, wanted))
    }

    pub(super) fn cast(self, from: Type, to: &Type) -> Self {
        if &from == to || from.to_arrow() == to.to_arrow() && !from.may_hold_any() {
            return self;
        }
        let is_constant = matches!(self, Self::Constant(_) | Self::Once(_));
        let cast = Self::Cast(Box::new(self), from, to.clone());
        if is_constant {
            return Self::Once(Once::new(cast));
        }
        cast
    }

    fn build(expression: &LogicalExpr, input: &PhysicalSchema, ty: &Type) -> Result<Self> {
        with_stack(|| Self::build_node(expression, input, ty))
    }

    fn build_node(expression: &LogicalExpr, input: &PhysicalSchema, ty: &Type) -> Result<Self> {
        if let Some(dynamic) = Dynamic::compile(expression, input, ty)? {
            return Ok(Self::Dynamic(dynamic));
        }
        let node =
            |inner: &LogicalExpr| Self::compile(inner, input).map(|(node, _)| Box::new(node));
        let data_type = || ty.to_arrow();
        Ok(match expression {
            LogicalExpr::Literal(value) => Self::Constant(Operand::scalar(value.to_array(1)?)),
            LogicalExpr::Column(name) => {
                let index = input.index_of(name)?;
                if input.columns().columns[index].shared {
                    Self::SharedColumn(index)
                } else {
                    Self::Column(index)
                }
            }
            LogicalExpr::Property { entity, key, .. } => {
                return Err(Error::internal(format!(
                    "the property {entity}.{key} was not fetched"
                )));
            }
            LogicalExpr::Binary {
                operator,
                left,
                right,
            } => Self::binary(*operator, left, right, input)?,
            LogicalExpr::Logic { operator, operands } => {
                Self::Logic(LogicNode::compile(*operator, operands, input)?)
            }
            LogicalExpr::Arithmetic { first, rest } => {
                Self::Arithmetic(Box::new(ArithmeticNode::compile(first, rest, input)?))
            }
            LogicalExpr::Unary { operator, operand } => match operator {
                UnaryOperator::Not => Self::Not(node(operand)?),
                UnaryOperator::Negate => Self::Negate(node(operand)?),
                UnaryOperator::IsNull => Self::IsNull(node(operand)?, false),
                UnaryOperator::IsNotNull => Self::IsNull(node(operand)?, true),
            },
            LogicalExpr::Case {
                branches,
                otherwise,
            } => {
                let mut compiled = branches
                    .iter()
                    .map(|(when, then)| {
                        Ok((
                            Some(Self::compile_as(when, input, &Type::Bool)?),
                            Self::compile_as(then, input, ty)?,
                        ))
                    })
                    .collect::<Result<Vec<_>>>()?;
                if let Some(otherwise) = otherwise {
                    compiled.push((None, Self::compile_as(otherwise, input, ty)?));
                }
                Self::Choose {
                    branches: compiled,
                    data_type: data_type(),
                    stop_at_value: false,
                }
            }
            LogicalExpr::Function {
                function,
                arguments,
            } => Self::function(function, arguments, input, ty)?,
            LogicalExpr::List(items) => {
                let item = match ty {
                    Type::List(item) => &**item,
                    _ => &Type::Null,
                };
                let items = items
                    .iter()
                    .map(|inner| Self::compile_as(inner, input, item))
                    .collect::<Result<_>>()?;
                Self::List(items, data_type())
            }
            LogicalExpr::Map(entries) => {
                let values = entries
                    .iter()
                    .map(|(_, value)| Ok(Self::compile(value, input)?.0))
                    .collect::<Result<Vec<_>>>()?;
                Self::Map(values, data_type())
            }
            LogicalExpr::Field { base, key } => Self::Field(node(base)?, key.clone()),
            LogicalExpr::Index { base, index } => {
                Self::Index(node(base)?, node(index)?, data_type())
            }
            LogicalExpr::Slice { base, lower, upper } => Self::Slice(
                node(base)?,
                lower.as_deref().map(node).transpose()?,
                upper.as_deref().map(node).transpose()?,
                data_type(),
            ),
            LogicalExpr::Convert { operand, ty } => {
                let (inner, from) = Self::compile(operand, input)?;
                Self::Cast(Box::new(inner), from, ty.clone())
            }
            // A comprehension over null is null.
            LogicalExpr::Transform { .. } if ty == &Type::Null => {
                Self::Constant(Operand::null(&data_type()))
            }
            LogicalExpr::Transform {
                list,
                variable,
                predicate,
                projection,
            } => Self::Transform(TransformNode::compile(
                list,
                variable,
                predicate.as_deref(),
                projection.as_deref(),
                input,
                ty,
            )?),
            LogicalExpr::Quantified {
                quantifier,
                list,
                variable,
                predicate,
            } => Self::Quantified(QuantifiedNode::compile(
                *quantifier,
                list,
                variable,
                predicate,
                input,
            )?),
            LogicalExpr::Reduce {
                accumulator,
                initial,
                variable,
                list,
                step,
                ty,
            } => Self::Reduce(ReduceNode::compile(
                accumulator,
                initial,
                variable,
                list,
                step,
                ty,
                input,
            )?),
            LogicalExpr::TableIn { entity, tables } => {
                Self::TableIn(node(entity)?, Arc::clone(tables))
            }
            LogicalExpr::TableLookup { entity, values, ty } => {
                let places = values
                    .iter()
                    .zip(0..)
                    .map(|((table, _), place)| (*table, place))
                    .collect();
                let constants: Vec<Value> = values.iter().map(|(_, value)| value.clone()).collect();
                Self::TableLookup {
                    entity: node(entity)?,
                    places,
                    values: Value::column(&constants, &ty.to_arrow())?,
                }
            }
        })
    }

    fn function(
        function: &FunctionRef,
        arguments: &[LogicalExpr],
        input: &PhysicalSchema,
        ty: &Type,
    ) -> Result<Self> {
        let Some(function) = function.built_in() else {
            return Err(Error::unsupported(function.called()));
        };
        if function == &COALESCE {
            let branches = arguments
                .iter()
                .map(|argument| Ok((None, Self::compile_as(argument, input, ty)?)))
                .collect::<Result<_>>()?;
            return Ok(Self::Choose {
                branches,
                data_type: ty.to_arrow(),
                stop_at_value: true,
            });
        }
        if function == &KEY {
            let (inner, ty) = Self::compile(&arguments[0], input)?;
            return Ok(Self::Key(Box::new(inner), ty));
        }
        let compiled = arguments
            .iter()
            .map(|argument| Self::compile(argument, input))
            .collect::<Result<Vec<_>>>()?;
        let types: Vec<Type> = compiled.iter().map(|(_, ty)| ty.clone()).collect();
        let by_value = function == &GET || function.is_by_value(&types);
        let mut compiled: Vec<Self> = compiled
            .into_iter()
            .map(|(node, ty)| {
                if by_value && ty.may_hold_entity() {
                    node.cast(ty, &Type::Any)
                } else {
                    node
                }
            })
            .collect();
        if function == &GET {
            let [base, key] = &mut compiled[..] else {
                return Err(Error::internal("a lookup has two arguments"));
            };
            let take = |node: &mut Self| {
                let null = Self::Constant(Operand::null(&DataType::Null));
                Box::new(std::mem::replace(node, null))
            };
            return Ok(Self::Get(take(base), take(key), ty.to_arrow()));
        }
        Ok(if by_value {
            Self::Values(function, compiled, ty.to_arrow())
        } else {
            Self::Function(function, compiled, ty.to_arrow())
        })
    }

    fn is_in(needle: Self, list: Self) -> Self {
        Self::In(Box::new(needle), Box::new(list), MembershipCache::default())
    }

    fn binary(
        operator: BinaryOperator,
        left: &LogicalExpr,
        right: &LogicalExpr,
        input: &PhysicalSchema,
    ) -> Result<Self> {
        let ((a, a_type), (b, b_type)) =
            (Self::compile(left, input)?, Self::compile(right, input)?);
        let dynamic = a_type.may_hold_any() || b_type.may_hold_any();
        Ok(match operator {
            BinaryOperator::In => {
                let mixed = match &b_type {
                    Type::List(item) => **item != a_type,
                    _ => false,
                };
                let entities = a_type.may_hold_entity() || b_type.may_hold_entity();
                if dynamic || mixed && entities {
                    let (a, b) = (
                        a.cast(a_type, &Type::Any),
                        b.cast(b_type, &Type::Any.list()),
                    );
                    return Ok(Self::is_in(a, b));
                }
                Self::is_in(a, b)
            }
            BinaryOperator::StartsWith | BinaryOperator::EndsWith | BinaryOperator::Contains => {
                Self::TextPredicate(operator, Box::new(a), Box::new(b))
            }
            BinaryOperator::RegexMatch => {
                // A wrong one is an error only where a row reaches it.
                let compiled = match right {
                    LogicalExpr::Literal(Value::String(source)) => text::whole_regex(source).ok(),
                    _ => None,
                };
                Self::Regex(Box::new(a), Box::new(b), compiled)
            }
            BinaryOperator::Equal
            | BinaryOperator::NotEqual
            | BinaryOperator::Less
            | BinaryOperator::LessOrEqual
            | BinaryOperator::Greater
            | BinaryOperator::GreaterOrEqual => {
                let entities = a_type.may_hold_entity() || b_type.may_hold_entity();
                let alike = a_type.to_arrow() == b_type.to_arrow();
                if dynamic || entities && !alike {
                    let (a, b) = (a.cast(a_type, &Type::Any), b.cast(b_type, &Type::Any));
                    return Ok(Self::Compare(operator, Box::new(a), Box::new(b)));
                }
                Self::Compare(operator, Box::new(a), Box::new(b))
            }
        })
    }
}
