//! `WeightedCountExec`: the ways to bind a pattern, counted without making a row for each.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, UInt64Array};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{EntityId, Error, GraphStatistics, Result, TableId};
use grism_logical::optimizer::Facts;
use grism_logical::{PlanSchema, WeightedCount};
use serde::{Deserialize, Serialize};

use super::loops::{KnownLoops, lacks_loops};
use super::pass::Pass;
use super::shared::SharedFactors;
use super::weights::{TableWeights, Weights};
use crate::batch::{batch_of, id_column};
use crate::{
    Distribution, ExecutionContextTrait, InputRequirement, OperatorRun, PhysicalOperator,
    PhysicalSchema, PlanProperties, RecordBatchStream, RequiredDistribution, run,
};

/// Counts the ways to bind a pattern by the entity at one place, as [`WeightedCount`] says.
///
/// ```text
///   entities that pass ─┐
///                       ├─ weights: leaves → root ─ entity, count
///      incidence lists ─┘
/// ```
///
/// Output: the entity and its count, by table and offset; or one row with the sum; or pairs of entities and their counts, in no order. Runs at one place, on all threads of the
/// query. Holds 8 bytes for each entity of the tables of a place, of a few places at a time, under the memory limit, and the
/// incidence lists of as many segments as there are threads. Where the pattern has cycles, it holds the numbers of all neighbours by
/// the steps of these, and for each thread 4 or 8 bytes for each entity of the tables of their places.
#[derive(Debug, Serialize, Deserialize)]
pub struct WeightedCountExec {
    inputs: Vec<Arc<dyn PhysicalOperator>>,
    /// The number of the leaf where there are no inputs; without one every partition counts everything.
    leaf: Option<u32>,
    count: WeightedCount,
    schema: PhysicalSchema,
}

impl WeightedCountExec {
    /// Runs `count` over `inputs`, which take the place of the logical inputs.
    #[must_use]
    pub fn new(
        inputs: Vec<Arc<dyn PhysicalOperator>>,
        leaf: Option<u32>,
        count: &WeightedCount,
    ) -> Self {
        Self {
            inputs,
            leaf,
            schema: PlanSchema::new(count.columns()).into(),
            count: WeightedCount {
                // The physical inputs stand beside it.
                inputs: Vec::new(),
                ..count.clone()
            },
        }
    }
}

#[typetag::serde]
impl PhysicalOperator for WeightedCountExec {
    fn name(&self) -> &'static str {
        "WeightedCountExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    fn properties(
        &self,
        _inputs: &[PlanProperties],
        _statistics: &GraphStatistics,
    ) -> PlanProperties {
        if !self.inputs.is_empty() {
            return PlanProperties::of(Distribution::Single).blocking();
        }
        PlanProperties::of(match self.leaf {
            Some(_) => Distribution::OnePiece,
            None => Distribution::Replicated,
        })
    }

    fn advice(&self, _run: &OperatorRun<'_>) -> Option<String> {
        let advice =
            "it reads every list of the pattern's steps once: name their types, or filter its ends";
        Some(advice.to_owned())
    }

    fn estimated_rows(&self, _inputs: &[f64], facts: Facts<'_>) -> f64 {
        self.count.estimated_rows(facts.statistics)
    }

    fn required_inputs(&self) -> Vec<InputRequirement> {
        let whole = || {
            InputRequirement::of(
                RequiredDistribution::Single,
                "weights are added up over all entities",
            )
        };
        self.inputs.iter().map(|_| whole()).collect()
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        self.inputs.iter().collect()
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        if children.len() != self.inputs.len() {
            let message = "a weighted count was given another number of inputs";
            return Err(Error::internal(message));
        }
        Ok(Arc::new(Self::new(children, self.leaf, &self.count)))
    }

    fn describe(&self) -> String {
        self.count.describe()
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        if self.inputs.is_empty()
            && let Some(leaf) = self.leaf
            && context.morsels(leaf, 1).take().is_none()
        {
            return Ok(futures::stream::empty().boxed());
        }
        let (inputs, count, schema) =
            (self.inputs.clone(), self.count.clone(), self.schema.clone());
        let counted = async_stream::try_stream! {
            let mut pass = Pass {
                snapshot: Arc::clone(&context.query().snapshot),
                context: Arc::clone(&context),
                conditions: Vec::new(),
                shared: SharedFactors::of(&count),
            };
            for input in &inputs {
                let passing = passing(input, &pass).await?;
                pass.conditions.push(Arc::new(passing));
            }
            match count.roots.len() {
                0 => {
                    yield total(&count, &mut pass, &schema).await?;
                    return;
                }
                1 => {}
                _ => {
                    let mut pairs = pass.pairs(&count, Arc::clone(schema.arrow())).await?;
                    while let Some(batch) = pairs.try_next().await? {
                        yield batch;
                    }
                    return;
                }
            }
            let counts = by_entity(&count, &mut pass).await?;
            let batch_rows = context.query().config.batch_rows;
            for (table, counts) in counts.tables {
                let mut found = counts.iter().zip(0_u64..).filter(|(count, _)| **count > 0);
                loop {
                    let rows: Vec<(i64, u64)> = found
                        .by_ref()
                        .take(batch_rows)
                        .map(|(count, offset)| (*count, EntityId::new(table, offset).raw()))
                        .collect();
                    if rows.is_empty() {
                        break;
                    }
                    let ids = UInt64Array::from_iter_values(rows.iter().map(|(_, id)| *id));
                    let counts = Int64Array::from_iter_values(rows.iter().map(|(count, _)| *count));
                    let columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(counts)];
                    yield RecordBatch::try_new(Arc::clone(schema.arrow()), columns)?;
                }
            }
        };
        Ok(counted.boxed())
    }
}

/// 1 for each entity that an input has.
async fn passing(input: &Arc<dyn PhysicalOperator>, pass: &Pass) -> Result<Weights> {
    let mut weights = Weights::none(pass.memory());
    let column = input.schema().columns().columns.first();
    let column = column.ok_or_else(|| Error::internal("an input of weights without a column"))?;
    for table in column.ty.tables().into_iter().flat_map(|own| own.iter()) {
        weights.put_zeros(*table, pass.entities(*table))?;
    }
    let mut batches = run(input, &pass.context)?;
    while let Some(batch) = batches.try_next().await? {
        let ids = id_column(&batch, &column.name)?;
        ids.iter().flatten().for_each(|id| weights.set(id, 1));
    }
    Ok(weights)
}

/// The sum over all entities and terms, in one row.
async fn total(
    count: &WeightedCount,
    pass: &mut Pass,
    schema: &PhysicalSchema,
) -> Result<RecordBatch> {
    let (mut total, mut known) = (0_i128, KnownLoops::default());
    for term in &count.terms {
        if lacks_loops(&term.shape, pass, &mut known).await? {
            continue;
        }
        let weights = pass.weigh_term(&term.shape).await?;
        let mut sum = 0_i128;
        for (_, weights) in weights.tables() {
            let TableWeights::Each(weights) = weights else {
                return Err(Error::internal("a pattern without a step is not counted"));
            };
            for weight in weights {
                // More is not known of a weight that does not fit.
                if *weight == u64::MAX {
                    return Err(overflow());
                }
                sum += i128::from(*weight);
            }
        }
        let added = sum.checked_mul(i128::from(term.factor));
        total = added
            .and_then(|own| total.checked_add(own))
            .ok_or_else(overflow)?;
    }
    let total = i64::try_from(total).map_err(|_| overflow())?;
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(vec![total]))];
    batch_of(schema.arrow(), columns, 1)
}

/// Counts by table and offset.
struct Counts {
    tables: Vec<(TableId, Vec<i64>)>,
    memory: grism_core::MemoryReservation,
}

/// The sums of all terms for each entity.
async fn by_entity(count: &WeightedCount, pass: &mut Pass) -> Result<Counts> {
    let mut counts = Counts {
        tables: Vec::new(),
        memory: grism_core::MemoryReservation::empty(pass.memory()),
    };
    let mut known = KnownLoops::default();
    for term in &count.terms {
        if lacks_loops(&term.shape, pass, &mut known).await? {
            continue;
        }
        let weights = pass.weigh_term(&term.shape).await?;
        for (table, weights) in weights.tables() {
            let TableWeights::Each(weights) = weights else {
                return Err(Error::internal("a pattern without a step is not counted"));
            };
            let known = counts.tables.iter().position(|(own, _)| own == table);
            let known = match known {
                Some(known) => known,
                None => {
                    counts.memory.try_grow(weights.len() * size_of::<i64>())?;
                    counts.tables.push((*table, vec![0; weights.len()]));
                    counts.tables.len() - 1
                }
            };
            for (own, weight) in counts.tables[known].1.iter_mut().zip(weights) {
                if *weight > 0 {
                    let added = i64::try_from(*weight).ok();
                    *own = added
                        .and_then(|weight| weight.checked_mul(term.factor))
                        .and_then(|added| own.checked_add(added))
                        .ok_or_else(overflow)?;
                }
            }
        }
    }
    Ok(counts)
}

/// The error of a count past 64 bits.
pub(super) fn overflow() -> Error {
    Error::invalid_data("integer overflow in count()")
}
