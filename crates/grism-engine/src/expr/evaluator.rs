//! The evaluator: a compiled expression.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, UInt64Array};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{EntityId, Error, Result, TableId, Tables, Type, Value};
use grism_logical::{BinaryOperator, LogicalExpr, ScalarFunction, UnaryOperator};
use regex::Regex;

use super::dynamic::Dynamic;
use super::lambda::{QuantifiedNode, ReduceNode, TransformNode};
use super::operand::Operand;
use super::schema_inference::infer_expr_type;
use super::{arithmetic, case, compare, convert, list, logic, math, text, values};
use crate::PhysicalSchema;

/// An expression compiled against the schema of its input.
#[derive(Debug)]
pub struct ExprEvaluator {
    root: Node,
    ty: Type,
}

impl ExprEvaluator {
    /// Compiles `expression`.
    ///
    /// # Errors
    /// `InvalidQuery` for a type error or a wrong regular expression; `Internal` for a column that is not there.
    pub fn try_new(expression: &LogicalExpr, input: &PhysicalSchema) -> Result<Self> {
        let (root, ty) = Node::compile(expression, input)?;
        Ok(Self { root, ty })
    }

    /// The type of the values.
    #[must_use]
    pub fn value_type(&self) -> &Type {
        &self.ty
    }

    /// The value of the expression for every row of `batch`.
    ///
    /// # Errors
    /// `InvalidData` for integer overflow, division by zero and the like.
    pub fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        self.root
            .evaluate(batch)?
            .cast(&self.ty.to_arrow())?
            .into_column(batch.num_rows())
    }

    /// The rows of `batch` for which a boolean expression is true; null is not true.
    ///
    /// # Errors
    /// As [`Self::evaluate`]; `InvalidQuery` where a value is no boolean.
    pub fn evaluate_predicate(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let flags = self.root.evaluate(batch)?.into_column(batch.num_rows())?;
        Operand::column(flags).booleans()
    }
}

/// A compiled expression.
#[derive(Debug)]
pub(super) enum Node {
    Constant(Operand),
    Column(usize),
    Compare(BinaryOperator, Box<Node>, Box<Node>),
    Logic(BinaryOperator, Box<Node>, Box<Node>),
    Arithmetic(BinaryOperator, Box<Node>, Box<Node>, DataType),
    TextPredicate(BinaryOperator, Box<Node>, Box<Node>),
    Regex(Box<Node>, Box<Node>, Option<Regex>),
    In(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    IsNull(Box<Node>, bool),
    Choose {
        branches: Vec<(Option<Node>, Node)>,
        data_type: DataType,
        stop_at_value: bool,
    },
    Function(ScalarFunction, Vec<Node>, DataType),
    /// A function that is computed value by value.
    Values(ScalarFunction, Vec<Node>, DataType),
    /// An operator whose operands' types are known only at run time.
    Dynamic(Dynamic),
    Cast(Box<Node>, Type, Type),
    Key(Box<Node>, Type),
    List(Vec<Node>, DataType),
    Map(Vec<Node>, DataType),
    Field(Box<Node>, String),
    Index(Box<Node>, Box<Node>, DataType),
    Slice(Box<Node>, Option<Box<Node>>, Option<Box<Node>>, DataType),
    Transform(TransformNode),
    Quantified(QuantifiedNode),
    Reduce(ReduceNode),
    TableIn(Box<Node>, Tables),
    TableLookup {
        entity: Box<Node>,
        places: HashMap<TableId, u32>,
        values: ArrayRef,
    },
}

impl Node {
    /// The compiled form of `expression`, and the type of its values.
    pub(super) fn compile(
        expression: &LogicalExpr,
        input: &PhysicalSchema,
    ) -> Result<(Self, Type)> {
        let ty = infer_expr_type(expression, input)?;
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
        Self::Cast(Box::new(self), from, to.clone())
    }

    fn build(expression: &LogicalExpr, input: &PhysicalSchema, ty: &Type) -> Result<Self> {
        if let Some(dynamic) = Dynamic::compile(expression, input, ty)? {
            return Ok(Self::Dynamic(dynamic));
        }
        let node =
            |inner: &LogicalExpr| Self::compile(inner, input).map(|(node, _)| Box::new(node));
        let data_type = || ty.to_arrow();
        Ok(match expression {
            LogicalExpr::Literal(value) => Self::Constant(Operand::scalar(value.to_array(1)?)),
            LogicalExpr::Column(name) => Self::Column(input.index_of(name)?),
            LogicalExpr::Property { entity, key, .. } => {
                return Err(Error::internal(format!(
                    "the property {entity}.{key} was not fetched"
                )));
            }
            LogicalExpr::Binary {
                operator,
                left,
                right,
            } => Self::binary(*operator, left, right, input, ty)?,
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
                function: ScalarFunction::Coalesce,
                arguments,
            } => {
                let branches = arguments
                    .iter()
                    .map(|argument| Ok((None, Self::compile_as(argument, input, ty)?)))
                    .collect::<Result<_>>()?;
                Self::Choose {
                    branches,
                    data_type: data_type(),
                    stop_at_value: true,
                }
            }
            LogicalExpr::Function {
                function: ScalarFunction::Key,
                arguments,
            } => {
                let (inner, ty) = Self::compile(&arguments[0], input)?;
                Self::Key(Box::new(inner), ty)
            }
            LogicalExpr::Function {
                function,
                arguments,
            } => {
                let compiled = arguments
                    .iter()
                    .map(|argument| Self::compile(argument, input))
                    .collect::<Result<Vec<_>>>()?;
                if values::is_value_function(*function, &compiled) {
                    let widened = compiled.into_iter().map(|(node, ty)| {
                        let wanted = if ty.may_hold_entity() {
                            Type::Any
                        } else {
                            ty.clone()
                        };
                        node.cast(ty, &wanted)
                    });
                    Self::Values(*function, widened.collect(), data_type())
                } else {
                    let plain = compiled.into_iter().map(|(node, _)| node).collect();
                    Self::Function(*function, plain, data_type())
                }
            }
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

    fn binary(
        operator: BinaryOperator,
        left: &LogicalExpr,
        right: &LogicalExpr,
        input: &PhysicalSchema,
        ty: &Type,
    ) -> Result<Self> {
        let ((a, a_type), (b, b_type)) =
            (Self::compile(left, input)?, Self::compile(right, input)?);
        let dynamic = a_type.may_hold_any() || b_type.may_hold_any();
        Ok(match operator {
            BinaryOperator::And | BinaryOperator::Or | BinaryOperator::Xor => {
                Self::Logic(operator, Box::new(a), Box::new(b))
            }
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
                    return Ok(Self::In(Box::new(a), Box::new(b)));
                }
                Self::In(Box::new(a), Box::new(b))
            }
            BinaryOperator::StartsWith | BinaryOperator::EndsWith | BinaryOperator::Contains => {
                Self::TextPredicate(operator, Box::new(a), Box::new(b))
            }
            BinaryOperator::RegexMatch => {
                let compiled = match right {
                    LogicalExpr::Literal(Value::String(source)) => Some(text::whole_regex(source)?),
                    _ => None,
                };
                Self::Regex(Box::new(a), Box::new(b), compiled)
            }
            operator if operator.is_comparison() => {
                let entities = a_type.may_hold_entity() || b_type.may_hold_entity();
                let alike = a_type.to_arrow() == b_type.to_arrow();
                if dynamic || entities && !alike {
                    let (a, b) = (a.cast(a_type, &Type::Any), b.cast(b_type, &Type::Any));
                    return Ok(Self::Compare(operator, Box::new(a), Box::new(b)));
                }
                Self::Compare(operator, Box::new(a), Box::new(b))
            }
            operator => {
                let (a, b) = match ty {
                    // Elements keep their kind only in a list of the result's own type.
                    Type::List(item) => {
                        let widen = |node: Self, own: Type| match own {
                            Type::List(_) => node.cast(own, ty),
                            Type::Any | Type::Null => node,
                            own => node.cast(own, item),
                        };
                        (widen(a, a_type), widen(b, b_type))
                    }
                    _ => (a, b),
                };
                Self::Arithmetic(operator, Box::new(a), Box::new(b), ty.to_arrow())
            }
        })
    }

    pub(super) fn evaluate(&self, batch: &RecordBatch) -> Result<Operand> {
        let rows = batch.num_rows();
        match self {
            Self::Constant(operand) => Ok(operand.clone()),
            Self::Column(index) => Ok(Operand::column(Arc::clone(batch.column(*index)))),
            Self::Compare(operator, a, b) => {
                compare::compare(*operator, &a.evaluate(batch)?, &b.evaluate(batch)?, rows)
            }
            Self::Logic(operator, a, b) => {
                logic::combine(*operator, &a.evaluate(batch)?, &b.evaluate(batch)?, rows)
            }
            Self::Arithmetic(operator, a, b, data_type) => arithmetic::arithmetic(
                *operator,
                &a.evaluate(batch)?,
                &b.evaluate(batch)?,
                rows,
                data_type,
            ),
            Self::TextPredicate(operator, a, b) => {
                text::text_predicate(*operator, &a.evaluate(batch)?, &b.evaluate(batch)?, rows)
            }
            Self::Regex(a, b, compiled) => text::regex_match(
                &a.evaluate(batch)?,
                &b.evaluate(batch)?,
                rows,
                compiled.as_ref(),
            ),
            Self::In(a, b) => compare::is_in(&a.evaluate(batch)?, &b.evaluate(batch)?, rows),
            Self::Not(inner) => logic::negate(&inner.evaluate(batch)?),
            Self::Negate(inner) => arithmetic::negate(&inner.evaluate(batch)?),
            Self::IsNull(inner, negated) => Ok(logic::is_null(&inner.evaluate(batch)?, *negated)),
            Self::Choose {
                branches,
                data_type,
                stop_at_value,
            } => case::choose(branches, batch, data_type, *stop_at_value),
            Self::Function(function, arguments, data_type) => {
                let arguments = arguments
                    .iter()
                    .map(|argument| argument.evaluate(batch))
                    .collect::<Result<Vec<_>>>()?;
                call(*function, &arguments, rows, data_type)
            }
            Self::Values(function, arguments, data_type) => {
                let arguments = arguments
                    .iter()
                    .map(|argument| argument.evaluate(batch))
                    .collect::<Result<Vec<_>>>()?;
                values::call_rows(*function, &arguments, rows, data_type)
            }
            Self::Dynamic(dynamic) => dynamic.evaluate(batch),
            Self::Cast(inner, from, to) => {
                let inner = inner.evaluate(batch)?;
                let array = grism_core::cast_column(inner.array(), from, to)?;
                Ok(Operand::over(&[&inner], array))
            }
            Self::Key(inner, ty) => {
                let inner = inner.evaluate(batch)?;
                let keys = grism_core::key_column(inner.array(), ty)?;
                Ok(Operand::over(&[&inner], keys))
            }
            Self::Transform(transform) => transform.evaluate(batch),
            Self::Quantified(quantified) => quantified.evaluate(batch),
            Self::Reduce(reduce) => reduce.evaluate(batch),
            Self::List(items, data_type) => {
                let items = items
                    .iter()
                    .map(|item| item.evaluate(batch))
                    .collect::<Result<Vec<_>>>()?;
                list::make_list(&items, rows, data_type)
            }
            Self::Map(entries, data_type) => {
                let DataType::Struct(fields) = data_type else {
                    return Err(Error::internal("a map of another type"));
                };
                let entries = entries
                    .iter()
                    .map(|entry| entry.evaluate(batch))
                    .collect::<Result<Vec<_>>>()?;
                list::make_map(&entries, rows, fields)
            }
            Self::Field(base, key) => list::field(&base.evaluate(batch)?, key, rows),
            Self::Index(base, index, data_type) => list::index(
                &base.evaluate(batch)?,
                &index.evaluate(batch)?,
                rows,
                data_type,
            ),
            Self::Slice(base, lower, upper, data_type) => {
                let bound = |bound: &Option<Box<Node>>| {
                    bound
                        .as_ref()
                        .map(|bound| bound.evaluate(batch))
                        .transpose()
                };
                let (lower, upper) = (bound(lower)?, bound(upper)?);
                list::slice(
                    &base.evaluate(batch)?,
                    lower.as_ref(),
                    upper.as_ref(),
                    rows,
                    data_type,
                )
            }
            Self::TableIn(entity, tables) => {
                let entity = entity.evaluate(batch)?;
                let flags: BooleanArray =
                    map_ids(&entity, |id| id.map(|id| tables.contains(&id.table())))?
                        .into_iter()
                        .collect();
                Ok(Operand::over(&[&entity], Arc::new(flags)))
            }
            Self::TableLookup {
                entity,
                places,
                values,
            } => {
                let entity = entity.evaluate(batch)?;
                let indices: arrow::array::UInt32Array = map_ids(&entity, |id| {
                    id.and_then(|id| places.get(&id.table()).copied())
                })?
                .into_iter()
                .collect();
                Ok(Operand::over(
                    &[&entity],
                    arrow::compute::take(values, &indices, None)?,
                ))
            }
        }
    }
}

fn map_ids<T>(entity: &Operand, compute: impl Fn(Option<EntityId>) -> T) -> Result<Vec<T>> {
    if entity.is_null_type() {
        return Ok((0..entity.array().len()).map(|_| compute(None)).collect());
    }
    let ids = entity.as_array::<UInt64Array>()?;
    Ok(ids
        .iter()
        .map(|id| compute(id.map(EntityId::from_raw)))
        .collect())
}

fn call(
    function: ScalarFunction,
    arguments: &[Operand],
    rows: usize,
    data_type: &DataType,
) -> Result<Operand> {
    match function {
        ScalarFunction::ToString
        | ScalarFunction::ToInteger
        | ScalarFunction::ToFloat
        | ScalarFunction::ToBoolean => {
            return convert::convert(function, &arguments[0], rows, data_type);
        }
        ScalarFunction::Id => {
            let ids: Int64Array = map_ids(&arguments[0], |id| id.map(|id| id.raw() as i64))?
                .into_iter()
                .collect();
            return Ok(Operand::over(&[&arguments[0]], Arc::new(ids)));
        }
        _ => {}
    }
    if let Some(computed) = math::math(function, arguments, rows, data_type)? {
        return Ok(computed);
    }
    if let Some(computed) = text::text(function, arguments, rows)? {
        return Ok(computed);
    }
    if let Some(computed) = list::list(function, arguments, rows, data_type)? {
        return Ok(computed);
    }
    Err(Error::internal(format!(
        "{}() reached the evaluator as {}",
        function.name(),
        Type::Null
    )))
}
