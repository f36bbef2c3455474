//! `HashAggregateExec`: grouping.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, ListArray};
use arrow::compute::kernels::arity;
use arrow::datatypes::{DataType, Float64Type, Int64Type, SchemaRef};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, GraphStatistics, Result, Type};
use grism_functions::float_key;
use grism_logical::optimizer::{Facts, most_different};
use grism_logical::{AggregateFunction, AggregateRef, Column, PlanSchema};
use serde::{Deserialize, Serialize};

use super::group_key::GroupKey;
use super::key_numbers::KeyNumbers;
use crate::batch::batch_of;
use crate::datafusion::{aggregate, state_schema};
use crate::operators::children::only_child;
use crate::operators::names::comma_separated;
use crate::{
    AcceptedPhase, ExecutionContextTrait, InputRequirement, OperatorRun, Phases, PhysicalOperator,
    PhysicalSchema, PlanProperties, RecordBatchStream, RequiredDistribution, run,
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
/// aggregates. Without aggregates it leaves each different row once. Spills past the memory limit, but for shared keys, each of
/// which is held once in memory.
#[derive(Debug, Serialize, Deserialize)]
pub struct HashAggregateExec {
    input: Arc<dyn PhysicalOperator>,
    phase: AggregatePhase,
    keys: Vec<GroupKey>,
    aggregates: Vec<AggregateColumn>,
    /// The schema of the rows, whatever the phase.
    rows: PhysicalSchema,
    schema: PhysicalSchema,
}

impl HashAggregateExec {
    /// Aggregates `input`, in one phase, by key columns.
    ///
    /// # Errors
    /// `Internal` for a column that is not there.
    pub fn try_new(
        input: Arc<dyn PhysicalOperator>,
        keys: Vec<GroupKey>,
        aggregates: Vec<AggregateColumn>,
    ) -> Result<Self> {
        let rows = input.schema().clone();
        Self::build(input, AggregatePhase::Single, keys, aggregates, rows)
    }

    fn build(
        input: Arc<dyn PhysicalOperator>,
        phase: AggregatePhase,
        keys: Vec<GroupKey>,
        aggregates: Vec<AggregateColumn>,
        rows: PhysicalSchema,
    ) -> Result<Self> {
        let type_of = |name: &str| {
            rows.index_of(name)
                .map(|index| rows.columns().columns[index].ty.clone())
        };
        let mut columns = Vec::new();
        for key in &keys {
            let column = Column::new(&key.name, type_of(&key.name)?);
            columns.push(match key.value {
                Some(_) => column.shared(),
                None => column,
            });
        }
        if phase == AggregatePhase::Partial {
            let names: Vec<String> = keys.iter().map(|key| key.name.clone()).collect();
            let numbered = KeyNumbers::schema(&keys, rows.arrow());
            let states = state_schema(&numbered, &names, &aggregates)?;
            for field in &states.fields()[keys.len()..] {
                columns.push(Column::new(
                    field.name(),
                    Type::of_column(field.data_type()),
                ));
            }
        } else {
            for aggregate in &aggregates {
                let arguments = aggregate.arguments.iter().map(|name| type_of(name));
                let arguments = arguments.collect::<Result<Vec<_>>>()?;
                columns.push(Column::new(
                    &aggregate.name,
                    aggregate.function.result_type(&arguments)?,
                ));
            }
        }
        for value in keys.iter().filter_map(|key| key.value.as_deref()) {
            columns.push(Column::new(value, type_of(value)?).shared());
        }
        Ok(Self {
            input,
            phase,
            keys,
            aggregates,
            rows,
            schema: PlanSchema::new(columns).into(),
        })
    }

    /// The first of two phases.
    fn partial(&self) -> Result<Self> {
        let (keys, aggregates) = (self.keys.clone(), self.aggregates.clone());
        Self::build(
            Arc::clone(&self.input),
            AggregatePhase::Partial,
            keys,
            aggregates,
            self.rows.clone(),
        )
    }

    /// The second of two phases, over the states of the first.
    fn finish(&self, states: Arc<dyn PhysicalOperator>) -> Result<Self> {
        Self::build(
            states,
            AggregatePhase::Final,
            self.keys.clone(),
            self.aggregates.clone(),
            self.rows.clone(),
        )
    }

    /// What the first phase outputs, as the second one knows it.
    fn partial_groups(&self) -> String {
        let calls = self.aggregates.iter().map(|own| own.name.clone());
        let (calls, by) = (comma_separated(calls), comma_separated(self.keys()));
        format!("groups of [{calls}] by [{by}]")
    }

    /// The key columns.
    fn keys(&self) -> Vec<String> {
        self.keys.iter().map(|key| key.name.clone()).collect()
    }
}

#[typetag::serde]
impl PhysicalOperator for HashAggregateExec {
    fn name(&self) -> &'static str {
        "HashAggregateExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    fn properties(
        &self,
        inputs: &[PlanProperties],
        _statistics: &GraphStatistics,
    ) -> PlanProperties {
        let own = PlanProperties::row_by_row(&inputs[0], &self.schema).blocking();
        let pending = match self.phase {
            AggregatePhase::Partial => Some(self.partial_groups()),
            AggregatePhase::Single | AggregatePhase::Final => None,
        };
        PlanProperties { pending, ..own }
    }

    fn estimated_rows(&self, inputs: &[f64], facts: Facts<'_>) -> f64 {
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

    fn required_inputs(&self) -> Vec<InputRequirement> {
        if self.phase == AggregatePhase::Partial {
            return vec![InputRequirement::any()];
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
        vec![InputRequirement::of(distribution, reason).with_phase(phase)]
    }

    fn phases(&self) -> Result<Option<Phases>> {
        let is_split = self.phase == AggregatePhase::Single
            && self.aggregates.iter().all(AggregateColumn::is_mergeable);
        if !is_split || self.schema.columns().columns.is_empty() {
            return Ok(None);
        }
        let local: Arc<dyn PhysicalOperator> = Arc::new(self.partial()?);
        let global = self.finish(Arc::clone(&local))?;
        let [between] = <[_; 1]>::try_from(global.required_inputs())
            .map_err(|_| Error::internal("an aggregate has one input"))?;
        Ok(Some(Phases {
            local,
            between,
            global: Some(Arc::new(global)),
        }))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.input]
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let (keys, aggregates) = (self.keys.clone(), self.aggregates.clone());
        Ok(Arc::new(Self::build(
            only_child(children)?,
            self.phase,
            keys,
            aggregates,
            self.rows.clone(),
        )?))
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

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let keys = self.keys();
        if keys.is_empty() && self.aggregates.is_empty() {
            return self.unit_row(&context);
        }
        let rows = KeyNumbers::schema(&self.keys, self.rows.arrow());
        let input = run(&self.input, &context)?;
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
        let query = context.query();
        let grouped = aggregate(self.phase, &rows, &keys, &self.aggregates, input, query)?;
        let (schema, phase, aggregates, keys) = (
            Arc::clone(self.schema.arrow()),
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

impl HashAggregateExec {
    /// DISTINCT over no columns: one row where there is any.
    fn unit_row(&self, context: &Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let input = run(&self.input, context)?;
        let first = input.take(1).map_ok(|batch| batch.slice(0, 1));
        Ok(first.boxed())
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
