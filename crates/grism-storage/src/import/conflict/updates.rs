//! Changes of stored entities: of the values of rows, those that differ from what is stored.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, UInt64Array, make_comparator, new_null_array,
};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{SortOptions, filter_record_batch, is_not_null, not, take_record_batch};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{
    AppendedRows, Cardinality, EntityId, Error, GraphSchema, ID_COLUMN, Result, RowBuffer,
    Snapshot, Table, TableId, widen_column,
};
use tokio::runtime::Handle;

use crate::columns::{column_or_null, column_type, id_array, named_batch};
use crate::shares::Shares;

/// Rows that are compared at a time.
const BATCH_ROWS: usize = 1 << 14;

/// The changes of one load.
pub(in crate::import) struct Updates {
    snapshot: Arc<dyn Snapshot>,
    runtime: Handle,
    rows: BTreeMap<TableId, RowBuffer>,
}

/// What rows say of stored entities.
pub(in crate::import) struct NewValues {
    /// The ids of the entities, each once.
    pub(in crate::import) ids: Vec<u64>,
    /// The columns of roles and properties, by their names in the table that the load adds to.
    pub(in crate::import) rows: RecordBatch,
    /// Of the columns of roles: the rows that say nothing of the role.
    pub(in crate::import) unsaid: BTreeMap<String, BooleanArray>,
}

impl NewValues {
    fn take(&self, places: &[usize]) -> Result<Self> {
        let wanted: UInt64Array = places.iter().map(|place| *place as u64).collect();
        let unsaid = self.unsaid.iter().map(|(name, rows)| {
            let own = places.iter().map(|place| Some(rows.value(*place)));
            (name.clone(), own.collect())
        });
        Ok(Self {
            ids: places.iter().map(|place| self.ids[*place]).collect(),
            rows: take_record_batch(&self.rows, &wanted)?,
            unsaid: unsaid.collect(),
        })
    }
}

/// A column as it is stored, and as it is afterwards.
struct Changed {
    name: String,
    values: ArrayRef,
    /// The rows in which they differ.
    differs: Vec<bool>,
}

impl Updates {
    /// No changes yet, of entities of `snapshot`.
    pub(in crate::import) fn new(snapshot: Arc<dyn Snapshot>, runtime: Handle) -> Self {
        Self {
            snapshot,
            runtime,
            rows: BTreeMap::new(),
        }
    }

    /// Adds what rows say of entities. `table` is the one that the columns are named by. Returns how many entities change.
    ///
    /// # Errors
    /// `InvalidData` for a value that a property cannot hold; those of the storage.
    pub(in crate::import) fn add(
        &mut self,
        schema: &mut GraphSchema,
        table: TableId,
        values: &NewValues,
    ) -> Result<u64> {
        let mut by_table: BTreeMap<TableId, Vec<usize>> = BTreeMap::new();
        for (place, id) in values.ids.iter().enumerate() {
            let own = by_table.entry(EntityId::from_raw(*id).table());
            own.or_default().push(place);
        }
        let mut changed = 0;
        for (own, mut places) in by_table {
            places.sort_unstable_by_key(|place| values.ids[*place]);
            for piece in places.chunks(BATCH_ROWS) {
                let mut piece = values.take(piece)?;
                if own != table {
                    piece.rows = renamed(schema, table, own, &piece.rows)?;
                }
                changed += self.add_piece(schema.table(own)?, &piece)?;
            }
        }
        Ok(changed)
    }

    fn add_piece(&mut self, table: &Table, values: &NewValues) -> Result<u64> {
        let offset = |id: &u64| EntityId::from_raw(*id).offset();
        let offsets: Vec<u64> = values.ids.iter().map(offset).collect();
        let names: Vec<String> = values
            .rows
            .schema_ref()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .filter(|name| column_type(table, name).is_some_and(|ty| ty != DataType::Null))
            .collect();
        let stored = self.stored(table, &offsets, &names)?;
        let mut differs = vec![false; offsets.len()];
        let mut changed = Vec::new();
        for name in names {
            let own = compared(table, name, values, stored.as_ref())?;
            if own.differs.contains(&true) {
                let all = differs.iter_mut().zip(&own.differs);
                all.for_each(|(all, own)| *all |= own);
                changed.push(own);
            }
        }
        let count = differs.iter().filter(|differs| **differs).count() as u64;
        if count == 0 {
            return Ok(0);
        }
        let mut names = vec![ID_COLUMN.to_owned()];
        let mut columns = vec![id_array(table.id, offsets.iter().copied())];
        for own in changed {
            names.push(own.name);
            columns.push(own.values);
        }
        let batch = named_batch(&names, columns, offsets.len())?;
        let batch = filter_record_batch(&batch, &BooleanArray::from(differs))?;
        let memory = self.snapshot.memory();
        let limit = Shares::of(memory.as_ref()).waiting_bytes() / 8;
        let rows = self.rows.entry(table.id);
        rows.or_insert_with(|| RowBuffer::new(limit, memory))
            .push(batch)?;
        Ok(count)
    }

    /// The columns of `names` that are stored; `None` where none of them is.
    fn stored(
        &self,
        table: &Table,
        offsets: &[u64],
        names: &[String],
    ) -> Result<Option<RecordBatch>> {
        let known = self.snapshot.schema().table(table.id)?;
        let is_known = |name: &&String| {
            column_type(known, name).is_some_and(|data_type| data_type != DataType::Null)
        };
        let known: Vec<String> = names.iter().filter(is_known).cloned().collect();
        if known.is_empty() {
            return Ok(None);
        }
        let rows = self.snapshot.take(table.id, offsets, &known);
        self.runtime.block_on(rows).map(Some)
    }

    /// The changes, by table.
    ///
    /// # Errors
    /// `ResourceExhausted` where the disk of temporary files is full.
    pub(in crate::import) fn finish(self) -> Result<BTreeMap<TableId, Vec<AppendedRows>>> {
        let rows = self.rows.into_iter();
        rows.map(|(table, rows)| Ok((table, rows.finish()?)))
            .collect()
    }
}

/// A column of some rows beside what is stored. Null says nothing of a property and of a role that is required; of other
/// roles the rows say all that is not `unsaid`.
fn compared(
    table: &Table,
    name: String,
    values: &NewValues,
    stored: Option<&RecordBatch>,
) -> Result<Changed> {
    let data_type = column_type(table, &name)
        .ok_or_else(|| Error::internal("an update of an unknown column"))?;
    let new = column_or_null(&values.rows, &name, &data_type)?;
    let old = match stored.and_then(|stored| stored.column_by_name(&name)) {
        Some(old) if old.data_type() == &data_type => Arc::clone(old),
        Some(old) => widen_column(old, &data_type)?,
        None => new_null_array(&data_type, new.len()),
    };
    let role = table.hyperedge_type().and_then(|ty| ty.role_in(&name));
    let is_replaced = role.is_some_and(|role| role.cardinality != Cardinality::One);
    let said = match values.unsaid.get(&name) {
        _ if !is_replaced => is_not_null(&new)?,
        Some(unsaid) => not(unsaid)?,
        None => BooleanArray::from(vec![true; new.len()]),
    };
    // Arrays that Arrow cannot compare are written.
    let compare = make_comparator(&old, &new, SortOptions::default()).ok();
    let is_same = |row: usize| {
        let compare = compare.as_ref();
        compare.is_some_and(|compare| compare(row, row) == Ordering::Equal)
            || (is_empty(&old, row) && is_empty(&new, row))
    };
    let differs = (0..new.len()).map(|row| said.value(row) && !is_same(row));
    Ok(Changed {
        differs: differs.collect(),
        values: zip(&said, &new, &old)?,
        name,
    })
}

/// Whether a row has no value, or a list without items: a role that takes many binds nothing by either.
fn is_empty(column: &ArrayRef, row: usize) -> bool {
    let ids = column.as_list_opt::<i32>();
    let ids = ids.filter(|lists| lists.value_type() == DataType::UInt64);
    ids.is_some_and(|lists| lists.is_null(row) || lists.value_length(row) == 0)
}

/// The properties of rows by the names of the columns of another table, which gets those that it does not have.
fn renamed(
    schema: &mut GraphSchema,
    from: TableId,
    to: TableId,
    rows: &RecordBatch,
) -> Result<RecordBatch> {
    let mut names = Vec::new();
    for field in rows.schema_ref().fields() {
        let property = schema.table(from)?.property_in(field.name()).cloned();
        let property = property.ok_or_else(|| Error::internal("a column without a property"))?;
        schema.ensure_property(to, &property.name, &property.value_type)?;
        names.push(schema.table(to)?.column_for(&property.name));
    }
    named_batch(&names, rows.columns().to_vec(), rows.num_rows())
}
