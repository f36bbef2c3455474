//! `Fold`: an aggregate that takes one value after another into one state, for one group and for many.

use std::fmt::Debug;
use std::hash::Hash;
use std::mem::{size_of, size_of_val};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Field, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::format_state_name;
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use datafusion_physical_expr::NullState;

/// How values of one column become a state, states one state, and a state the result. Nulls are left out; over nothing the result
/// is null.
pub(super) trait Fold: Copy + Debug + Eq + Hash + Send + Sync + 'static {
    /// Of the values and of the result.
    type Value: ArrowPrimitiveType + Debug + Send;
    /// Of the state.
    type State: ArrowPrimitiveType + Debug + Send;

    /// The aggregate's name.
    fn name(&self) -> &'static str;

    /// The type of a column of states.
    fn state_type(&self) -> DataType {
        Self::State::DATA_TYPE
    }

    /// The state that changes nothing.
    fn start(&self) -> Native<Self::State>;

    /// What a value adds to a state, as a state.
    fn of_value(&self, value: Native<Self::Value>) -> Native<Self::State>;

    /// Two states as one.
    fn both(&self, one: Native<Self::State>, other: Native<Self::State>) -> Native<Self::State>;

    /// The result.
    ///
    /// # Errors
    /// `Execution` where the values have none.
    fn result(&self, state: Native<Self::State>) -> Result<Native<Self::Value>>;

    /// Where equal values count once: what gathers them. DataFusion does it for a fold without one.
    fn of_different(&self) -> Option<(Box<dyn Accumulator>, DataType)> {
        None
    }
}

type Native<T> = <T as ArrowPrimitiveType>::Native;

/// The fold as an aggregate.
pub(super) fn folding(fold: impl Fold) -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(Folding::new(fold)))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Folding<F> {
    fold: F,
    signature: Signature,
}

impl<F: Fold> Folding<F> {
    fn new(fold: F) -> Self {
        let values = vec![F::Value::DATA_TYPE];
        Self {
            fold,
            signature: Signature::exact(values, Volatility::Immutable),
        }
    }
}

impl<F: Fold> AggregateUDFImpl for Folding<F> {
    fn name(&self) -> &str {
        self.fold.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(F::Value::DATA_TYPE)
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(match self.fold.of_different() {
            Some((different, _)) if arguments.is_distinct => different,
            _ => Box::new(Folded {
                fold: self.fold,
                held: None,
            }),
        })
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let name = format_state_name(arguments.name, "state");
        let state = match self.fold.of_different() {
            Some((_, state)) if arguments.is_distinct => state,
            _ => self.fold.state_type(),
        };
        Ok(vec![Arc::new(Field::new(name, state, true))])
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        !arguments.is_distinct || self.fold.of_different().is_none()
    }

    fn create_groups_accumulator(
        &self,
        _: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(FoldedGroups {
            fold: self.fold,
            held: Vec::new(),
            nulls: NullState::new(),
        }))
    }
}

/// One group.
#[derive(Debug)]
struct Folded<F: Fold> {
    fold: F,
    held: Option<Native<F::State>>,
}

impl<F: Fold> Folded<F> {
    fn take(&mut self, states: impl Iterator<Item = Native<F::State>>) {
        for state in states {
            let held = self.held.unwrap_or_else(|| self.fold.start());
            self.held = Some(self.fold.both(held, state));
        }
    }
}

impl<F: Fold> Accumulator for Folded<F> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let fold = self.fold;
        let values = values[0].as_primitive::<F::Value>().iter().flatten();
        self.take(values.map(|value| fold.of_value(value)));
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.take(states[0].as_primitive::<F::State>().iter().flatten());
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let (held, state_type) = (self.held, self.fold.state_type());
        let state = ScalarValue::new_primitive::<F::State>(held, &state_type)?;
        Ok(vec![state])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let result = self.held.map(|held| self.fold.result(held));
        ScalarValue::new_primitive::<F::Value>(result.transpose()?, &F::Value::DATA_TYPE)
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// All groups.
struct FoldedGroups<F: Fold> {
    fold: F,
    held: Vec<Native<F::State>>,
    nulls: NullState,
}

impl<F: Fold> FoldedGroups<F> {
    fn take<T: ArrowPrimitiveType + Send>(
        &mut self,
        values: &ArrayRef,
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
        state: impl Fn(F, T::Native) -> Native<F::State> + Send + Sync,
    ) {
        let (fold, held) = (self.fold, &mut self.held);
        held.resize(total, fold.start());
        let take = |group: usize, value: T::Native| {
            held[group] = fold.both(held[group], state(fold, value));
        };
        let values = values.as_primitive::<T>();
        self.nulls.accumulate(groups, values, filter, total, take);
    }
}

impl<F: Fold> GroupsAccumulator for FoldedGroups<F> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        let of_value = |fold: F, value| fold.of_value(value);
        self.take::<F::Value>(&values[0], groups, filter, total, of_value);
        Ok(())
    }

    fn merge_batch(
        &mut self,
        states: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.take::<F::State>(&states[0], groups, filter, total, |_, state| state);
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let held = emit.take_needed(&mut self.held);
        let nulls = self.nulls.build(emit);
        let results = held.into_iter().map(|held| self.fold.result(held));
        let results = results.collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(PrimitiveArray::<F::Value>::new(
            results.into(),
            nulls,
        )))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let held = emit.take_needed(&mut self.held);
        let nulls = self.nulls.build(emit);
        let states = PrimitiveArray::<F::State>::new(held.into(), nulls);
        Ok(vec![Arc::new(
            states.with_data_type(self.fold.state_type()),
        )])
    }

    fn size(&self) -> usize {
        self.held.capacity() * size_of::<Native<F::State>>() + self.nulls.size()
    }
}
