//! `CodedGroups`: the groups of rows so far, by the codes of their keys.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, MemoryManager, MemoryReservation, Result, Snapshot};

use super::key_code::KeyCode;
use super::key_codes::KeyCodes;
use super::state::GroupState;
use super::table::GroupTable;
use crate::PhysicalSchema;
use crate::operators::{AggregateColumn, AggregatePhase};

/// Groups, and what aggregates hold of each. Memory is reserved before it is taken.
#[derive(Debug)]
pub(in crate::operators::aggregate) struct CodedGroups {
    codes: KeyCodes,
    tables: Tables,
    states: Vec<GroupState>,
    inputs: Inputs,
    numbers: Vec<u32>,
    reserved: MemoryReservation,
}

#[derive(Debug)]
enum Tables {
    Narrow(GroupTable<u64>, Vec<u64>),
    Wide(GroupTable<u128>, Vec<u128>),
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
        let tables = match codes.bits() {
            bits if bits <= u64::BITS => Tables::Narrow(GroupTable::new(bits), Vec::new()),
            bits => Tables::Wide(GroupTable::new(bits), Vec::new()),
        };
        Some(Self {
            codes,
            tables,
            states,
            inputs,
            numbers: Vec::new(),
            reserved: MemoryReservation::empty(memory),
        })
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        match &self.tables {
            Tables::Narrow(table, _) => table.len(),
            Tables::Wide(table, _) => table.len(),
        }
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
        let width = self.states.iter().map(GroupState::width).sum();
        let grown = match &mut self.tables {
            Tables::Narrow(table, codes) => {
                if !self.codes.encode(&keys, codes)? {
                    return Ok(Taken::Nothing);
                }
                room(table, codes.len(), width, &mut self.reserved)
            }
            Tables::Wide(table, codes) => {
                if !self.codes.encode(&keys, codes)? {
                    return Ok(Taken::Nothing);
                }
                room(table, codes.len(), width, &mut self.reserved)
            }
        };
        match grown {
            None => return Ok(Taken::Nothing),
            Some(0) => {}
            Some(groups) => self.states.iter_mut().for_each(|own| own.reserve(groups)),
        }
        match &mut self.tables {
            Tables::Narrow(table, codes) => table.find(codes, &mut self.numbers),
            Tables::Wide(table, codes) => table.find(codes, &mut self.numbers),
        }
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
        match &self.tables {
            Tables::Narrow(table, _) => self.codes.decode(&table.codes()[groups]),
            Tables::Wide(table, _) => self.codes.decode(&table.codes()[groups]),
        }
    }
}

/// Makes room for as many more groups as there are rows. The groups that there is room for where that changed, otherwise 0;
/// `None` where there is no memory for them.
fn room<C: KeyCode>(
    table: &mut GroupTable<C>,
    rows: usize,
    width: usize,
    reserved: &mut MemoryReservation,
) -> Option<usize> {
    let needed = table.len() + rows;
    if needed <= table.capacity() {
        return Some(0);
    }
    let fits = u32::try_from(needed.checked_mul(4)?).is_ok();
    let groups = table.rounded(needed);
    let bytes = table.bytes_of(groups) + groups * width;
    let more = bytes.saturating_sub(reserved.bytes());
    if !fits || reserved.try_grow(more).is_err() {
        return None;
    }
    table.reserve(groups);
    reserved.resize(table.bytes() + groups * width);
    Some(groups)
}
