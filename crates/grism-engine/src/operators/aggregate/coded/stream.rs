//! Rows grouped by the codes of their keys, as far as memory holds the groups.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use futures::stream::{iter, once};
use futures::{StreamExt, TryStreamExt};
use grism_core::{AppendedRows, MemoryManager, Result, RowBuffer};

use super::groups::{CodedGroups, Taken};
use crate::datafusion::{aggregate, state_schema};
use crate::operators::{AggregateColumn, AggregatePhase};
use crate::{ExecutionContextTrait, RecordBatchStream};

/// An aggregation that spills, for rows that follow when memory holds no more groups.
#[derive(Debug)]
pub(in crate::operators::aggregate) struct Spilling {
    /// The columns of rows, in every phase.
    pub(in crate::operators::aggregate) rows: SchemaRef,
    pub(in crate::operators::aggregate) keys: Vec<String>,
    pub(in crate::operators::aggregate) aggregates: Vec<AggregateColumn>,
    pub(in crate::operators::aggregate) context: Arc<dyn ExecutionContextTrait>,
}

impl Spilling {
    fn states(&self) -> Result<SchemaRef> {
        state_schema(&self.rows, &self.keys, &self.aggregates)
    }

    /// The groups of rows, or of states in the final phase.
    pub(in crate::operators::aggregate) fn run(
        &self,
        phase: AggregatePhase,
        input: RecordBatchStream,
    ) -> Result<RecordBatchStream> {
        let query = self.context.query();
        aggregate(
            phase,
            &self.rows,
            &self.keys,
            &self.aggregates,
            input,
            query,
        )
    }
}

/// The groups of `input`, as a phase outputs them. Where there is no memory for more groups, `spilling` aggregates what follows:
/// rows in the first phase, and states, those so far among them, in the last.
///
/// ```text
/// rows ─► groups ─┬─────────────────────────────► results
///                 └─ no room: states so far ─┐
///           rows that follow ─► partial ─────┴─► final ─► results
/// ```
pub(in crate::operators::aggregate) fn group_by_code(
    phase: AggregatePhase,
    mut groups: CodedGroups,
    output: SchemaRef,
    mut input: RecordBatchStream,
    spilling: Spilling,
) -> RecordBatchStream {
    let query = spilling.context.query();
    let batch_rows = query.config.batch_rows.max(1);
    let cancellation = query.cancellation.clone();
    let memory = spilling.context.memory_manager();
    let grouped = async_stream::try_stream! {
        let mut rest = None;
        while let Some(batch) = input.try_next().await? {
            if groups.take(&batch)? == Taken::Nothing {
                rest = Some(batch);
                break;
            }
        }
        let Some(rest) = rest else {
            for start in (0..groups.len()).step_by(batch_rows) {
                cancellation.check()?;
                let part = start..groups.len().min(start + batch_rows);
                yield match phase {
                    AggregatePhase::Partial => groups.states(part, &output)?,
                    AggregatePhase::Single | AggregatePhase::Final => groups.results(part, &output)?,
                };
            }
            return;
        };
        let states = waiting_states(groups, &spilling.states()?, batch_rows, &memory)?;
        let rest = once(std::future::ready(Ok(rest))).chain(input).boxed();
        let rest = match phase {
            AggregatePhase::Final => rest,
            AggregatePhase::Single | AggregatePhase::Partial => spilling.run(AggregatePhase::Partial, rest)?,
        };
        let states = states.chain(rest).boxed();
        let mut done = match phase {
            AggregatePhase::Partial => states,
            AggregatePhase::Single | AggregatePhase::Final => spilling.run(AggregatePhase::Final, states)?,
        };
        while let Some(batch) = done.try_next().await? {
            yield batch;
        }
    };
    grouped.boxed()
}

/// The states of groups whose memory is given back: they go to a temporary file.
fn waiting_states(
    groups: CodedGroups,
    schema: &SchemaRef,
    batch_rows: usize,
    memory: &Arc<dyn MemoryManager>,
) -> Result<RecordBatchStream> {
    let mut waiting = RowBuffer::new(0, memory);
    for start in (0..groups.len()).step_by(batch_rows) {
        let part = start..groups.len().min(start + batch_rows);
        waiting.push(groups.states(part, schema)?)?;
    }
    drop(groups);
    let pieces = waiting.finish()?.into_iter();
    let batches = pieces.map(|piece: AppendedRows| piece.batches());
    let batches = batches.collect::<Result<Vec<_>>>()?;
    Ok(iter(batches.into_iter().flatten()).boxed())
}
