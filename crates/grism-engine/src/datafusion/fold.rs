//! The least and the greatest float. DataFusion starts from the finite extremes, which loses infinities, and lets NaN
//! hang on the order of rows; here NaN is greater than any number, as in Cypher's order.

use std::mem::{size_of, size_of_val};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Float64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::format_state_name;
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use datafusion_physical_expr::NullState;

/// `min` of floats, or `max` where `greatest`.
pub(super) fn float_extreme(greatest: bool) -> Arc<AggregateUDF> {
    let signature = Signature::exact(vec![DataType::Float64], Volatility::Immutable);
    Arc::new(AggregateUDF::from(FloatExtreme {
        signature,
        greatest,
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FloatExtreme {
    signature: Signature,
    greatest: bool,
}

/// Whether `candidate` takes the place of `held`. Of two zeros the negative one is less, so that which of them is found does not
/// depend on the order of rows.
fn better(greatest: bool, candidate: f64, held: f64) -> bool {
    let order = match (candidate.is_nan(), held.is_nan()) {
        (false, false) => candidate.total_cmp(&held),
        (candidate, held) => candidate.cmp(&held),
    };
    if greatest {
        order.is_gt()
    } else {
        order.is_lt()
    }
}

impl AggregateUDFImpl for FloatExtreme {
    fn name(&self) -> &str {
        if self.greatest {
            "grism_float_greatest"
        } else {
            "grism_float_least"
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Extreme {
            greatest: self.greatest,
            held: None,
        }))
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(
            format_state_name(arguments.name, "extreme"),
            DataType::Float64,
            true,
        ))])
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        _: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(GroupedExtreme {
            greatest: self.greatest,
            held: Vec::new(),
            nulls: NullState::new(),
        }))
    }
}

#[derive(Debug)]
struct Extreme {
    greatest: bool,
    held: Option<f64>,
}

impl Accumulator for Extreme {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values[0].as_primitive::<Float64Type>().iter().flatten() {
            if self
                .held
                .is_none_or(|held| better(self.greatest, value, held))
            {
                self.held = Some(value);
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Float64(self.held)])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(self.held))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

struct GroupedExtreme {
    greatest: bool,
    held: Vec<Option<f64>>,
    nulls: NullState,
}

impl GroupsAccumulator for GroupedExtreme {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.held.resize(total, None);
        let (held, greatest) = (&mut self.held, self.greatest);
        let fold = |group: usize, value: f64| {
            if held[group].is_none_or(|own| better(greatest, value, own)) {
                held[group] = Some(value);
            }
        };
        self.nulls.accumulate(
            groups,
            values[0].as_primitive::<Float64Type>(),
            filter,
            total,
            fold,
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
        self.update_batch(values, groups, filter, total)
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let held = emit.take_needed(&mut self.held);
        self.nulls.build(emit);
        Ok(Arc::new(Float64Array::from(held)))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit)?])
    }

    fn size(&self) -> usize {
        self.held.capacity() * size_of::<Option<f64>>() + self.nulls.size()
    }
}
