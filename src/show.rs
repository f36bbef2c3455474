//! `SHOW …`: what a graph holds.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMillisecondArray};
use arrow::record_batch::RecordBatch;
use grism_core::{
    GraphSchema, GraphStatistics, IndexDefinition, Result, RowChanges, SnapshotInfo,
    SnapshotSelector, Storage,
};
use grism_cypher::ShowKind;
use grism_functions::Functions;

use crate::query::{QueryResult, table};
use crate::{show_constraints, show_functions, show_statistics};

pub(crate) async fn show(
    storage: &dyn Storage,
    functions: &Functions,
    kind: ShowKind,
    which: SnapshotSelector,
) -> Result<QueryResult> {
    let snapshot = storage.snapshot(which).await?;
    let schema = snapshot.schema();
    let columns = match kind {
        ShowKind::Labels => labels(schema, snapshot.statistics()),
        ShowKind::HyperedgeTypes => hyperedge_types(schema, snapshot.statistics()),
        ShowKind::Properties => properties(schema),
        ShowKind::Indexes => indexes(schema),
        ShowKind::Constraints => show_constraints::columns(schema.constraints())?,
        ShowKind::Functions => show_functions::columns(functions),
        ShowKind::Procedures => show_functions::procedures(schema, functions),
        ShowKind::Statistics => show_statistics::columns(snapshot.as_ref())?,
        ShowKind::Snapshots => snapshots(&storage.history().await?)?,
    };
    table(RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    )?)
}

/// Named columns of one table.
type Columns = Vec<(&'static str, ArrayRef)>;

fn labels(schema: &GraphSchema, statistics: &GraphStatistics) -> Columns {
    let labels = schema.labels();
    let rows = |label: &&str| {
        schema
            .tables_with_label(label)
            .iter()
            .map(|table| statistics.rows(*table) as i64)
            .sum::<i64>()
    };
    let counts: Int64Array = labels.iter().map(rows).collect::<Vec<_>>().into();
    let keys: StringArray = labels
        .iter()
        .map(|label| {
            let tables = schema.tables_with_label(label);
            tables
                .iter()
                .find_map(|table| schema.table(*table).ok()?.key.clone())
        })
        .collect();
    vec![
        ("label", Arc::new(StringArray::from_iter_values(labels))),
        ("nodes", Arc::new(counts)),
        ("key", Arc::new(keys)),
    ]
}

fn hyperedge_types(schema: &GraphSchema, statistics: &GraphStatistics) -> Columns {
    let types: Vec<_> = schema.hyperedge_tables().collect();
    let counts: Vec<i64> = types
        .iter()
        .map(|(table, _)| statistics.rows(table.id) as i64)
        .collect();
    vec![
        (
            "type",
            Arc::new(StringArray::from_iter_values(
                types.iter().map(|(_, ty)| &ty.name),
            )),
        ),
        (
            "roles",
            Arc::new(StringArray::from_iter_values(types.iter().map(
                |(_, ty)| {
                    let text = ty.to_string();
                    text.strip_prefix(&format!("{} ", ty.name))
                        .unwrap_or(&text)
                        .to_owned()
                },
            ))),
        ),
        ("hyperedges", Arc::new(Int64Array::from(counts))),
        (
            "declared",
            Arc::new(
                types
                    .iter()
                    .map(|(_, ty)| Some(ty.declared))
                    .collect::<arrow::array::BooleanArray>(),
            ),
        ),
    ]
}

fn properties(schema: &GraphSchema) -> Columns {
    let (mut owners, mut names, mut types) = (Vec::new(), Vec::new(), Vec::new());
    for table in schema.tables() {
        for property in &table.properties {
            owners.push(table.display_name());
            names.push(property.name.clone());
            types.push(property.value_type.to_string());
        }
    }
    vec![
        ("owner", Arc::new(StringArray::from(owners))),
        ("property", Arc::new(StringArray::from(names))),
        ("type", Arc::new(StringArray::from(types))),
    ]
}

fn indexes(schema: &GraphSchema) -> Columns {
    let texts = |pick: fn(&IndexDefinition) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            schema.indexes().iter().map(pick),
        ))
    };
    vec![
        ("name", texts(|index| index.name.clone())),
        ("kind", texts(|index| index.kind.to_string())),
        ("owner", texts(|index| index.label.clone())),
        ("property", texts(|index| index.property.clone())),
    ]
}

fn snapshots(history: &[SnapshotInfo]) -> Result<Columns> {
    let ids: Int64Array = history
        .iter()
        .map(|info| info.id.0 as i64)
        .collect::<Vec<_>>()
        .into();
    let times =
        TimestampMillisecondArray::from_iter_values(history.iter().map(|info| info.committed_at));
    let times = arrow::compute::cast(
        &times.with_timezone("UTC"),
        &grism_core::Type::DateTime.to_arrow(),
    )?;
    let operations = history.iter().map(|info| info.summary.operation.as_str());
    let sum = |pick: fn(&RowChanges) -> u64| -> ArrayRef {
        let of = |info: &SnapshotInfo| info.summary.tables.values().map(pick).sum::<u64>();
        Arc::new(Int64Array::from_iter_values(
            history.iter().map(|info| of(info) as i64),
        ))
    };
    Ok(vec![
        ("snapshot", Arc::new(ids)),
        ("committed_at", times),
        (
            "operation",
            Arc::new(StringArray::from_iter_values(operations)),
        ),
        ("added", sum(|changes| changes.added)),
        ("updated", sum(|changes| changes.updated)),
        ("deleted", sum(|changes| changes.deleted)),
    ])
}
