//! Arithmetic: integers are checked, floats follow IEEE 754, `+` also joins texts and lists.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, Float64Array, ListArray, StringArray, StringBuilder};
use arrow::compute::kernels::{arity, numeric};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result, Type, Value, cast_column};
use grism_functions::{
    Budget, Operand, TemporalOperator, aligned, arithmetic, check_text_length, computed_rows,
    format_value, map_rows,
};
use grism_logical::{ArithmeticOperator, LogicalExpr, arithmetic_type};

use super::compile::compile;
use super::node::{Kind, Node, OwnExpr, evaluate};
use super::run_time::at_run_time;
use crate::PhysicalSchema;

/// A chain of arithmetic, from left to right.
///
/// ```text
/// 1 + 2 + 'a' + 'b' + x      x of any type
/// └─┬─┘ └────┬────┘ └┬┘
/// numbers   texts  values    runs of steps of one kind, each evaluated as a whole: a long text is not copied for each step
/// ```
#[derive(Debug)]
pub(super) struct Arithmetic {
    /// The type of the first operand.
    first_type: Type,
    runs: Vec<Run>,
}

/// Steps of one kind that follow one another.
#[derive(Debug)]
struct Run {
    kind: RunKind,
    steps: Vec<Step>,
    /// The type of the value after the last step.
    ty: Type,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum RunKind {
    /// One kernel for each step.
    Numbers,
    /// Texts are joined, with numbers among them.
    Texts,
    /// Lists and elements are joined.
    Lists,
    /// The types of some operands are known only at run time.
    Values,
}

#[derive(Debug)]
struct Step {
    operator: ArithmeticOperator,
    /// Which of the operands it takes, counted from the first one of all.
    operand: usize,
    operand_type: Type,
    /// The type of the value after this step.
    ty: Type,
}

impl Arithmetic {
    pub(super) fn compile(
        first: &LogicalExpr,
        rest: &[(ArithmeticOperator, LogicalExpr)],
        input: &PhysicalSchema,
    ) -> Result<Node> {
        let (first, first_type) = compile(first, input)?;
        let mut ty = first_type.clone();
        let mut nodes = vec![first];
        let mut runs: Vec<Run> = Vec::new();
        for (operator, operand) in rest {
            let (operand, operand_type) = compile(operand, input)?;
            let result = arithmetic_type(*operator, &ty, &operand_type)?;
            let kind = match &result {
                _ if ty == Type::Any || operand_type == Type::Any => RunKind::Values,
                Type::String => RunKind::Texts,
                Type::List(_) => RunKind::Lists,
                _ => RunKind::Numbers,
            };
            let step = Step {
                operator: *operator,
                operand: nodes.len(),
                operand_type,
                ty: result.clone(),
            };
            nodes.push(operand);
            match runs.last_mut() {
                Some(run) if run.kind == kind => {
                    run.steps.push(step);
                    run.ty = result.clone();
                }
                _ => runs.push(Run {
                    kind,
                    steps: vec![step],
                    ty: result.clone(),
                }),
            }
            ty = result;
        }
        let data_type = ty.to_arrow();
        Ok(OwnExpr::node(Self { first_type, runs }, nodes, data_type))
    }
}

impl Kind for Arithmetic {
    fn name(&self) -> &'static str {
        "arithmetic"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let mut value = evaluate(&nodes[0], batch)?;
        let mut ty = &self.first_type;
        for run in &self.runs {
            value = run.evaluate(value, ty, nodes, batch)?;
            ty = &run.ty;
        }
        Ok(value)
    }
}

impl Run {
    /// The value after the last step, where `value` is that before the first one, of the type `ty`.
    fn evaluate(
        &self,
        value: Operand,
        ty: &Type,
        nodes: &[Node],
        batch: &RecordBatch,
    ) -> Result<Operand> {
        let (rows, budget) = (batch.num_rows(), &*Budget::current());
        let data_type = self.ty.to_arrow();
        let operands = |value: Operand| {
            let mut operands = vec![self.widened(value, ty)?];
            for step in &self.steps {
                let operand = evaluate(&nodes[step.operand], batch)?;
                operands.push(self.widened(operand, &step.operand_type)?);
            }
            Ok::<_, Error>(operands)
        };
        match self.kind {
            RunKind::Numbers => self.steps.iter().try_fold(value, |value, step| {
                let operand = evaluate(&nodes[step.operand], batch)?;
                numbers(step.operator, &value, &operand, rows, &step.ty.to_arrow())
            }),
            RunKind::Texts => concatenate(&operands(value)?, rows, budget),
            RunKind::Lists => join_lists(&operands(value)?, rows, budget, &data_type),
            RunKind::Values => {
                let operands = operands(value)?;
                let inputs: Vec<&Operand> = operands.iter().collect();
                let step_by_step = |values: Vec<Value>| {
                    let mut values = values.into_iter();
                    let first = values.next().unwrap_or(Value::Null);
                    let mut steps = self.steps.iter().zip(values);
                    steps.try_fold(first, |a, (step, b)| {
                        step_of_values(step.operator, a, &b, budget)
                    })
                };
                budget.while_read(&inputs, || {
                    map_rows(&inputs, rows, &data_type, step_by_step)
                })
            }
        }
    }

    /// An operand in the form that the run works on.
    fn widened(&self, operand: Operand, from: &Type) -> Result<Operand> {
        let to = match (self.kind, &self.ty, from) {
            (RunKind::Values, ..) => &Type::Any,
            // Elements keep their kind only in a list of the result's own type.
            (RunKind::Lists, list, Type::List(_)) => list,
            (RunKind::Lists, _, Type::Null) => return Ok(operand),
            (RunKind::Lists, Type::List(item), _) => item,
            _ => return Ok(operand),
        };
        if from == to || from.to_arrow() == to.to_arrow() && !from.may_hold_any() {
            return Ok(operand);
        }
        let array = cast_column(operand.array(), from, to)?;
        Ok(Operand::over(&[&operand], array))
    }
}

/// `a operator b` of single values, whose types show only now.
fn step_of_values(
    operator: ArithmeticOperator,
    a: Value,
    b: &Value,
    budget: &Budget,
) -> Result<Value> {
    use ArithmeticOperator as Op;
    // The usual cases first, and a long text or list that grows is not copied.
    match (operator, a, b) {
        (Op::Add, Value::List(mut list), Value::List(more)) => {
            budget.reserve(more.len().saturating_mul(size_of::<Value>()))?;
            list.extend(more.iter().cloned());
            Ok(Value::List(list))
        }
        (Op::Add, Value::List(mut list), item) if !item.is_null() => {
            list.push(item.clone());
            Ok(Value::List(list))
        }
        (Op::Add, Value::String(mut text), Value::String(more)) => {
            check_text_length(text.len() + more.len())?;
            budget.reserve(more.len())?;
            text.push_str(more);
            Ok(Value::String(text))
        }
        (Op::Add, Value::Float64(a), Value::Float64(b)) => Ok(Value::Float64(a + b)),
        (_, a, b) => combine_values(operator, &a, b, budget),
    }
}

fn combine_values(
    operator: ArithmeticOperator,
    a: &Value,
    b: &Value,
    budget: &Budget,
) -> Result<Value> {
    use ArithmeticOperator as Op;
    if matches!(operator, Op::Add | Op::Subtract | Op::Multiply | Op::Divide)
        && let Some(value) = special_arithmetic(operator, a, b)?
    {
        return Ok(value);
    }
    let untyped = |value: &&Value| value.type_of() == Type::Any;
    if let Some(odd) = [a, b].into_iter().find(untyped) {
        return Err(Error::invalid_query(format!(
            "`{}` cannot be applied to {}",
            operator.as_str(),
            odd.type_name()
        ))
        .with_code("TypeError:InvalidArgumentType"));
    }
    let ty = arithmetic_type(operator, &a.type_of(), &b.type_of()).map_err(at_run_time)?;
    let (a, b) = (
        Operand::scalar(a.to_array(1)?),
        Operand::scalar(b.to_array(1)?),
    );
    let value = match &ty {
        Type::String => concatenate(&[a, b], 1, budget)?,
        ty => numbers(operator, &a, &b, 1, &ty.to_arrow())?,
    };
    Value::from_typed(value.array(), 0, &ty)
}

/// `left operator right` of numbers, or of null, of the type `data_type`.
fn numbers(
    operator: ArithmeticOperator,
    left: &Operand,
    right: &Operand,
    rows: usize,
    data_type: &DataType,
) -> Result<Operand> {
    let inputs = [left, right];
    if left.is_null_type() || right.is_null_type() {
        let nulls = arrow::array::new_null_array(data_type, computed_rows(&inputs, rows));
        return Ok(Operand::over(&inputs, nulls));
    }
    let (left, right) = (left.cast(data_type)?, right.cast(data_type)?);
    let named = |error: arrow::error::ArrowError| match Error::from(error) {
        error if error.message().contains("overflow") || error.message().contains("Overflow") => {
            Error::invalid_data(format!("integer overflow in `{}`", operator.as_str()))
        }
        other => other,
    };
    let computed = match operator {
        ArithmeticOperator::Add => numeric::add(&left, &right).map_err(named)?,
        ArithmeticOperator::Subtract => numeric::sub(&left, &right).map_err(named)?,
        ArithmeticOperator::Multiply => numeric::mul(&left, &right).map_err(named)?,
        ArithmeticOperator::Divide => numeric::div(&left, &right).map_err(named)?,
        ArithmeticOperator::Remainder => numeric::rem(&left, &right).map_err(named)?,
        ArithmeticOperator::Power => {
            let (a, b) = aligned(&left, &right, rows)?;
            let (a, b) = (Operand::column(a), Operand::column(b));
            Arc::new(arity::binary::<_, _, _, arrow::datatypes::Float64Type>(
                a.as_array::<Float64Array>()?,
                b.as_array::<Float64Array>()?,
                f64::powf,
            )?)
        }
    };
    Ok(Operand::over(&inputs, computed))
}

/// Texts, and numbers among them, one after the other; null where one of them is.
fn concatenate(operands: &[Operand], rows: usize, budget: &Budget) -> Result<Operand> {
    let inputs: Vec<&Operand> = operands.iter().collect();
    if inputs
        .iter()
        .all(|input| input.data_type() == &DataType::Utf8)
    {
        return concatenate_texts(&inputs, rows, budget);
    }
    map_rows(&inputs, rows, &DataType::Utf8, |values| {
        if values.iter().any(Value::is_null) {
            return Ok(Value::Null);
        }
        let mut joined = String::new();
        for value in &values {
            let own;
            let text = match value {
                Value::String(text) => text,
                other => {
                    own = format_value(other);
                    &own
                }
            };
            check_text_length(joined.len() + text.len())?;
            budget.reserve(text.len())?;
            joined.push_str(text);
        }
        Ok(Value::String(joined))
    })
}

/// The length of the whole is known before any of it is built.
fn concatenate_texts(inputs: &[&Operand], rows: usize, budget: &Budget) -> Result<Operand> {
    let texts = inputs
        .iter()
        .map(|input| Ok((*input, input.as_array::<StringArray>()?)))
        .collect::<Result<Vec<_>>>()?;
    let count = computed_rows(inputs, rows);
    let is_known = |row: usize| {
        texts
            .iter()
            .all(|(input, texts)| texts.is_valid(input.at(row)))
    };
    let bytes = (0..count)
        .filter(|row| is_known(*row))
        .flat_map(|row| {
            let lengths = texts.iter();
            lengths.map(move |(input, texts)| texts.value_length(input.at(row)) as usize)
        })
        .sum();
    check_text_length(bytes)?;
    budget.reserve(bytes)?;
    let mut joined = StringBuilder::with_capacity(count, bytes);
    for row in 0..count {
        if !is_known(row) {
            joined.append_null();
            continue;
        }
        for (input, texts) in &texts {
            // What is written stays open until the value is closed.
            joined
                .write_str(texts.value(input.at(row)))
                .map_err(|_| Error::internal("a text could not be written to memory"))?;
        }
        joined.append_value("");
    }
    Ok(Operand::over(inputs, Arc::new(joined.finish())))
}

/// Lists, and elements of lists, one after the other. Once one of them is a list, a null list makes all of it null.
fn join_lists(
    operands: &[Operand],
    rows: usize,
    budget: &Budget,
    data_type: &DataType,
) -> Result<Operand> {
    let inputs: Vec<&Operand> = operands.iter().collect();
    // Elements are values of their own for a while.
    let elements =
        inputs.iter().map(
            |input| match input.array().as_any().downcast_ref::<ListArray>() {
                Some(lists) if input.is_scalar() => lists
                    .values()
                    .len()
                    .saturating_mul(computed_rows(&inputs, rows)),
                Some(lists) => lists.values().len(),
                None => computed_rows(&inputs, rows),
            },
        );
    let count = elements.fold(0, usize::saturating_add);
    budget.reserve(count.saturating_mul(size_of::<Value>()))?;
    let is_list: Vec<bool> = inputs
        .iter()
        .map(|input| matches!(input.data_type(), DataType::List(_)))
        .collect();
    map_rows(&inputs, rows, data_type, |values| {
        let mut joined: Option<Vec<Value>> = None;
        for (value, is_list) in values.into_iter().zip(&is_list) {
            match (value, is_list) {
                (Value::List(items), true) => match &mut joined {
                    Some(joined) => joined.extend(items),
                    None => joined = Some(items),
                },
                (_, true) => return Ok(Value::Null),
                // An element before the first list, or after it.
                (item, false) => joined.get_or_insert_default().push(item),
            }
        }
        Ok(joined.map_or(Value::Null, Value::List))
    })
}

/// `a operator b` where an operand is a list, a temporal value or a duration; `None` leaves it to the kernels.
fn special_arithmetic(operator: ArithmeticOperator, a: &Value, b: &Value) -> Result<Option<Value>> {
    if a.is_null() || b.is_null() {
        return Ok(Some(Value::Null));
    }
    if operator == ArithmeticOperator::Add {
        match (a, b) {
            (Value::List(a), Value::List(b)) => {
                return Ok(Some(Value::List(a.iter().chain(b).cloned().collect())));
            }
            (Value::List(list), item) => {
                let mut list = list.clone();
                list.push(item.clone());
                return Ok(Some(Value::List(list)));
            }
            (item, Value::List(list)) => {
                let mut all = vec![item.clone()];
                all.extend(list.iter().cloned());
                return Ok(Some(Value::List(all)));
            }
            _ => {}
        }
    }
    let temporal = match operator {
        ArithmeticOperator::Add => Some(TemporalOperator::Add),
        ArithmeticOperator::Subtract => Some(TemporalOperator::Subtract),
        ArithmeticOperator::Multiply => Some(TemporalOperator::Multiply),
        ArithmeticOperator::Divide => Some(TemporalOperator::Divide),
        ArithmeticOperator::Remainder | ArithmeticOperator::Power => None,
    };
    if let Some(temporal) = temporal
        && let Some(value) = arithmetic(temporal, a, b)?
    {
        return Ok(Some(value));
    }
    let plain = |value: &Value| {
        matches!(
            value,
            Value::Int64(_) | Value::Float64(_) | Value::String(_) | Value::Bool(_)
        )
    };
    if plain(a) && plain(b) {
        return Ok(None);
    }
    Err(Error::invalid_query(format!(
        "`{}` cannot be applied to {} and {}",
        operator.as_str(),
        a.type_name(),
        b.type_name()
    ))
    .with_code("TypeError:InvalidArgumentType"))
}
