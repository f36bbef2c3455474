//! The sum of integers: kept in 128 bits, checked at the end, so that neither order nor partitioning changes whether
//! it overflows.

use std::collections::BTreeSet;
use std::mem::{size_of, size_of_val};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Decimal128Type, Field, Int64Type};
use datafusion_common::{DataFusionError, Result, ScalarValue};
use datafusion_expr::{Accumulator, AggregateUDF};

use super::fold::{Fold, folding};

/// `sum` of `Int64`; null over nothing.
pub(super) fn integer_sum() -> Arc<AggregateUDF> {
    folding(IntegerSum)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct IntegerSum;

impl Fold for IntegerSum {
    type Value = Int64Type;
    type State = Decimal128Type;

    fn name(&self) -> &'static str {
        "grism_integer_sum"
    }

    fn state_type(&self) -> DataType {
        DataType::Decimal128(38, 0)
    }

    fn start(&self) -> i128 {
        0
    }

    fn of_value(&self, value: i64) -> i128 {
        value.into()
    }

    fn both(&self, one: i128, other: i128) -> i128 {
        one + other
    }

    fn result(&self, sum: i128) -> Result<i64> {
        narrow(sum)
    }

    fn of_different(&self) -> Option<(Box<dyn Accumulator>, DataType)> {
        let state = DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true)));
        Some((Box::new(DistinctSum::default()), state))
    }
}

fn narrow(sum: i128) -> Result<i64> {
    i64::try_from(sum)
        .map_err(|_| DataFusionError::Execution("integer overflow in sum()".to_owned()))
}

/// Adds each different value once; its state is the list of them.
#[derive(Debug, Default)]
struct DistinctSum {
    values: BTreeSet<i64>,
}

impl Accumulator for DistinctSum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values
            .extend(values[0].as_primitive::<Int64Type>().iter().flatten());
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for list in states[0].as_list::<i32>().iter().flatten() {
            self.values
                .extend(list.as_primitive::<Int64Type>().iter().flatten());
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Vec<ScalarValue> = self
            .values
            .iter()
            .map(|value| ScalarValue::Int64(Some(*value)))
            .collect();
        Ok(vec![ScalarValue::List(ScalarValue::new_list_nullable(
            &values,
            &DataType::Int64,
        ))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.values.is_empty() {
            return Ok(ScalarValue::Int64(None));
        }
        Ok(ScalarValue::Int64(Some(narrow(
            self.values.iter().copied().map(i128::from).sum(),
        )?)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.len() * 2 * size_of::<i64>()
    }
}
