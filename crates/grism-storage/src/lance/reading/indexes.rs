//! Indexes: built beside a detached version. Scalar ones are searched here, without a scan.

use std::collections::HashSet;
use std::ops::Bound;
use std::sync::Arc;

use datafusion_common::ScalarValue;
use grism_core::{
    Comparison, ComparisonOperator, Error, GraphSchema, IndexDefinition, IndexKind, Property,
    Result, Table, Value,
};
use lance::dataset::Dataset;
use lance::dataset::transaction::{Operation, Transaction};
use lance::index::vector::{VectorIndexParams, has_vectors_to_train};
use lance::index::{CreateIndexBuilder, DatasetIndexExt};
use lance_index::metrics::NoOpMetricsCollector;
use lance_index::scalar::expression::{ScalarIndexExpr, ScalarIndexSearch};
use lance_index::scalar::{BuiltinIndexType, SargableQuery, ScalarIndexParams};
use lance_index::vector::ivf::IvfBuildParams;
use lance_index::{IndexParams, IndexType};
use lance_table::format::IndexMetadata;

use crate::lance::history::dataset_version::DatasetVersion;
use crate::lance::history::log::SnapshotEntry;
use crate::lance::place::error::from_lance;
use crate::lance::place::root::Root;
use crate::lance::place::sync::{sync_directory, sync_file};
use crate::lance::reading::search::distance;
use crate::lance::rows::dataset::{commit_detached, open, sync_new};
use crate::lance::rows::physical::physical_columns;
use crate::lance::rows::predicate::scalar_value;
use crate::search::text_parameters;
use crate::shares::Shares;

/// Rows without an index from which on a commit builds it anew, where they are more than half of those with one.
const STALE_ROWS: u64 = 1 << 16;

/// An index of one dataset.
#[derive(Clone, Debug)]
pub(in crate::lance) struct TableIndex {
    pub(in crate::lance) definition: IndexDefinition,
    /// The column of its property.
    column: String,
    /// The fragments whose rows it finds.
    pub(in crate::lance) fragments: HashSet<u64>,
}

/// The indexes that a dataset has.
pub(in crate::lance) async fn table_indexes(
    schema: &GraphSchema,
    table: &Table,
    dataset: &Dataset,
) -> Result<Vec<TableIndex>> {
    let mut found = Vec::new();
    let mut definitions = schema.indexes_of(table).peekable();
    if definitions.peek().is_none() {
        return Ok(found);
    }
    let stored = dataset.load_indices().await.map_err(from_lance)?;
    let there: HashSet<u64> = dataset.fragments().iter().map(|own| own.id).collect();
    for definition in definitions {
        let own = stored
            .iter()
            .filter(|own| is_of(own, definition, table, dataset));
        let fragments: HashSet<u64> = own
            .filter_map(|own| own.fragment_bitmap.as_ref())
            .flat_map(|bitmap| bitmap.iter().map(u64::from))
            .filter(|fragment| there.contains(fragment))
            .collect();
        let property = table.property(&definition.property);
        if let Some(column) = property.map(Property::column)
            && !fragments.is_empty()
            && physical_columns(dataset, table, column).len() == 1
        {
            found.push(TableIndex {
                definition: definition.clone(),
                column: column.to_owned(),
                fragments,
            });
        }
    }
    Ok(found)
}

/// Whether a stored index is the one that is declared: of its name, and of the column that its property has.
fn is_of(
    stored: &IndexMetadata,
    definition: &IndexDefinition,
    table: &Table,
    dataset: &Dataset,
) -> bool {
    let Some(property) = table.property(&definition.property) else {
        return false;
    };
    let mut fields = dataset.schema().fields.iter();
    let field = fields.find(|field| field.name == property.column());
    stored.name == definition.name && field.is_some_and(|field| stored.fields == [field.id])
}

/// The first index that finds the rows with a compared value, or else between compared values, and what it is asked.
pub(in crate::lance) fn usable<'a>(
    indexes: &'a [TableIndex],
    predicate: &[Comparison],
) -> Option<(&'a TableIndex, SargableQuery)> {
    let ranges = || {
        indexes
            .iter()
            .filter(|index| index.definition.kind == IndexKind::Range)
    };
    let equal = ranges().find_map(|index| {
        let comparison = predicate
            .iter()
            .find(|own| own.operator == ComparisonOperator::Equal && own.column == index.column)?;
        let value = index_value(&comparison.value)?;
        Some((index, SargableQuery::Equals(value)))
    });
    equal.or_else(|| ranges().find_map(|index| Some((index, range_query(index, predicate)?))))
}

/// A value as an index is asked for it. Zero is two floats, and what is no number is equal to nothing.
fn index_value(value: &Value) -> Option<ScalarValue> {
    match value {
        Value::Float64(float) if *float != 0.0 && !float.is_nan() => {
            Some(ScalarValue::Float64(Some(*float)))
        }
        other => scalar_value(other),
    }
}

/// The bounds that a predicate sets to the property of an index.
fn range_query(index: &TableIndex, predicate: &[Comparison]) -> Option<SargableQuery> {
    let (mut least, mut greatest) = (Bound::Unbounded, Bound::Unbounded);
    let own = predicate.iter().filter(|own| own.column == index.column);
    for comparison in own {
        // Further bounds are checked on the rows that are found.
        let value = || index_value(&comparison.value);
        match comparison.operator {
            ComparisonOperator::Greater => least = Bound::Excluded(value()?),
            ComparisonOperator::GreaterOrEqual => least = Bound::Included(value()?),
            ComparisonOperator::Less => greatest = Bound::Excluded(value()?),
            ComparisonOperator::LessOrEqual => greatest = Bound::Included(value()?),
            _ => {}
        }
    }
    let is_bound = least != Bound::Unbounded || greatest != Bound::Unbounded;
    is_bound.then_some(SargableQuery::Range(least, greatest))
}

/// The row ids that an index finds, in ascending order; those of rows that are gone are left out.
pub(in crate::lance) async fn search(
    dataset: &Dataset,
    index: &TableIndex,
    query: SargableQuery,
) -> Result<Vec<u64>> {
    let search = ScalarIndexExpr::Query(ScalarIndexSearch {
        column: index.column.clone(),
        index_name: index.definition.name.clone(),
        index_type: "BTree".to_owned(),
        query: Arc::new(query),
        needs_recheck: false,
        fragment_bitmap: None,
    });
    let found = search
        .evaluate(dataset, &NoOpMetricsCollector)
        .await
        .map_err(from_lance)?;
    let ids = found
        .upper
        .allow_list()
        .and_then(|set| set.row_addrs())
        .map(|rows| rows.map(u64::from).collect());
    ids.ok_or_else(|| Error::internal("an index gave no list of rows"))
}

/// Brings the indexes of a table to what the schema declares: new ones are built, dropped ones go, and those that miss
/// many rows, or with `all` any row, are built anew. How many were built.
pub(in crate::lance) async fn build_indexes(
    root: &Root,
    table: &Table,
    entry: &mut SnapshotEntry,
    all: bool,
) -> Result<u64> {
    let schema = entry.schema.clone();
    let Some(known) = entry.tables.get_mut(&table.id) else {
        return Ok(0);
    };
    let mut dataset = open(root, known).await?;
    let stored = dataset.load_indices().await.map_err(from_lance)?;
    let definitions: Vec<&IndexDefinition> = schema.indexes_of(table).collect();
    let dropped: Vec<_> = stored
        .iter()
        .filter(|own| {
            let mut definitions = definitions.iter();
            !definitions.any(|index| is_of(own, index, table, &dataset))
        })
        .cloned()
        .collect();
    let (mut built, shares) = (0, root.resources().shares());
    if !dropped.is_empty() {
        dataset = changed(dataset, Vec::new(), dropped).await?;
    }
    for definition in definitions {
        let own: Vec<_> = stored
            .iter()
            .filter(|own| is_of(own, definition, table, &dataset))
            .cloned()
            .collect();
        let is_covered = |id: u64| {
            own.iter().any(|own| {
                own.fragment_bitmap
                    .as_ref()
                    .is_some_and(|bitmap| u32::try_from(id).is_ok_and(|id| bitmap.contains(id)))
            })
        };
        let (mut with, mut without, mut gone) = (0, 0, false);
        for fragment in dataset.fragments().iter() {
            let rows = fragment.num_rows().unwrap_or_default() as u64;
            if is_covered(fragment.id) {
                with += rows;
                gone |= fragment.deletion_file.is_some();
            } else {
                without += rows;
            }
        }
        // An index of words counts those of rows that are gone until it is built anew.
        let counts_gone = gone && definition.kind == IndexKind::FullText;
        let is_stale = without > 0 && (with == 0 || without > STALE_ROWS.max(with / 2))
            || all && (without > 0 || counts_gone);
        let property = table.property(&definition.property);
        let fitting = property.filter(|own| definition.kind.fits(&own.value_type));
        let Some(column) = fitting.map(Property::column) else {
            continue;
        };
        // A property whose type was widened stands in several columns, which no index covers.
        if !is_stale || physical_columns(&dataset, table, column).len() != 1 {
            continue;
        }
        let Some(index) = built_index(&dataset, definition, column, shares).await? else {
            continue;
        };
        if let Some(graph) = root.directory() {
            let directory = graph.join(&known.path).join("_indices");
            let own = directory.join(index.uuid.to_string());
            for file in std::fs::read_dir(&own)? {
                sync_file(&file?.path())?;
            }
            for directory in [&own, &directory] {
                sync_directory(directory)?;
            }
        }
        dataset = changed(dataset, vec![index], own).await?;
        built += 1;
    }
    if dataset.version_id() != known.version {
        let old = dataset.fragments().iter().map(|own| own.id).collect();
        sync_new(root, &known.path, &dataset, &old)?;
        *known = DatasetVersion::of(known.path.clone(), &dataset);
    }
    Ok(built)
}

/// Builds an index of `column` over all rows; `None` where there is nothing yet that it could be built from.
async fn built_index(
    dataset: &Dataset,
    definition: &IndexDefinition,
    column: &str,
    shares: Shares,
) -> Result<Option<IndexMetadata>> {
    let (index_type, parameters): (_, Box<dyn IndexParams>) = match definition.kind {
        IndexKind::Range => {
            let parameters = ScalarIndexParams::for_builtin(BuiltinIndexType::BTree);
            (IndexType::BTree, Box::new(parameters))
        }
        IndexKind::Vector { metric, .. } => {
            let trainable = has_vectors_to_train(dataset, column, 1).await;
            if !trainable.map_err(from_lance)? {
                return Ok(None);
            }
            let parameters = VectorIndexParams::with_ivf_flat_params(
                distance(metric),
                IvfBuildParams::default(),
            );
            (IndexType::Vector, Box::new(parameters))
        }
        IndexKind::FullText => {
            let megabytes = (shares.sort_bytes() >> 20).max(32);
            let parameters = text_parameters().num_workers(1).memory_limit_mb(megabytes);
            (IndexType::Inverted, Box::new(parameters))
        }
    };
    let mut base = dataset.clone();
    let built = CreateIndexBuilder::new(&mut base, &[column], index_type, parameters.as_ref())
        .name(definition.name.clone())
        .replace(true)
        .execute_uncommitted()
        .await;
    match built {
        Ok(index) => Ok(index
            .files
            .as_ref()
            .is_none_or(|files| !files.is_empty())
            .then_some(index)),
        // Vectors without a usable one among them, such as zeros where angles are asked for.
        Err(error) if error.to_string().contains("with 0 vectors") => Ok(None),
        Err(error) => Err(from_lance(error)),
    }
}

async fn changed(
    dataset: Dataset,
    new_indices: Vec<IndexMetadata>,
    removed_indices: Vec<IndexMetadata>,
) -> Result<Dataset> {
    let operation = Operation::CreateIndex {
        new_indices,
        removed_indices,
    };
    let transaction = Transaction::new(dataset.version_id(), operation, None);
    commit_detached(Arc::new(dataset), transaction).await
}
