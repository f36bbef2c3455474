//! `Touched`: the rows of a commit that a constraint must be looked at for.

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;
use grism_core::{
    ChangeSet, Constraint, EntityId, Error, GraphSchema, LABELS_COLUMN, OffsetSet, Result,
    Snapshot, Table, TableId,
};

use super::key::KeyReader;
use crate::columns::row_offsets;

/// Rows that are looked up at a time.
pub(super) const LOOKED_UP: usize = 1 << 16;
/// Stands for the id of a row that is looked at elsewhere, or not at all.
pub(super) const PASSED_OVER: u64 = u64::MAX;

/// The rows of a commit that come under a constraint, or may.
#[derive(Debug)]
pub(super) struct Touched<'a> {
    constraint: &'a Constraint,
    schema: &'a GraphSchema,
    steps: &'a [ChangeSet],
    /// The offset of the first row that each step adds to a table.
    first: Vec<BTreeMap<TableId, u64>>,
    /// Rows some of whose values, or whose labels, change, by table.
    changed: BTreeMap<TableId, OffsetSet>,
    /// Rows that go.
    gone: BTreeMap<TableId, OffsetSet>,
    added: u64,
}

/// Rows of one batch.
pub(super) struct TouchedRows<'a> {
    pub(super) reader: KeyReader<'a>,
    pub(super) batch: RecordBatch,
    /// The raw id of each row, or [`PASSED_OVER`].
    pub(super) ids: Vec<u64>,
}

impl<'a> Touched<'a> {
    /// Those of steps on top of `before`; `None` where there are none.
    ///
    /// # Errors
    /// Those of rows that are kept in files.
    pub(super) fn of(
        constraint: &'a Constraint,
        schema: &'a GraphSchema,
        before: &dyn Snapshot,
        steps: &'a [ChangeSet],
    ) -> Result<Option<Self>> {
        let mut touched = Self {
            constraint,
            schema,
            steps,
            first: Vec::new(),
            changed: BTreeMap::new(),
            gone: BTreeMap::new(),
            added: 0,
        };
        let mut next: BTreeMap<TableId, u64> = BTreeMap::new();
        for step in steps {
            let mut first = BTreeMap::new();
            for id in step.appends.keys() {
                let known = before.statistics().tables.get(id);
                let next = next
                    .entry(*id)
                    .or_insert(known.map_or(0, |own| own.next_offset));
                first.insert(*id, *next);
                let rows = step.appended_rows(*id);
                *next += rows;
                if touched.table(*id).is_some() {
                    touched.added += rows;
                }
            }
            touched.first.push(first);
            for id in step.updates.keys() {
                touched.note_changed(step, *id)?;
            }
            for (id, offsets) in &step.deletes {
                if touched.table(*id).is_some() {
                    *touched.gone.entry(*id).or_default() |= offsets;
                }
            }
        }
        for (id, changed) in &mut touched.changed {
            if let Some(gone) = touched.gone.get(id) {
                *changed -= gone;
            }
        }
        touched.changed.retain(|_, offsets| !offsets.is_empty());
        let is_touched = touched.added > 0 || !touched.changed.is_empty();
        Ok(is_touched.then_some(touched))
    }

    /// The table, where the constraint covers it.
    fn table(&self, id: TableId) -> Option<&'a Table> {
        let table = self.schema.table(id).ok()?;
        self.constraint.covers(table).then_some(table)
    }

    fn note_changed(&mut self, step: &ChangeSet, id: TableId) -> Result<()> {
        let Some(table) = self.table(id) else {
            return Ok(());
        };
        let reader = KeyReader::new(self.constraint, table);
        for batch in step.updated(id) {
            let batch = batch?;
            let has = |column: &str| batch.column_by_name(column).is_some();
            if has(LABELS_COLUMN) || reader.property_columns().flatten().any(has) {
                let changed = self.changed.entry(id).or_default();
                changed.extend(row_offsets(&batch)?);
            }
        }
        Ok(())
    }

    /// How many rows there are, at most.
    pub(super) fn rows(&self) -> u64 {
        self.added + self.changed.values().map(OffsetSet::len).sum::<u64>()
    }

    /// Whether rows must be read as the commit leaves them.
    pub(super) fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Whether what an entity had before the commit does not count any more.
    pub(super) fn contains(&self, id: u64) -> bool {
        let id = EntityId::from_raw(id);
        let has = |of: &BTreeMap<TableId, OffsetSet>| {
            of.get(&id.table())
                .is_some_and(|offsets| offsets.contains(id.offset()))
        };
        has(&self.changed) || has(&self.gone)
    }

    /// Visits the rows as they are after the commit, a batch at a time.
    ///
    /// # Errors
    /// Those of `visit`, and of reading.
    pub(super) async fn visit(
        &self,
        after: Option<&dyn Snapshot>,
        mut visit: impl FnMut(&TouchedRows<'a>) -> Result<()> + Send,
    ) -> Result<()> {
        for (step, first) in self.steps.iter().zip(&self.first) {
            for (id, first) in first {
                let Some(table) = self.table(*id) else {
                    continue;
                };
                let mut offset = *first;
                for batch in step.appended(*id) {
                    let batch = batch?;
                    let end = offset + batch.num_rows() as u64;
                    let ids = (offset..end).map(|offset| {
                        let id = EntityId::new(*id, offset).raw();
                        if self.contains(id) { PASSED_OVER } else { id }
                    });
                    visit(&TouchedRows {
                        reader: KeyReader::new(self.constraint, table),
                        ids: ids.collect(),
                        batch,
                    })?;
                    offset = end;
                }
            }
        }
        for (id, changed) in &self.changed {
            let (Some(table), Some(after)) = (self.table(*id), after) else {
                return Err(Error::internal(
                    "changed rows of a commit that are not read",
                ));
            };
            let columns = KeyReader::new(self.constraint, table).columns();
            let mut offsets = changed.iter();
            loop {
                let piece: Vec<u64> = offsets.by_ref().take(LOOKED_UP).collect();
                if piece.is_empty() {
                    break;
                }
                let batch = after.take(*id, &piece, &columns).await?;
                let ids = piece.iter().map(|offset| EntityId::new(*id, *offset).raw());
                visit(&TouchedRows {
                    reader: KeyReader::new(self.constraint, table),
                    ids: ids.collect(),
                    batch,
                })?;
            }
        }
        Ok(())
    }
}
