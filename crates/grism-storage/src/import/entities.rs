//! The entities that groups of rows are: new ones are added, those that there are change, and some are refused.

use arrow::array::{Array, BooleanArray, UInt64Array};
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::record_batch::RecordBatch;
use grism_core::{Cardinality, Result, Table};

use super::conflict::{Keyed, NewValues, OnConflict};
use super::grouped::MergedBatch;
use super::keys::{KeyColumn, NONE};
use super::plan::Plan;
use super::properties::required_column;

/// What is known of the entities of a load.
pub(super) struct Entities<'a> {
    /// Their table, as it is once all rows are read.
    pub(super) table: &'a Table,
    pub(super) plan: &'a Plan,
}

/// What became of the entities of one batch.
pub(super) struct Settled {
    /// The rows that are added.
    pub(super) new: RecordBatch,
    /// What changes of those that there are.
    pub(super) known: NewValues,
    /// How many are left out.
    pub(super) skipped: u64,
    /// The places of those that are refused, and why.
    pub(super) wrong: Vec<(usize, String)>,
}

impl Entities<'_> {
    /// Settles what becomes of the entities of a batch, by their keys where they have some.
    ///
    /// # Errors
    /// `InvalidData` where no row has the column of the key; those of temporary files.
    pub(super) fn settle(&self, batch: &MergedBatch, keyed: Option<&mut Keyed>) -> Result<Settled> {
        let rows = batch.rows.num_rows();
        let mut settled = Settled {
            new: batch.rows.clone(),
            known: NewValues {
                ids: Vec::new(),
                rows: batch.rows.slice(0, 0),
                unsaid: Default::default(),
            },
            skipped: 0,
            wrong: Vec::new(),
        };
        let Some(keyed) = keyed else {
            return Ok(settled);
        };
        let keys = self.keys(batch)?;
        let ids = keyed.ids(&keys)?;
        let (mut new, mut known) = (vec![false; rows], Vec::new());
        for (row, id) in ids.into_iter().enumerate() {
            let Some(key) = keys.get(row) else {
                let reason = format!("the key `{}` is null in all rows of the group", keyed.key);
                settled.wrong.push((row, reason));
                continue;
            };
            let is_new = id == NONE;
            if is_new && let Some(reason) = self.lacks(batch, row) {
                settled.wrong.push((row, reason));
                continue;
            }
            if is_new && keyed.insert(&key) {
                new[row] = true;
                continue;
            }
            match keyed.on_conflict {
                OnConflict::Skip => settled.skipped += 1,
                // Two groups of this load cannot be one hyperedge.
                OnConflict::Update if !is_new && !keyed.is_added(id) => known.push((row, id)),
                _ => settled.wrong.push((row, keyed.taken(&key))),
            }
        }
        settled.known = self.chosen(batch, &known)?;
        settled.new = filter_record_batch(&batch.rows, &BooleanArray::from(new))?;
        Ok(settled)
    }

    /// The keys of the entities.
    fn keys(&self, batch: &MergedBatch) -> Result<KeyColumn> {
        let (grouping, key) = (&self.plan.grouping, self.plan.key.as_deref());
        let key = key.unwrap_or_default();
        if grouping.as_ref().is_some_and(|own| own.by == key) {
            return Ok(batch.keys.clone());
        }
        let column = self.table.column_for(key);
        KeyColumn::stored(key, required_column(&batch.rows, &column)?)
    }

    /// Why an entity that is new cannot be added: a required role that no row binds.
    fn lacks(&self, batch: &MergedBatch, row: usize) -> Option<String> {
        let ty = self.table.hyperedge_type()?;
        let mut required = ty
            .roles
            .iter()
            .filter(|role| role.cardinality == Cardinality::One);
        let unbound = required.find(|role| {
            let column = batch.rows.column_by_name(&role.column());
            column.is_none_or(|column| column.is_null(row))
        })?;
        Some(format!(
            "the role `{}` is required, and a hyperedge that does not exist yet must bind it",
            unbound.name
        ))
    }

    /// What some rows of a batch say of the entities with those ids. Their keys stay as they are stored, also where a number
    /// is written as a text here.
    fn chosen(&self, batch: &MergedBatch, known: &[(usize, u64)]) -> Result<NewValues> {
        let key = self
            .table
            .column_for(self.plan.key.as_deref().unwrap_or_default());
        let fields = batch.rows.schema_ref().fields().iter().enumerate();
        let others = fields.filter(|(_, field)| *field.name() != key);
        let others: Vec<usize> = others.map(|(place, _)| place).collect();
        let places: UInt64Array = known.iter().map(|(row, _)| *row as u64).collect();
        let unsaid = batch.unsaid.iter().map(|(name, rows)| {
            let own = known.iter().map(|(row, _)| Some(rows.value(*row)));
            (name.clone(), own.collect())
        });
        Ok(NewValues {
            ids: known.iter().map(|(_, id)| *id).collect(),
            rows: take_record_batch(&batch.rows.project(&others)?, &places)?,
            unsaid: unsaid.collect(),
        })
    }
}
