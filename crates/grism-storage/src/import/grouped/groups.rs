//! The rows of a load that wait for the others of their hyperedge.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, StringArray};
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use grism_core::{MemoryManager, MemoryReservation, Result, Table, batch_bytes, batches_of};

use super::merge::{Merged, merged};
use super::origins::{KeptRows, Origins};
use super::parts::{DEEPEST, Part, Parts};
use super::rows::{NAMES_BEFORE, joined};
use super::rules::GroupRules;
use crate::columns::named_batch;
use crate::import::key::Key;
use crate::import::keys::KeyColumn;
use crate::import::options::BadRow;
use crate::import::parsed::Parsed;

/// Rows by the key of their hyperedge, in memory as far as it holds them.
pub(in crate::import) struct Groups {
    origins: Origins,
    held: Vec<RecordBatch>,
    /// Bytes of those that are held.
    bytes: usize,
    /// Bytes that may be held.
    limit: usize,
    memory: Arc<dyn MemoryManager>,
    /// What those that are held take.
    reserved: MemoryReservation,
    parts: Option<Parts>,
    /// The columns of the rows as they were read, for the reject file.
    columns: Vec<String>,
}

/// Rows of one batch.
pub(in crate::import) struct GroupRows<'a> {
    /// The rows as they were read.
    pub(in crate::import) parsed: &'a Parsed,
    pub(in crate::import) keys: &'a KeyColumn,
    /// The columns of roles and properties, by their names in the table.
    pub(in crate::import) names: Vec<String>,
    pub(in crate::import) values: Vec<ArrayRef>,
    /// The columns of roles that the rows say nothing of, since they are none of theirs.
    pub(in crate::import) unsaid: Vec<String>,
    /// Which rows are right; `None` where all are.
    pub(in crate::import) kept: Option<Vec<bool>>,
}

/// The rows whose key is null or an empty text: they are of no group.
pub(in crate::import) fn rows_without_key(keys: &KeyColumn) -> Vec<usize> {
    let is_none = |row: &usize| match keys.get(*row) {
        Some(Key::Text(text)) => text.is_empty(),
        key => key.is_none(),
    };
    (0..keys.len()).filter(is_none).collect()
}

impl Groups {
    /// No rows yet; up to `limit` bytes of them are held.
    pub(in crate::import) fn new(
        bad_rows: BadRow,
        limit: usize,
        memory: &Arc<dyn MemoryManager>,
    ) -> Self {
        let kept = match bad_rows {
            BadRow::Error => KeptRows::Places,
            BadRow::Reject => KeptRows::Whole,
        };
        Self {
            origins: Origins::new(kept),
            held: Vec::new(),
            bytes: 0,
            limit,
            memory: Arc::clone(memory),
            reserved: MemoryReservation::empty(Arc::clone(memory)),
            parts: None,
            columns: Vec::new(),
        }
    }

    /// The names of the columns that the first rows were read from.
    pub(in crate::import) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Adds rows behind those that are there.
    ///
    /// # Errors
    /// `ResourceExhausted` where the disk of temporary files is full.
    pub(in crate::import) fn push(&mut self, table: &Table, rows: GroupRows<'_>) -> Result<()> {
        let read = &rows.parsed.batch;
        if self.columns.is_empty() {
            let fields = read.schema_ref().fields().iter();
            self.columns = fields.map(|field| field.name().clone()).collect();
        }
        let keys = (0..read.num_rows()).map(|row| rows.keys.get(row).map(|key| key.to_text()));
        let keys: StringArray = keys.collect();
        let origins = self
            .origins
            .columns(read, &rows.parsed.places, &rows.unsaid)?;
        let names = NAMES_BEFORE.map(str::to_owned).into_iter();
        let names: Vec<String> = names.chain(rows.names).collect();
        let mut columns: Vec<ArrayRef> = vec![Arc::new(keys)];
        columns.extend(origins.into_iter().chain(rows.values));
        let mut batch = named_batch(&names, columns, read.num_rows())?;
        if let Some(kept) = rows.kept {
            batch = filter_record_batch(&batch, &BooleanArray::from(kept))?;
        }
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.bytes += batch_bytes(&batch);
        self.reserved.resize(self.bytes);
        self.held.push(batch);
        if self.bytes > self.limit {
            self.spill(table)?;
        }
        Ok(())
    }

    fn spill(&mut self, table: &Table) -> Result<()> {
        let held = std::mem::take(&mut self.held);
        self.bytes = 0;
        self.reserved.resize(0);
        let memory = &self.memory;
        let parts = self.parts.get_or_insert_with(|| Parts::new(0, memory));
        if held.is_empty() {
            return Ok(());
        }
        parts.add(&joined(table, &held)?)
    }

    /// What the rows of each key are, some at a time: in the order of their first rows where all rows were held.
    ///
    /// # Errors
    /// Those of `take` and of temporary files.
    pub(in crate::import) fn finish(
        mut self,
        rules: &GroupRules<'_>,
        mut take: impl FnMut(Merged<'_>) -> Result<()>,
    ) -> Result<()> {
        if self.parts.is_some() {
            self.spill(rules.table)?;
        }
        let Some(parts) = self.parts.take() else {
            if self.held.is_empty() {
                return Ok(());
            }
            let rows = joined(rules.table, &self.held)?;
            self.held.clear();
            return take(merged(&rows, rules, &self.origins)?);
        };
        for part in parts.finish() {
            self.part(part, rules, &mut take)?;
        }
        Ok(())
    }

    /// What the rows of one part are, which is cut again where it is larger than what may be held.
    fn part(
        &self,
        part: Part,
        rules: &GroupRules<'_>,
        take: &mut impl FnMut(Merged<'_>) -> Result<()>,
    ) -> Result<()> {
        let batches = batches_of(part.rows.finish()?);
        if part.bytes <= self.limit || part.depth > DEEPEST {
            let batches = batches.collect::<Result<Vec<_>>>()?;
            let rows = joined(rules.table, &batches)?;
            drop(batches);
            return take(merged(&rows, rules, &self.origins)?);
        }
        let mut finer = Parts::new(part.depth, &self.memory);
        let (mut held, mut bytes) = (Vec::new(), 0);
        for batch in batches {
            let batch = batch?;
            bytes += batch_bytes(&batch);
            held.push(batch);
            if bytes > self.limit {
                finer.add(&joined(rules.table, &held)?)?;
                (held, bytes) = (Vec::new(), 0);
            }
        }
        if !held.is_empty() {
            finer.add(&joined(rules.table, &held)?)?;
        }
        let mut finer = finer.finish();
        if let [only] = &mut finer[..] {
            // The rows of one key are held, however many they are: they are one row of the graph.
            only.depth = DEEPEST + 1;
        }
        for part in finer {
            self.part(part, rules, take)?;
        }
        Ok(())
    }
}
