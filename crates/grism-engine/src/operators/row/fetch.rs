//! `FetchExec`: properties by id, read late and only where used.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, UInt64Array, new_null_array};
use arrow::compute::interleave;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{EntityId, Result, Snapshot, TableId, widen_column};
use grism_logical::PropertyRef;
use serde::{Deserialize, Serialize};

use crate::batch::id_column;
use crate::operators::names::{comma_separated, shown};
use crate::operators::scan::table_scan::stored_column;
use crate::{
    ExecutionContextTrait, OperatorRun, PhysicalSchema, PlanProperties, RecordBatchStream, Unary,
    UnaryExec,
};

/// Adds properties of the entities in a column. Output: input columns, then `entity.key` for each property.
///
/// A null entity, and one whose table has no such property, gives null. Order and partitioning are the input's.
#[derive(Debug, Serialize, Deserialize)]
pub struct FetchExec {
    entity: String,
    properties: Vec<PropertyRef>,
}

impl FetchExec {
    /// Fetches `properties` of the entities in the column `entity`.
    #[must_use]
    pub fn new(entity: String, properties: Vec<PropertyRef>) -> Self {
        Self { entity, properties }
    }
}

#[typetag::serde]
impl Unary for FetchExec {
    fn name(&self) -> &'static str {
        "FetchExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        let columns = self.properties.iter().map(|own| own.column(&self.entity));
        Ok(input.with(columns))
    }

    fn properties(&self, own: &UnaryExec, input: &PlanProperties) -> PlanProperties {
        PlanProperties::filtered(input, own.schema())
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        let keys = self.properties.iter().map(|property| property.key.clone());
        Some(format!(
            "reads {} of {} rows: filter, or LIMIT, before they are needed, and return fewer properties",
            comma_separated(keys),
            run.first_input()
        ))
    }

    fn describe(&self) -> String {
        let keys = comma_separated(self.properties.iter().map(|property| property.key.clone()));
        format!("Fetch({}; {keys})", shown(&self.entity))
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let snapshot = Arc::clone(&context.query().snapshot);
        let mut input = own.run_input(&context)?;
        let (entity, properties) = (self.entity.clone(), self.properties.clone());
        let schema = Arc::clone(own.schema().arrow());
        let fetched = async_stream::try_stream! {
            while let Some(batch) = input.try_next().await? {
                let ids = id_column(&batch, &entity)?;
                let mut columns = batch.columns().to_vec();
                columns.extend(fetch(snapshot.as_ref(), &ids, &properties).await?);
                yield RecordBatch::try_new(Arc::clone(&schema), columns).map_err(grism_core::Error::from)?;
            }
        };
        Ok(fetched.boxed())
    }
}

/// The properties of entities of any tables, a column each.
async fn fetch(
    snapshot: &dyn Snapshot,
    ids: &UInt64Array,
    properties: &[PropertyRef],
) -> Result<Vec<ArrayRef>> {
    if let Some((table, offsets)) = offsets_of_one_table(ids) {
        return taken(snapshot, table, &offsets, properties).await;
    }
    // Where each row's value stands: piece 0 is a null, the others are tables.
    let mut places = vec![(0usize, 0usize); ids.len()];
    let mut by_table: BTreeMap<TableId, (usize, Vec<u64>)> = BTreeMap::new();
    for (row, id) in ids.iter().enumerate() {
        let Some(id) = id.map(EntityId::from_raw) else {
            continue;
        };
        let piece = by_table.len() + 1;
        let (piece, offsets) = by_table
            .entry(id.table())
            .or_insert_with(|| (piece, Vec::new()));
        places[row] = (*piece, offsets.len());
        offsets.push(id.offset());
    }
    let mut pieces: Vec<Vec<ArrayRef>> = properties
        .iter()
        .map(|property| vec![new_null_array(&property.ty.to_arrow(), 1)])
        .collect();
    let mut tables: Vec<_> = by_table.into_iter().collect();
    tables.sort_by_key(|(_, (piece, _))| *piece);
    for (table, (_, offsets)) in tables {
        let values = taken(snapshot, table, &offsets, properties).await?;
        for (value, pieces) in values.into_iter().zip(&mut pieces) {
            pieces.push(value);
        }
    }
    let columns = pieces.into_iter().map(|pieces| {
        let arrays: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
        Ok(interleave(&arrays, &places)?)
    });
    columns.collect()
}

/// The table that all entities of a column come from, and their offsets; `None` where they are of several, or one is null.
fn offsets_of_one_table(ids: &UInt64Array) -> Option<(TableId, Vec<u64>)> {
    let table = EntityId::from_raw(*ids.values().first()?).table();
    let is_one = |id: &u64| EntityId::from_raw(*id).table() == table;
    let offset = |id: &u64| EntityId::from_raw(*id).offset();
    (ids.null_count() == 0 && ids.values().iter().all(is_one))
        .then(|| (table, ids.values().iter().map(offset).collect()))
}

/// The properties of the entities at `offsets` of a table, a column each; null where the table has no such property.
async fn taken(
    snapshot: &dyn Snapshot,
    table: TableId,
    offsets: &[u64],
    properties: &[PropertyRef],
) -> Result<Vec<ArrayRef>> {
    let entry = snapshot.schema().table(table)?;
    let stored = properties
        .iter()
        .map(|property| stored_column(entry, &property.key));
    let stored: Vec<Option<Cow<'_, str>>> = stored.collect();
    let columns = stored.iter().flatten().map(ToString::to_string);
    let columns: Vec<String> = columns.collect();
    let values = snapshot.take(table, offsets, &columns).await?;
    let found = properties.iter().zip(stored).map(|(property, column)| {
        let data_type = property.ty.to_arrow();
        let found = column.and_then(|column| values.column_by_name(&column));
        Ok(match found {
            Some(column) if column.data_type() == &data_type => Arc::clone(column),
            Some(column) => widen_column(column, &data_type)?,
            None => new_null_array(&data_type, offsets.len()),
        })
    });
    found.collect()
}
