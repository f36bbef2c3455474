//! Three-valued logic. A chain of AND or OR evaluates an operand only for the rows that the operands before it left open.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray, UInt32Array};
use arrow::compute::{and_kleene, filter, filter_record_batch, or_kleene};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result, Type, Value};
use grism_functions::{Operand, aligned};
use grism_logical::{LogicOperator, LogicalExpr};

use super::compile::compile;
use super::node::{Kind, Node, OwnExpr, evaluate};
use crate::PhysicalSchema;

/// A chain of AND, OR or XOR.
#[derive(Debug)]
pub(super) struct Logic {
    operator: LogicOperator,
    /// What is known of each operand.
    operands: Vec<LogicOperand>,
}

#[derive(Debug)]
struct LogicOperand {
    /// Whether its values are booleans only if that shows while the query runs.
    dynamic: bool,
    /// Whether it may fail for a row. What cannot fail is computed for all rows, which costs less than to pick some.
    may_fail: bool,
}

impl Logic {
    pub(super) fn compile(
        operator: LogicOperator,
        operands: &[LogicalExpr],
        input: &PhysicalSchema,
    ) -> Result<Node> {
        let compiled = operands.iter().map(|operand| {
            let (node, ty) = compile(operand, input)?;
            let dynamic = ty == Type::Any;
            let may_fail = dynamic || operand.may_fail(input.columns());
            Ok((LogicOperand { dynamic, may_fail }, node))
        });
        let (operands, nodes) = compiled.collect::<Result<(Vec<_>, Vec<_>)>>()?;
        let kind = Self { operator, operands };
        Ok(OwnExpr::node(kind, nodes, DataType::Boolean))
    }
}

impl Kind for Logic {
    fn name(&self) -> &'static str {
        self.operator.as_str()
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let settling = self.operator.settling();
        let mut open = OpenRows {
            batch: batch.clone(),
            places: None,
        };
        let mut found: Option<Operand> = None;
        for (operand, node) in self.operands.iter().zip(nodes) {
            // The values so far, where they settle some rows and others not.
            let mut partly: Option<(BooleanArray, bool)> = None;
            if let (Some(settling), Some(values)) = (settling, &found) {
                let flags = values.booleans()?;
                let settled = if settling {
                    flags.true_count()
                } else {
                    flags.false_count()
                };
                if settled == flags.len() {
                    break;
                }
                partly = (settled > 0).then_some((flags, settling));
            }
            if operand.may_fail
                && let Some((flags, settling)) = partly.take()
            {
                found = Some(open.narrow(&flags, settling)?);
            }
            let value = match (evaluate(node, &open.batch), partly) {
                // Too much for one column perhaps, for rows that do not reach it.
                (Err(_), Some((flags, settling))) => {
                    found = Some(open.narrow(&flags, settling)?);
                    evaluate(node, &open.batch)?
                }
                (value, _) => value?,
            };
            let next = if operand.dynamic {
                dynamic_booleans(self.operator, &value)?
            } else {
                Operand::over(&[&value], Arc::new(value.booleans()?))
            };
            found = Some(match found {
                None => next,
                Some(values) => combine(self.operator, &values, &next, open.batch.num_rows())?,
            });
        }
        let found = found.ok_or_else(|| Error::internal("a chain without operands"))?;
        open.spread(found, settling, batch.num_rows())
    }
}

/// The rows of a batch whose value is not settled yet.
struct OpenRows {
    batch: RecordBatch,
    /// The rows of the whole batch that these are; `None` where they are all of it.
    places: Option<UInt32Array>,
}

impl OpenRows {
    /// Keeps the rows whose value is not `settling`; returns their values.
    fn narrow(&mut self, values: &BooleanArray, settling: bool) -> Result<Operand> {
        let stays: BooleanArray = values
            .iter()
            .map(|value| Some(value != Some(settling)))
            .collect();
        let all = || UInt32Array::from_iter_values(0..self.batch.num_rows() as u32);
        let places = filter(self.places.get_or_insert_with(all), &stays)?;
        self.places = places.as_any().downcast_ref::<UInt32Array>().cloned();
        self.batch = filter_record_batch(&self.batch, &stays)?;
        Ok(Operand::column(filter(values, &stays)?))
    }

    /// The values of all `rows`, given those of the open ones.
    fn spread(self, found: Operand, settling: Option<bool>, rows: usize) -> Result<Operand> {
        let Some(places) = self.places else {
            return Ok(found);
        };
        let found = Operand::column(found.into_column(places.len())?).booleans()?;
        let mut values = vec![settling; rows];
        for (place, value) in places.values().iter().zip(&found) {
            values[*place as usize] = value;
        }
        Ok(Operand::column(Arc::new(BooleanArray::from(values))))
    }
}

/// Values of any type as the booleans that they must be.
fn dynamic_booleans(operator: LogicOperator, operand: &Operand) -> Result<Operand> {
    let name = operator.as_str();
    let rows = 0..operand.array().len();
    let flags = rows
        .map(
            |row| match Value::from_typed(operand.array(), row, &Type::Any)? {
                Value::Null => Ok(None),
                Value::Bool(value) => Ok(Some(value)),
                other => {
                    let message = match other.type_of() {
                        Type::Any => format!("`{name}` cannot be applied to {}", other.type_name()),
                        ty => format!("`{name}` needs booleans, not {ty}"),
                    };
                    Err(Error::invalid_query(message).with_code("TypeError:InvalidArgumentType"))
                }
            },
        )
        .collect::<Result<BooleanArray>>()?;
    Ok(Operand::over(&[operand], Arc::new(flags)))
}

/// AND, OR and XOR of two columns.
pub(super) fn combine(
    operator: LogicOperator,
    left: &Operand,
    right: &Operand,
    rows: usize,
) -> Result<Operand> {
    let (a, b) = aligned(left, right, rows)?;
    let (a, b) = (
        Operand::column(a).booleans()?,
        Operand::column(b).booleans()?,
    );
    let combined = match operator {
        LogicOperator::And => and_kleene(&a, &b)?,
        LogicOperator::Or => or_kleene(&a, &b)?,
        LogicOperator::Xor => (0..a.len())
            .map(|row| (a.is_valid(row) && b.is_valid(row)).then(|| a.value(row) ^ b.value(row)))
            .collect(),
    };
    Ok(Operand::over(&[left, right], Arc::new(combined)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Array, BooleanArray, Int64Array};
    use arrow::record_batch::RecordBatch;
    use grism_core::{Type, Value};
    use grism_logical::{
        ArithmeticOperator, BinaryOperator, Column, LogicalExpr, PlanSchema, UnaryOperator,
    };

    use crate::{ExprEvaluator, PhysicalSchema};

    fn evaluated(expression: &LogicalExpr, values: Vec<Option<i64>>) -> Vec<Option<bool>> {
        let schema = PlanSchema::new(vec![Column::new("x", Type::Int64)]);
        let schema = PhysicalSchema::from(schema);
        let column = Arc::new(Int64Array::from(values));
        let batch = RecordBatch::try_new(Arc::clone(schema.arrow()), vec![column]);
        let evaluator = ExprEvaluator::try_new(expression, &schema).expect("an expression");
        let found = evaluator
            .evaluate(&batch.expect("a batch"))
            .expect("values");
        let found = found.as_any().downcast_ref::<BooleanArray>();
        found.expect("booleans").iter().collect()
    }

    fn x() -> LogicalExpr {
        LogicalExpr::column("x")
    }

    fn integer(value: i64) -> LogicalExpr {
        LogicalExpr::Literal(Value::Int64(value))
    }

    /// `divided / x > least`, which fails for 0.
    fn quotient(divided: i64, least: i64) -> LogicalExpr {
        let quotient = integer(divided).arithmetic(ArithmeticOperator::Divide, x());
        quotient.binary(BinaryOperator::Greater, integer(least))
    }

    #[test]
    fn settled_rows_are_not_evaluated_further() {
        let is_zero = || x().binary(BinaryOperator::Equal, integer(0));
        let rows = || vec![Some(0), Some(2), None, Some(20), Some(0)];
        let any = LogicalExpr::any([is_zero(), quotient(10, 4), quotient(100, 4)]);
        let found = evaluated(&any, rows());
        assert_eq!(
            found,
            [Some(true), Some(true), None, Some(true), Some(true)]
        );
        let all = [
            is_zero().unary(UnaryOperator::Not),
            quotient(10, 4),
            quotient(100, 40),
        ];
        let found = evaluated(&LogicalExpr::all(all), rows());
        assert_eq!(
            found,
            [Some(false), Some(true), None, Some(false), Some(false)]
        );
    }

    #[test]
    fn nothing_is_evaluated_where_all_rows_are_settled() {
        let any = LogicalExpr::any([LogicalExpr::Literal(Value::Bool(true)), quotient(1, 0)]);
        assert_eq!(evaluated(&any, vec![Some(0), Some(1)]), [Some(true); 2]);
        assert_eq!(evaluated(&any, Vec::new()), []);
    }
}
