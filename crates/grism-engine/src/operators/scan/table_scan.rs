//! Reading tables piece by piece: what node and hyperedge scans have in common.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::{FieldRef, Schema};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{
    Comparison, ComparisonOperator, EntityKind, Error, LABELS_COLUMN, Result, ScanPredicate,
    ScanRange, ScanRequest, Snapshot, Table, TableId, Tables, widen_column,
};
use grism_logical::{LABELS_KEY, ROLE_PREFIX, property_of_key};

use crate::batch::batch_of;
use crate::{
    Distribution, ExecutionContextTrait, MorselQueue, OperatorRun, PhysicalSchema,
    RecordBatchStream,
};

/// What a scan reads of every table.
#[derive(Clone, Debug)]
pub(crate) struct ScanSource {
    pub(crate) tables: Tables,
    /// What is read, as plans call it ([`stored_column`]); what a table does not have is null there.
    pub(crate) columns: Vec<String>,
    /// Rows that pass, by their properties.
    pub(crate) predicate: ScanPredicate,
    /// Whether an index finds the rows.
    pub(crate) by_index: bool,
    /// The leaf's number; `None` reads everything in every partition.
    pub(crate) leaf: Option<u32>,
}

impl ScanSource {
    /// Batches of one table each: the id, then those of `columns` that the table has, by the same names.
    pub(crate) fn scan(
        self,
        context: &Arc<dyn ExecutionContextTrait>,
    ) -> Result<futures::stream::BoxStream<'static, Result<(TableId, RecordBatch)>>> {
        let snapshot = Arc::clone(&context.query().snapshot);
        let batch_rows = context.query().config.batch_rows;
        let mut ranges: Vec<ScanRange> = Vec::new();
        for table in self.tables.iter() {
            if !self.by_index {
                ranges.extend(snapshot.scan_ranges(*table));
            } else if let Some(stored) = self.stored(snapshot.as_ref(), *table)? {
                ranges.extend(snapshot.scan_ranges_for(*table, &stored.predicate));
            }
        }
        let queue = match self.leaf {
            Some(leaf) => context.morsels(leaf, ranges.len()),
            None => Arc::new(MorselQueue::new((0..ranges.len()).collect())),
        };
        let batches = async_stream::try_stream! {
            while let Some(piece) = queue.take() {
                let range = ranges[piece].clone();
                let table = range.table;
                let Some(stored) = self.stored(snapshot.as_ref(), table)? else { continue };
                let StoredScan { names, columns, predicate } = stored;
                let request = ScanRequest { columns, predicate, range, batch_rows };
                let mut stream = snapshot.scan(request).await?;
                while let Some(batch) = stream.try_next().await? {
                    if batch.num_rows() > 0 {
                        yield (table, renamed(&batch, &names)?);
                    }
                }
            }
        };
        Ok(batches.boxed())
    }

    /// What is read of one table; `None` where no row of it can pass.
    fn stored(&self, snapshot: &dyn Snapshot, table: TableId) -> Result<Option<StoredScan>> {
        let table = snapshot.schema().table(table)?;
        let mut predicate = Vec::new();
        for comparison in &self.predicate {
            if let Some(column) = stored_column(table, &comparison.column) {
                predicate.push(Comparison {
                    column: column.into_owned(),
                    ..comparison.clone()
                });
            } else if comparison.operator != ComparisonOperator::IsNull {
                // A missing property is null, which no comparison passes but IS NULL.
                return Ok(None);
            }
        }
        let stored = self.columns.iter().filter_map(|name| {
            let column = stored_column(table, name)?;
            Some((name.clone(), column.into_owned()))
        });
        let (names, columns) = stored.unzip();
        Ok(Some(StoredScan {
            names,
            columns,
            predicate,
        }))
    }
}

/// What a scan reads of one table, as the table stores it.
struct StoredScan {
    /// The names of `columns` in plans.
    names: Vec<String>,
    columns: Vec<String>,
    predicate: ScanPredicate,
}

/// The column of `table` that a plan calls `name`: a property, the labels of a node by [`LABELS_KEY`], or a role by its
/// [`role_key`]. `None` where the table has no such column.
pub(crate) fn stored_column<'a>(table: &'a Table, name: &str) -> Option<Cow<'a, str>> {
    let ty = table.hyperedge_type();
    let role = name
        .strip_prefix(ROLE_PREFIX)
        .and_then(|role| ty?.role(role));
    match role {
        Some(role) => Some(role.column()),
        None if name == LABELS_KEY && ty.is_none() => Some(Cow::Borrowed(LABELS_COLUMN)),
        None => {
            let own = table.property(property_of_key(name)?)?;
            Some(Cow::Borrowed(own.column()))
        }
    }
}

/// The batch of a scan, whose columns behind the id get `names`.
fn renamed(batch: &RecordBatch, names: &[String]) -> Result<RecordBatch> {
    let schema = batch.schema();
    let ids = schema.fields().iter().take(1).cloned();
    let others = schema.fields().iter().skip(1).zip(names);
    let others = others.map(|(field, name)| Arc::new(field.as_ref().clone().with_name(name)));
    let fields: Vec<FieldRef> = ids.chain(others).collect();
    batch_of(
        &Arc::new(Schema::new(fields)),
        batch.columns().to_vec(),
        batch.num_rows(),
    )
}

/// The column `name` behind the ids of a batch of a table, as the column at `index` of `schema`; null where the table has none.
pub(crate) fn table_column(
    batch: &RecordBatch,
    name: &str,
    schema: &PhysicalSchema,
    index: usize,
) -> Result<ArrayRef> {
    let data_type = schema.arrow().field(index).data_type();
    // A property may be called as the column of ids is.
    let schema = batch.schema_ref();
    let mut names = schema.fields().iter().zip(batch.columns()).skip(1);
    match names.find(|(field, _)| field.name() == name) {
        Some((_, column)) if column.data_type() == data_type => Ok(Arc::clone(column)),
        Some((_, column)) => widen_column(column, data_type),
        None => Ok(new_null_array(data_type, batch.num_rows())),
    }
}

/// Puts the batches of a scan under the operator's schema: the id, then columns by their names in plans.
pub(crate) fn named_batches(
    batches: futures::stream::BoxStream<'static, Result<(TableId, RecordBatch)>>,
    schema: PhysicalSchema,
    names: Vec<String>,
) -> RecordBatchStream {
    batches
        .and_then(move |(_, batch)| {
            let named = || {
                let ids = batch.columns().first();
                let ids = ids.ok_or_else(|| Error::internal("a scan without ids"))?;
                let mut columns = vec![Arc::clone(ids)];
                for (index, name) in names.iter().enumerate() {
                    columns.push(table_column(&batch, name, &schema, index + 1)?);
                }
                batch_of(schema.arrow(), columns, batch.num_rows())
            };
            std::future::ready(named())
        })
        .boxed()
}

/// How the rows of a leaf are spread: `dealt` where tasks take its pieces from a queue, by the number of the leaf; without a
/// number each task reads everything, as the plans within other operators do.
pub(crate) fn leaf_distribution(leaf: Option<u32>, dealt: Distribution) -> Distribution {
    match leaf {
        Some(_) => dealt,
        None => Distribution::Replicated,
    }
}

/// What would make a scan faster.
pub(crate) fn scan_advice(
    (kind, label): (EntityKind, &str),
    tables: &Tables,
    predicate: &ScanPredicate,
    index: Option<&str>,
    run: &OperatorRun<'_>,
) -> Option<String> {
    let all: u64 = tables.iter().map(|own| run.statistics.rows(*own)).sum();
    let rows = run.metrics.rows;
    if index.is_some() {
        return None;
    }
    let label = if label.is_empty() {
        "every label"
    } else {
        label
    };
    let indexable = predicate
        .iter()
        .find(|own| own.operator != ComparisonOperator::NotEqual);
    Some(match indexable {
        Some(compared) if rows.saturating_mul(8) < all => {
            let statement = index_statement(kind, label, &compared.column);
            format!(
                "all {all} rows of {label} are read, of which {rows} pass: {statement} finds them"
            )
        }
        Some(_) => format!(
            "{rows} of {all} rows of {label} pass its condition: a more selective condition reads fewer"
        ),
        None => format!(
            "all {all} rows of {label} are read: a comparison of a property with a constant, with an index, reads fewer"
        ),
    })
}

/// The statement that makes an index of a property, or what to say where the names are not plain.
fn index_statement(kind: EntityKind, label: &str, property: &str) -> String {
    let is_plain = |name: &str| {
        let mut characters = name.chars();
        characters.next().is_some_and(char::is_alphabetic)
            && characters.all(|own| own.is_alphanumeric() || own == '_')
    };
    if !is_plain(label) || !is_plain(property) {
        return format!("an index of `{property}`");
    }
    match kind {
        EntityKind::Node => format!("CREATE INDEX FOR (n:{label}) ON (n.{property})"),
        EntityKind::Hyperedge => format!("CREATE INDEX FOR ()-[n:{label}]-() ON (n.{property})"),
    }
}
