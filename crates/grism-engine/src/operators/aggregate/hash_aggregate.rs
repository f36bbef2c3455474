//! `HashAggregateExec`: grouping.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, ListArray};
use arrow::compute::kernels::arity;
use arrow::datatypes::{DataType, FieldRef, Float64Type, Int64Type, SchemaRef};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Result, Type};
use grism_functions::float_key;
use grism_logical::optimizer::{Facts, most_different};
use grism_logical::{AggregateFunction, AggregateRef, Column, PlanSchema};
use serde::{Deserialize, Serialize};

use super::coded::{CodedGroups, Spilling, group_by_code};
use super::group_key::GroupKey;
use super::key_numbers::KeyNumbers;
use crate::batch::batch_of;
use crate::datafusion::state_schema;
use crate::operators::names::comma_separated;
use crate::{
    AcceptedPhase, ExecutionContextTrait, InputRequirement, OperatorRun, Phases, PhysicalSchema,
    PlanProperties, RecordBatchStream, RequiredDistribution, Unary, UnaryExec,
};

/// Which part of an aggregation is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AggregatePhase {
    /// Rows in, results out.
    Single,
    /// Rows in, states out.
    Partial,
    /// States in, results out.
    Final,
}

/// An aggregate over an input column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AggregateColumn {
    /// The function.
    pub function: AggregateRef,
    /// The input columns; a count of rows has none. For a user's function of different rows the last one is their key.
    pub arguments: Vec<String>,
    /// Whether equal values count once.
    pub distinct: bool,
    /// The output column.
    pub name: String,
    /// How plans show it.
    pub text: String,
}

impl AggregateColumn {
    /// Whether groups can be aggregated in parts, whose states are merged.
    fn is_mergeable(&self) -> bool {
        match &self.function {
            AggregateRef::BuiltIn(_) => true,
            AggregateRef::User(function) => self.distinct || function.state().is_some(),
        }
    }
}

/// Groups its input by key columns and aggregates each group; without keys there is one group, empty or not.
///
/// Output: keys, then aggregates, then the values of shared keys, in no order; in the partial phase states take the place of
/// aggregates. Without aggregates it leaves each different row once. Keys that are entities, integers and booleans are grouped by
/// the number that they make together, others by DataFusion. Spills past the memory limit, but for shared keys, each of which is
/// held once in memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HashAggregateExec {
    phase: AggregatePhase,
    keys: Vec<GroupKey>,
    aggregates: Vec<AggregateColumn>,
    /// The schema of the rows, whatever the phase.
    rows: PhysicalSchema,
}

impl HashAggregateExec {
    /// Aggregates, in one phase, rows of these columns by key columns.
    #[must_use]
    pub fn new(
        rows: PhysicalSchema,
        keys: Vec<GroupKey>,
        aggregates: Vec<AggregateColumn>,
    ) -> Self {
        Self {
            phase: AggregatePhase::Single,
            keys,
            aggregates,
            rows,
        }
    }

    fn in_phase(&self, phase: AggregatePhase) -> Self {
        Self {
            phase,
            ..self.clone()
        }
    }

    fn type_of(&self, column: &str) -> Result<Type> {
        let place = self.rows.index_of(column)?;
        Ok(self.rows.columns().columns[place].ty.clone())
    }

    /// The columns of the aggregates, or of their states.
    fn aggregate_columns(&self) -> Result<Vec<Column>> {
        if self.phase == AggregatePhase::Partial {
            let numbered = KeyNumbers::schema(&self.keys, self.rows.arrow());
            let states = state_schema(&numbered, &self.keys(), &self.aggregates)?;
            let states = states.fields()[self.keys.len()..].iter();
            let column =
                |field: &FieldRef| Column::new(field.name(), Type::of_column(field.data_type()));
            return Ok(states.map(column).collect());
        }
        let column = |aggregate: &AggregateColumn| {
            let arguments = aggregate.arguments.iter();
            let arguments = arguments.map(|name| self.type_of(name));
            let arguments = arguments.collect::<Result<Vec<_>>>()?;
            let ty = aggregate.function.result_type(&arguments)?;
            Ok(Column::new(&aggregate.name, ty))
        };
        self.aggregates.iter().map(column).collect()
    }

    /// What the first phase outputs, as the second one knows it.
    fn partial_groups(&self) -> String {
        let calls = self.aggregates.iter().map(|own| own.name.clone());
        let (calls, by) = (comma_separated(calls), comma_separated(self.keys()));
        format!("groups of [{calls}] by [{by}]")
    }

    /// The groups of `input`, by codes where the keys have them, otherwise by DataFusion. `rows` has the columns of rows, whose
    /// shared keys are numbers.
    fn grouped(
        &self,
        own: &UnaryExec,
        rows: SchemaRef,
        input: RecordBatchStream,
        context: &Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let (keys, aggregates) = (self.keys(), self.aggregates.clone());
        let snapshot = context.query().snapshot.as_ref();
        let within = (snapshot, context.memory_manager());
        let coded = match self.keys.iter().all(|key| key.value.is_none()) {
            true => CodedGroups::of(self.phase, &self.rows, &keys, &aggregates, within),
            false => None,
        };
        let spilling = Spilling {
            rows,
            keys,
            aggregates,
            context: Arc::clone(context),
        };
        let Some(groups) = coded else {
            return spilling.run(self.phase, input);
        };
        let output = Arc::clone(own.schema().arrow());
        Ok(group_by_code(self.phase, groups, output, input, spilling))
    }

    /// The key columns.
    fn keys(&self) -> Vec<String> {
        self.keys.iter().map(|key| key.name.clone()).collect()
    }
}

#[typetag::serde]
impl Unary for HashAggregateExec {
    fn name(&self) -> &'static str {
        "HashAggregateExec"
    }

    fn schema(&self, _input: &PhysicalSchema) -> Result<PhysicalSchema> {
        let mut columns = Vec::new();
        for key in &self.keys {
            let column = Column::new(&key.name, self.type_of(&key.name)?);
            columns.push(match key.value {
                Some(_) => column.shared(),
                None => column,
            });
        }
        columns.extend(self.aggregate_columns()?);
        for value in self.keys.iter().filter_map(|key| key.value.as_deref()) {
            columns.push(Column::new(value, self.type_of(value)?).shared());
        }
        Ok(PlanSchema::new(columns).into())
    }

    fn properties(&self, own: &UnaryExec, input: &PlanProperties) -> PlanProperties {
        let own = PlanProperties::row_by_row(input, own.schema()).blocking();
        let pending = match self.phase {
            AggregatePhase::Partial => Some(self.partial_groups()),
            AggregatePhase::Single | AggregatePhase::Final => None,
        };
        PlanProperties { pending, ..own }
    }

    fn estimated_rows(&self, _own: &UnaryExec, inputs: &[f64], facts: Facts<'_>) -> f64 {
        let keys = self.keys.iter();
        let keys = keys.filter_map(|key| self.rows.columns().find(&key.name).cloned());
        let different = most_different(&PlanSchema::new(keys.collect()), facts);
        inputs[0].min(different).max(1.0)
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        Some(format!(
            "{} rows make {} groups: filter before, or group by fewer or narrower keys",
            run.first_input(),
            run.metrics.rows
        ))
    }

    fn required_input(&self) -> InputRequirement {
        if self.phase == AggregatePhase::Partial {
            return InputRequirement::any();
        }
        let is_mergeable = self.aggregates.iter().all(AggregateColumn::is_mergeable);
        let (distribution, reason) = match (self.keys(), self.aggregates.is_empty()) {
            (keys, false) if !is_mergeable => (
                match keys.is_empty() {
                    true => RequiredDistribution::Single,
                    false => RequiredDistribution::Hash(keys),
                },
                "an aggregate without merge needs all rows of a group",
            ),
            (keys, true) if keys.is_empty() => (
                RequiredDistribution::Single,
                "one row at most comes of no columns",
            ),
            (keys, false) if keys.is_empty() => (
                RequiredDistribution::Single,
                "partial aggregates of one group are merged",
            ),
            (keys, _) => (
                RequiredDistribution::Hash(keys),
                "partial aggregates of equal keys are merged",
            ),
        };
        let phase = match self.phase {
            AggregatePhase::Final => AcceptedPhase::Finishes(self.partial_groups()),
            AggregatePhase::Single | AggregatePhase::Partial => AcceptedPhase::Whole,
        };
        InputRequirement::of(distribution, reason).with_phase(phase)
    }

    fn phases(&self, own: &UnaryExec) -> Result<Option<Phases>> {
        let is_split = self.phase == AggregatePhase::Single
            && self.aggregates.iter().all(AggregateColumn::is_mergeable);
        if !is_split || own.schema().columns().columns.is_empty() {
            return Ok(None);
        }
        let partial = self.in_phase(AggregatePhase::Partial);
        let local = UnaryExec::over(Arc::clone(own.input()), partial)?;
        let finish = self.in_phase(AggregatePhase::Final);
        Ok(Some(Phases {
            between: finish.required_input(),
            global: Some(UnaryExec::over(Arc::clone(&local), finish)?),
            local,
        }))
    }

    fn describe(&self) -> String {
        let phase = match self.phase {
            AggregatePhase::Single => "",
            AggregatePhase::Partial => "Partial",
            AggregatePhase::Final => "Final",
        };
        let by = comma_separated(self.keys.iter().map(|key| key.text.clone()));
        if self.aggregates.is_empty() {
            return format!("{phase}Distinct({by})");
        }
        let calls = comma_separated(
            self.aggregates
                .iter()
                .map(|aggregate| aggregate.text.clone()),
        );
        if by.is_empty() {
            format!("{phase}Aggregate({calls})")
        } else {
            format!("{phase}Aggregate({calls}, GROUP BY {by})")
        }
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let keys = self.keys();
        if keys.is_empty() && self.aggregates.is_empty() {
            // DISTINCT over no columns: one row where there is any.
            let first = own.run_input(&context)?.take(1);
            return Ok(first.map_ok(|batch| batch.slice(0, 1)).boxed());
        }
        let rows = KeyNumbers::schema(&self.keys, self.rows.arrow());
        let input = own.run_input(&context)?;
        let numbers = Arc::new(KeyNumbers::new(&self.keys, &context.memory_manager())?);
        let (schema, floats) = match self.phase {
            AggregatePhase::Final => (state_schema(&rows, &keys, &self.aggregates)?, Vec::new()),
            _ => (Arc::clone(&rows), float_keys(&rows, &keys)),
        };
        let input = if self.keys.iter().any(|key| key.value.is_some()) {
            let numbers = Arc::clone(&numbers);
            input
                .and_then(move |batch| std::future::ready(numbers.number(&batch, &schema)))
                .boxed()
        } else {
            input
        };
        let input = if floats.is_empty() {
            input
        } else {
            input
                .and_then(move |batch| std::future::ready(canonical_floats(&batch, &floats)))
                .boxed()
        };
        let grouped = self.grouped(own, rows, input, &context)?;
        let (schema, phase, aggregates, keys) = (
            Arc::clone(own.schema().arrow()),
            self.phase,
            self.aggregates.clone(),
            self.keys.clone(),
        );
        let named = grouped.and_then(move |batch| {
            let mut columns = batch.columns().to_vec();
            if phase != AggregatePhase::Partial {
                let first = columns.len() - aggregates.len();
                for (column, aggregate) in columns[first..].iter_mut().zip(&aggregates) {
                    *column = over_nothing(&aggregate.function, column);
                }
            }
            let batch = numbers
                .restore(&keys, &mut columns)
                .and_then(|()| batch_of(&schema, columns, batch.num_rows()));
            std::future::ready(batch)
        });
        Ok(named.boxed())
    }
}

/// Sums over nothing are 0, lists of nothing are empty; DataFusion has null for both.
fn over_nothing(function: &AggregateRef, column: &ArrayRef) -> ArrayRef {
    if column.null_count() == 0 {
        return Arc::clone(column);
    }
    match function.built_in() {
        Some(AggregateFunction::Sum) => {
            if let Some(integers) = column.as_primitive_opt::<Int64Type>() {
                Arc::new(Int64Array::from_iter_values(
                    integers.iter().map(Option::unwrap_or_default),
                ))
            } else if let Some(floats) = column.as_primitive_opt::<Float64Type>() {
                Arc::new(Float64Array::from_iter_values(
                    floats.iter().map(Option::unwrap_or_default),
                ))
            } else {
                Arc::clone(column)
            }
        }
        Some(AggregateFunction::Collect) => match column.as_list_opt::<i32>() {
            // A null list has length 0 already, so dropping the nulls is enough.
            Some(lists) => {
                let (field, offsets, values, _) = lists.clone().into_parts();
                Arc::new(ListArray::new(field, offsets, values, None))
            }
            None => Arc::clone(column),
        },
        _ => Arc::clone(column),
    }
}

/// The places of the keys that are floats.
fn float_keys(rows: &SchemaRef, keys: &[String]) -> Vec<usize> {
    let fields = rows.fields().iter().enumerate();
    fields
        .filter(|(_, field)| keys.contains(field.name()))
        .filter(|(_, field)| field.data_type() == &DataType::Float64)
        .map(|(place, _)| place)
        .collect()
}

/// -0.0 and 0.0 are one group, and so are all NaNs: the hash sees bits.
fn canonical_floats(batch: &RecordBatch, columns: &[usize]) -> Result<RecordBatch> {
    let mut all = batch.columns().to_vec();
    for index in columns {
        if let Some(floats) = all[*index].as_primitive_opt::<Float64Type>() {
            let canonical = arity::unary::<Float64Type, _, Float64Type>(floats, float_key);
            all[*index] = Arc::new(canonical);
        }
    }
    Ok(RecordBatch::try_new(batch.schema(), all)?)
}
