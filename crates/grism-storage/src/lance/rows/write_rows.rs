//! Rows on their way into new fragments, which no version of a dataset has yet.

use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchIterator};
use grism_core::{AppendedRows, Error, Result, batches_of};
use lance::dataset::transaction::Operation;
use lance::dataset::{Dataset, InsertBuilder, WriteMode, WriteParams};
use lance_core::datatypes::Schema as LanceSchema;
use lance_table::format::Fragment;

use crate::lance::place::error::from_lance;
use crate::lance::place::root::Root;

/// Batches that are written in order.
pub(in crate::lance) type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

/// Where rows are written to.
#[derive(Clone)]
pub(in crate::lance) enum WrittenTo {
    /// A dataset that exists.
    Dataset(Arc<Dataset>),
    /// The path, within the graph, of a dataset that does not exist yet.
    New(String),
}

/// Fragments that were written.
#[derive(Default)]
pub(in crate::lance) struct Written {
    pub(in crate::lance) fragments: Vec<Fragment>,
    pub(in crate::lance) rows: u64,
    /// The fields of the rows, with the numbers that they have in the files; `None` in a dataset that exists.
    pub(in crate::lance) schema: Option<LanceSchema>,
}

/// Writes parts of rows at the same time; their fragments come in the order of the parts.
pub(in crate::lance) async fn write_parts(
    root: &Root,
    to: &WrittenTo,
    schema: SchemaRef,
    parts: Vec<Batches>,
    fragment_rows: usize,
) -> Result<Written> {
    let mut writers = Vec::new();
    for batches in parts {
        let (root, to, schema) = (root.clone(), to.clone(), Arc::clone(&schema));
        writers.push(tokio::spawn(async move {
            write_rows(&root, &to, schema, batches, fragment_rows).await
        }));
    }
    let mut all = Written::default();
    for writer in writers {
        let written = writer.await;
        let written = written.map_err(|error| Error::internal(error.to_string()))??;
        all.fragments.extend(written.fragments);
        all.rows += written.rows;
        all.schema = all.schema.or(written.schema);
    }
    Ok(all)
}

/// Writes rows into new fragments.
pub(in crate::lance) async fn write_rows(
    root: &Root,
    to: &WrittenTo,
    schema: SchemaRef,
    batches: Batches,
    fragment_rows: usize,
) -> Result<Written> {
    let mut parameters = WriteParams {
        mode: match to {
            WrittenTo::Dataset(_) => WriteMode::Append,
            WrittenTo::New(_) => WriteMode::Create,
        },
        enable_stable_row_ids: true,
        enable_v2_manifest_paths: true,
        max_rows_per_file: fragment_rows,
        ..root.write_parameters()
    };
    // Lance divides what it is given among the columns.
    let columns = schema.fields().len().max(1) as u64;
    let mut writer = parameters.file_writer_options.take().unwrap_or_default();
    writer.data_cache_bytes = Some(root.resources().shares().page_bytes() * columns);
    parameters.file_writer_options = Some(writer);
    // An error of ours keeps its kind on the way through Lance.
    let failed: Arc<Mutex<Option<Error>>> = Arc::default();
    let noted = Arc::clone(&failed);
    let batches = batches.map(move |batch| {
        batch.map_err(|error| {
            let text = error.to_string();
            if let Ok(mut failed) = noted.lock() {
                failed.get_or_insert(error);
            }
            ArrowError::ExternalError(text.into())
        })
    });
    let batches = RecordBatchIterator::new(batches, schema);
    let uri;
    let builder = match to {
        WrittenTo::Dataset(dataset) => InsertBuilder::new(Arc::clone(dataset)),
        WrittenTo::New(path) => {
            uri = root.dataset_uri(path);
            InsertBuilder::new(uri.as_str())
        }
    };
    let written = builder.with_params(&parameters);
    let written = written.execute_uncommitted_stream(batches).await;
    if let Some(error) = failed.lock().ok().and_then(|mut failed| failed.take()) {
        return Err(error);
    }
    let transaction = written.map_err(from_lance)?;
    let (fragments, schema) = match transaction.operation {
        Operation::Append { fragments } => (fragments, None),
        Operation::Overwrite {
            fragments, schema, ..
        } => (fragments, Some(schema)),
        _ => return Err(Error::internal("Lance writes rows in another way")),
    };
    let rows = fragments
        .iter()
        .map(|fragment| fragment.physical_rows.unwrap_or_default() as u64)
        .sum();
    Ok(Written {
        fragments,
        rows,
        schema,
    })
}

/// Changed rows as they are written: with a column for every field of the dataset, since later changes may have added some,
/// and without ids.
pub(in crate::lance) fn written_rows(dataset: &Dataset, pieces: &[AppendedRows]) -> Batches {
    let schema = Arc::new(Schema::from(dataset.schema()));
    Box::new(batches_of(pieces.to_vec()).map(move |batch| {
        let batch = batch?;
        let columns = schema.fields().iter().map(|field| -> Result<ArrayRef> {
            match batch.column_by_name(field.name()) {
                Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
                Some(column) => Ok(arrow::compute::cast(column, field.data_type())?),
                None => Ok(new_null_array(field.data_type(), batch.num_rows())),
            }
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
    }))
}
