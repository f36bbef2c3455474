//! The sum of integers: kept in 128 bits, checked at the end, so that neither order nor partitioning changes whether
//! it overflows.

use std::collections::BTreeSet;
use std::mem::{size_of, size_of_val};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Decimal128Array, Int64Array};
use arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Int64Type};
use datafusion_common::{DataFusionError, Result, ScalarValue};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::format_state_name;
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use datafusion_physical_expr::NullState;

/// `sum` of `Int64`; null over nothing.
pub(super) fn integer_sum() -> Arc<AggregateUDF> {
    let signature = Signature::exact(vec![DataType::Int64], Volatility::Immutable);
    Arc::new(AggregateUDF::from(IntegerSum { signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct IntegerSum {
    signature: Signature,
}

fn narrow(sum: i128) -> Result<i64> {
    i64::try_from(sum)
        .map_err(|_| DataFusionError::Execution("integer overflow in sum()".to_owned()))
}

impl AggregateUDFImpl for IntegerSum {
    fn name(&self) -> &str {
        "grism_integer_sum"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(if arguments.is_distinct {
            Box::new(DistinctSum::default())
        } else {
            Box::new(Sum { sum: None })
        })
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let name = format_state_name(arguments.name, "sum");
        let state = if arguments.is_distinct {
            DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true)))
        } else {
            DataType::Decimal128(38, 0)
        };
        Ok(vec![Arc::new(Field::new(name, state, true))])
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        !arguments.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        _: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(GroupedSum {
            sums: Vec::new(),
            nulls: NullState::new(),
        }))
    }
}

#[derive(Debug)]
struct Sum {
    sum: Option<i128>,
}

impl Sum {
    fn add(&mut self, values: impl Iterator<Item = i128>) {
        for value in values {
            *self.sum.get_or_insert(0) += value;
        }
    }
}

impl Accumulator for Sum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(
            values[0]
                .as_primitive::<Int64Type>()
                .iter()
                .flatten()
                .map(i128::from),
        );
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.add(states[0].as_primitive::<Decimal128Type>().iter().flatten());
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Decimal128(self.sum, 38, 0)])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(self.sum.map(narrow).transpose()?))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
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

struct GroupedSum {
    sums: Vec<i128>,
    nulls: NullState,
}

impl GroupsAccumulator for GroupedSum {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.sums.resize(total, 0);
        let sums = &mut self.sums;
        let add = |group: usize, value: i64| sums[group] += i128::from(value);
        self.nulls.accumulate(
            groups,
            values[0].as_primitive::<Int64Type>(),
            filter,
            total,
            add,
        );
        Ok(())
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.sums.resize(total, 0);
        let sums = &mut self.sums;
        let add = |group: usize, value: i128| sums[group] += value;
        self.nulls.accumulate(
            groups,
            values[0].as_primitive::<Decimal128Type>(),
            filter,
            total,
            add,
        );
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let sums = emit.take_needed(&mut self.sums);
        let nulls = self.nulls.build(emit);
        let narrowed = sums.into_iter().map(narrow).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(Int64Array::new(narrowed.into(), nulls)))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let sums = emit.take_needed(&mut self.sums);
        let nulls = self.nulls.build(emit);
        Ok(vec![Arc::new(
            Decimal128Array::new(sums.into(), nulls).with_precision_and_scale(38, 0)?,
        )])
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<i128>() + self.nulls.size()
    }
}
