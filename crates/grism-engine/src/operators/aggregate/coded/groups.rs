//! `CodedGroups`: the groups of rows so far, by the codes of their keys.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, MemoryManager, MemoryReservation, Result, Snapshot};

use super::key_codes::{Encoded, KeyCodes};
use super::state::GroupState;
use super::tables::GroupTables;
use crate::PhysicalSchema;
use crate::operators::{AggregateColumn, AggregatePhase};

/// Groups, and what aggregates hold of each. Memory is reserved before it is taken.
#[derive(Debug)]
pub(in crate::operators::aggregate) struct CodedGroups {
    codes: KeyCodes,
    tables: GroupTables,
    states: Vec<GroupState>,
    inputs: Inputs,
    /// The group of each row of the last batch.
    numbers: Vec<u32>,
    memory: Arc<dyn MemoryManager>,
    reserved: MemoryReservation,
}

/// Where columns stand in a batch.
#[derive(Debug)]
struct Inputs {
    keys: Vec<usize>,
    /// By aggregate: its argument, or the first of its states.
    values: Vec<Option<usize>>,
    phase: AggregatePhase,
}

/// Whether rows were taken into their groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    All,
    /// There is no memory for more groups, or no code for a key: nothing changed.
    Nothing,
}

impl CodedGroups {
    /// No groups yet, of rows that have the columns `rows` in every phase; `None` where keys or aggregates are of a kind that
    /// is not grouped so.
    pub(in crate::operators::aggregate) fn of(
        phase: AggregatePhase,
        rows: &PhysicalSchema,
        keys: &[String],
        aggregates: &[AggregateColumn],
        (snapshot, memory): (&dyn Snapshot, Arc<dyn MemoryManager>),
    ) -> Option<Self> {
        if keys.is_empty() {
            return None;
        }
        let codes = KeyCodes::of(keys, rows, snapshot)?;
        let states = aggregates.iter();
        let states = states.map(|aggregate| GroupState::of(aggregate, rows.arrow()));
        let states = states.collect::<Option<Vec<_>>>()?;
        let inputs = match phase {
            AggregatePhase::Final => {
                let mut next = keys.len();
                let values = states.iter().map(|state| {
                    let first = next;
                    next += state.state_columns();
                    Some(first)
                });
                Inputs {
                    keys: (0..keys.len()).collect(),
                    values: values.collect(),
                    phase,
                }
            }
            AggregatePhase::Single | AggregatePhase::Partial => {
                let place = |name: &String| rows.index_of(name).ok();
                let values = aggregates.iter();
                let values = values.map(|own| own.arguments.first().and_then(place));
                Inputs {
                    keys: keys.iter().map(place).collect::<Option<_>>()?,
                    values: values.collect(),
                    phase,
                }
            }
        };
        Some(Self {
            tables: GroupTables::of(codes.bits()),
            codes,
            states,
            inputs,
            numbers: Vec::new(),
            reserved: MemoryReservation::empty(Arc::clone(&memory)),
            memory,
        })
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.tables.len()
    }

    /// Takes rows, or states in the final phase.
    ///
    /// # Errors
    /// `Internal` for columns of other types.
    pub(super) fn take(&mut self, batch: &RecordBatch) -> Result<Taken> {
        let columns = batch.columns();
        let keys = self.inputs.keys.iter().map(|key| columns.get(*key));
        let keys = keys.collect::<Option<Vec<&ArrayRef>>>();
        let keys = keys.ok_or_else(|| Error::internal("rows without their keys"))?;
        let mut encoded = self.tables.encode(&mut self.codes, &keys)?;
        if encoded == Encoded::TooFar && self.widen()? {
            encoded = self.tables.encode(&mut self.codes, &keys)?;
        }
        if encoded != Encoded::All {
            return Ok(Taken::Nothing);
        }
        match self.tables.room(self.width(), &mut self.reserved) {
            None => return Ok(Taken::Nothing),
            Some(0) => {}
            Some(groups) => self.states.iter_mut().for_each(|own| own.reserve(groups)),
        }
        self.tables.find(&mut self.numbers);
        let groups = self.len();
        for (state, first) in self.states.iter_mut().zip(&self.inputs.values) {
            state.start(groups);
            match (self.inputs.phase, first) {
                (AggregatePhase::Final, Some(first)) => {
                    let states = columns.get(*first..first + state.state_columns());
                    state.merge(&self.numbers, states.unwrap_or_default())?;
                }
                (_, first) => {
                    let values = first.and_then(|first| columns.get(first));
                    state.take(&self.numbers, values)?;
                }
            }
        }
        Ok(Taken::All)
    }

    /// The keys and states of some groups.
    ///
    /// # Errors
    /// Those of Arrow.
    pub(super) fn states(&self, groups: Range<usize>, schema: &SchemaRef) -> Result<RecordBatch> {
        let mut columns = self.keys(groups.clone());
        for state in &self.states {
            columns.extend(state.states(groups.clone())?);
        }
        Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
    }

    /// The keys and results of some groups.
    ///
    /// # Errors
    /// `InvalidData` for a result that does not fit into its type.
    pub(super) fn results(&self, groups: Range<usize>, schema: &SchemaRef) -> Result<RecordBatch> {
        let mut columns = self.keys(groups.clone());
        for state in &self.states {
            columns.push(state.results(groups.clone())?);
        }
        Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
    }

    fn keys(&self, groups: Range<usize>) -> Vec<ArrayRef> {
        self.tables.decode(&self.codes, groups)
    }

    /// Bytes of what aggregates hold of a group.
    fn width(&self) -> usize {
        self.states.iter().map(GroupState::width).sum()
    }

    /// Gives every group a code for integers of any size; `false` where no such code exists, or no memory is left for it.
    fn widen(&mut self) -> Result<bool> {
        let Some(mut codes) = self.codes.widened() else {
            return Ok(false);
        };
        let keys = self.keys(0..self.len());
        let mut tables = GroupTables::of(codes.bits());
        let mut reserved = MemoryReservation::empty(Arc::clone(&self.memory));
        tables.encode(&mut codes, &keys.iter().collect::<Vec<_>>())?;
        let Some(groups) = tables.room(self.width(), &mut reserved) else {
            return Ok(false);
        };
        // The keys differ, so that groups get the numbers that they have.
        tables.find(&mut self.numbers);
        self.states.iter_mut().for_each(|own| own.reserve(groups));
        (self.codes, self.tables, self.reserved) = (codes, tables, reserved);
        Ok(true)
    }
}
