//! Export: rows to files, and a whole graph to a directory of Parquet files and back.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt64Array};
use arrow::datatypes::{Field, Schema, SchemaRef, UInt64Type};
use arrow::error::ArrowError;
use arrow::ipc::writer::FileWriter;
use arrow::json::LineDelimitedWriter;
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use grism_core::{
    ChangeSet, EntityId, Error, GraphSchema, ID_COLUMN, LABELS_COLUMN, Result, RowBuffer, Snapshot,
    SnapshotId, SnapshotSelector, Storage, Table, TableId,
};
use grism_text::CsvWriter;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression as ParquetCompression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};
use tempfile::TempPath;

use crate::all_rows::all_rows;
use crate::columns::{column_type, with_role_columns};
use crate::exported_json::json_lines;
use crate::import::{Compression, FileFormat};
use crate::packed_file::PackedFile;
use crate::shares::Shares;

/// The file of an exported graph that says what the others are.
const CONTENTS: &str = "graph.json";
/// The version of that form.
const VERSION: u32 = 1;
/// Rows of a batch.
const BATCH_ROWS: usize = 1 << 16;

/// How a file is written.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// The form.
    pub format: FileFormat,
    /// How it is packed; only for CSV and JSON lines.
    pub compression: Compression,
    /// What stands between the values of a CSV file.
    pub delimiter: u8,
    /// Whether the first line of a CSV file names its columns.
    pub header: bool,
}

impl ExportOptions {
    /// The form and the packing that the ending of a path tells.
    ///
    /// # Errors
    /// `InvalidData` where there is no ending; `Unsupported` for an unknown one.
    pub fn of_path(path: &str) -> Result<Self> {
        let (format, compression) = crate::import::told_by_name(path)?;
        Ok(Self {
            format,
            compression,
            delimiter: b',',
            header: true,
        })
    }
}

/// Writes batches to a file, which takes its name when it is whole; what is dropped before leaves nothing.
pub struct FileExport {
    writer: Writer,
    path: PathBuf,
    temporary: TempPath,
    rows: u64,
}

enum Writer {
    Csv(Box<CsvWriter<PackedFile>>),
    Json(Box<LineDelimitedWriter<PackedFile>>),
    Parquet(Box<ArrowWriter<File>>),
    Arrow(Box<FileWriter<BufWriter<File>>>),
}

impl FileExport {
    /// Begins the file at `path` for batches of `schema`.
    ///
    /// # Errors
    /// `Unsupported` for lists and maps in CSV, and for a form that is not written; `Unavailable` where the file cannot be
    /// written.
    pub fn create(path: &Path, schema: &SchemaRef, options: &ExportOptions) -> Result<Self> {
        let is_text = matches!(options.format, FileFormat::Csv | FileFormat::Json);
        if options.compression != Compression::None && !is_text {
            return Err(Error::unsupported("only CSV and JSON lines are packed"));
        }
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let mut temporary = path.as_os_str().to_owned();
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        temporary.push(format!(".tmp-{}-{number}", std::process::id()));
        let temporary = TempPath::try_from_path(std::path::absolute(temporary)?)?;
        let file =
            || File::create(&temporary).map_err(|error| Error::from(error).context(path.display()));
        let broken = |error: &dyn std::fmt::Display| {
            Error::unavailable(format!("{}: {error}", path.display()))
        };
        let writer = match options.format {
            FileFormat::Csv => {
                let packed = PackedFile::new(file()?, options.compression)?;
                let (delimiter, header) = (options.delimiter, options.header);
                Writer::Csv(Box::new(CsvWriter::new(packed, schema, delimiter, header)?))
            }
            FileFormat::Json => {
                let packed = PackedFile::new(file()?, options.compression)?;
                Writer::Json(Box::new(json_lines(packed)))
            }
            FileFormat::Parquet => Writer::Parquet(Box::new(
                ArrowWriter::try_new(file()?, Arc::clone(schema), Some(parquet_properties()))
                    .map_err(|error| broken(&error))?,
            )),
            FileFormat::Arrow => Writer::Arrow(Box::new(
                FileWriter::try_new(BufWriter::new(file()?), schema)
                    .map_err(|error| broken(&error))?,
            )),
            FileFormat::Lance => {
                return Err(Error::unsupported(
                    "writing Lance; the graph's own datasets are Lance",
                ));
            }
        };
        Ok(Self {
            writer,
            path: path.to_owned(),
            temporary,
            rows: 0,
        })
    }

    /// Adds a batch.
    ///
    /// # Errors
    /// `ResourceExhausted` where the disk is full.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let written = match &mut self.writer {
            Writer::Csv(writer) => writer.write(batch).map_err(ArrowError::from),
            Writer::Json(writer) => writer.write(batch),
            Writer::Arrow(writer) => writer.write(batch),
            Writer::Parquet(writer) => writer.write(batch).map_err(|error| match error {
                parquet::errors::ParquetError::External(error) => ArrowError::ExternalError(error),
                other => ArrowError::ParquetError(other.to_string()),
            }),
        };
        self.rows += batch.num_rows() as u64;
        written.map_err(|error| Error::from(error).context(self.path.display()))
    }

    /// Ends the file, and gives it its name; how many rows it has.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn finish(self) -> Result<u64> {
        let broken = |error: &dyn std::fmt::Display| {
            Error::unavailable(format!("{}: {error}", self.path.display()))
        };
        match self.writer {
            Writer::Csv(writer) => writer.finish()?.finish()?,
            Writer::Json(mut writer) => {
                writer.finish().map_err(|error| broken(&error))?;
                writer.into_inner().finish()?;
            }
            Writer::Parquet(writer) => {
                writer.close().map_err(|error| broken(&error))?;
            }
            Writer::Arrow(mut writer) => writer.finish().map_err(|error| broken(&error))?,
        }
        self.temporary
            .persist(&self.path)
            .map_err(|error| Error::from(error.error).context(self.path.display()))?;
        Ok(self.rows)
    }
}

fn parquet_properties() -> WriterProperties {
    let level = ZstdLevel::default();
    WriterProperties::builder()
        .set_compression(ParquetCompression::ZSTD(level))
        .build()
}

/// What an exported graph holds.
#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    version: u32,
    schema: GraphSchema,
    /// The file of each table.
    tables: BTreeMap<TableId, String>,
}

/// Writes a snapshot to a directory: `graph.json`, and a Parquet file for each table with the ids of its rows. How many
/// rows there were.
///
/// # Errors
/// `InvalidData` where the directory has files already; `Unavailable` where it cannot be written.
pub async fn export_graph(snapshot: &Arc<dyn Snapshot>, directory: &Path) -> Result<u64> {
    let failed = |error: std::io::Error| Error::from(error).context(directory.display());
    std::fs::create_dir_all(directory).map_err(failed)?;
    if std::fs::read_dir(directory)
        .map_err(failed)?
        .next()
        .is_some()
    {
        return Err(Error::invalid_data(format!(
            "{} is not empty; name a new directory",
            directory.display()
        )));
    }
    let schema = Arc::clone(snapshot.schema());
    let mut tables = BTreeMap::new();
    let mut rows = 0;
    for table in schema.tables() {
        let name = format!("{}.parquet", table.id);
        let columns = exported_columns(table);
        let mut fields = vec![Field::new(
            ID_COLUMN,
            arrow::datatypes::DataType::UInt64,
            false,
        )];
        for column in &columns {
            if let Some(data_type) = column_type(table, column) {
                fields.push(Field::new(column, data_type, true));
            }
        }
        let fields: SchemaRef = Arc::new(Schema::new(fields));
        let options = ExportOptions {
            format: FileFormat::Parquet,
            compression: Compression::None,
            delimiter: b',',
            header: true,
        };
        let mut file = FileExport::create(&directory.join(&name), &fields, &options)?;
        let mut batches = all_rows(snapshot.as_ref(), table.id, &columns);
        while let Some(batch) = batches.try_next().await? {
            let batch = RecordBatch::try_new(Arc::clone(&fields), batch.columns().to_vec())?;
            file.write(&batch)?;
        }
        rows += file.finish()?;
        tables.insert(table.id, name);
    }
    let contents = Contents {
        version: VERSION,
        schema: (*schema).clone(),
        tables,
    };
    let text =
        serde_json::to_vec_pretty(&contents).map_err(|error| Error::internal(error.to_string()))?;
    std::fs::write(directory.join(CONTENTS), text).map_err(failed)?;
    Ok(rows)
}

fn exported_columns(table: &Table) -> Vec<String> {
    let roles = table.hyperedge_type().into_iter().flat_map(|ty| &ty.roles);
    let mut columns: Vec<String> = roles.map(|role| role.column().into_owned()).collect();
    if !table.changed_labels.is_empty() {
        columns.push(LABELS_COLUMN.to_owned());
    }
    let typed = table
        .properties
        .iter()
        .filter(|own| own.value_type != grism_core::Type::Null);
    columns.extend(typed.map(|own| own.column().to_owned()));
    columns
}

/// Fills an empty graph with what [`export_graph`] wrote, as one commit. Entities get new ids.
///
/// # Errors
/// `NotFound` where the directory holds no export; `InvalidData` where the graph is not empty, or a file is broken.
pub async fn import_graph(storage: &dyn Storage, directory: &Path) -> Result<SnapshotId> {
    let path = directory.join(CONTENTS);
    let text = std::fs::read(&path).map_err(|error| Error::from(error).context(path.display()))?;
    let contents: Contents = serde_json::from_slice(&text)
        .map_err(|error| Error::invalid_data(format!("{}: {error}", path.display())))?;
    if contents.version > VERSION {
        return Err(Error::unsupported(format!(
            "{} has version {}, and this build reads up to {VERSION}: use a newer Grism",
            path.display(),
            contents.version
        )));
    }
    let snapshot = storage.snapshot(SnapshotSelector::Newest).await?;
    if snapshot.schema().tables().next().is_some() {
        return Err(Error::invalid_data(
            "the graph holds something already; import into a new one",
        ));
    }
    // Rows that went leave gaps between ids, which close: each row's new offset is its place in the file.
    let mut places: BTreeMap<TableId, Vec<u64>> = BTreeMap::new();
    for (table, name) in &contents.tables {
        let mut offsets = Vec::new();
        for batch in parquet_batches(&directory.join(name), Some(1))? {
            let batch = batch?;
            for id in id_column(&batch, name)?.values() {
                let offset = usize::try_from(EntityId::from_raw(*id).offset())
                    .map_err(|_| Error::invalid_data(format!("{name}: an id out of range")))?;
                if offsets.len() <= offset {
                    offsets.resize(offset + 1, u64::MAX);
                }
                let place = &mut offsets[offset];
                if *place != u64::MAX {
                    return Err(Error::invalid_data(format!("{name}: an id stands twice")));
                }
                *place = 0;
            }
        }
        places.insert(*table, offsets);
    }
    for (table, name) in &contents.tables {
        let offsets = places.entry(*table).or_default();
        let mut next = 0;
        for batch in parquet_batches(&directory.join(name), Some(1))? {
            for id in id_column(&batch?, name)?.values() {
                offsets[EntityId::from_raw(*id).offset() as usize] = next;
                next += 1;
            }
        }
    }
    let moved = |raw: u64| -> Result<u64> {
        let id = EntityId::from_raw(raw);
        places
            .get(&id.table())
            .and_then(|offsets| offsets.get(id.offset() as usize))
            .filter(|place| **place != u64::MAX)
            .map(|place| EntityId::new(id.table(), *place).raw())
            .ok_or_else(|| Error::invalid_data("a hyperedge binds what is not in the export"))
    };
    let mut changes = ChangeSet::new(snapshot.as_ref(), contents.schema).with_operation("import");
    for (table, name) in &contents.tables {
        let own = changes.schema.table(*table)?;
        let memory = storage.memory();
        let limit = Shares::of(memory.as_ref()).waiting_bytes();
        let mut rows = RowBuffer::new(limit, memory);
        for batch in parquet_batches(&directory.join(name), None)? {
            let batch = with_moved_ids(&batch?, &moved)?;
            rows.push(with_role_columns(&batch, own)?)?;
        }
        changes.appends.insert(*table, rows.finish()?);
    }
    changes.appends.retain(|_, rows| !rows.is_empty());
    storage.commit(changes).await
}

/// The rows without their own ids, and with the new ids of their members.
fn with_moved_ids(batch: &RecordBatch, moved: &impl Fn(u64) -> Result<u64>) -> Result<RecordBatch> {
    let map = |ids: &UInt64Array| -> Result<UInt64Array> {
        ids.iter().map(|id| id.map(moved).transpose()).collect()
    };
    let (mut names, mut columns) = (Vec::new(), Vec::new());
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if field.name() == ID_COLUMN {
            continue;
        }
        names.push(field.name().clone());
        let lists = column.as_list_opt::<i32>();
        let list_ids = lists.and_then(|lists| lists.values().as_primitive_opt::<UInt64Type>());
        let column: ArrayRef = match (column.as_primitive_opt::<UInt64Type>(), lists, list_ids) {
            (Some(ids), _, _) => Arc::new(map(ids)?),
            (None, Some(lists), Some(ids)) => Arc::new(ListArray::try_new(
                Arc::new(Field::new_list_field(
                    arrow::datatypes::DataType::UInt64,
                    true,
                )),
                lists.offsets().clone(),
                Arc::new(map(ids)?),
                lists.nulls().cloned(),
            )?),
            _ => Arc::clone(column),
        };
        columns.push(column);
    }
    crate::columns::named_batch(&names, columns, batch.num_rows())
}

fn id_column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a UInt64Array> {
    batch
        .column_by_name(ID_COLUMN)
        .and_then(|ids| ids.as_primitive_opt::<UInt64Type>())
        .ok_or_else(|| Error::invalid_data(format!("{name} has no column of ids")))
}

/// The batches of a Parquet file; of its first columns only, where a number is given.
fn parquet_batches(
    path: &Path,
    columns: Option<usize>,
) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let path = path.to_owned();
    let file = File::open(&path).map_err(|error| Error::from(error).context(path.display()))?;
    let broken = move |error: &dyn std::fmt::Display| {
        Error::invalid_data(format!("{}: {error}", path.display()))
    };
    let mut builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(&error))?;
    if let Some(columns) = columns {
        let mask = parquet::arrow::ProjectionMask::roots(builder.parquet_schema(), 0..columns);
        builder = builder.with_projection(mask);
    }
    let reader = builder
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|error| broken(&error))?;
    Ok(reader.map(move |batch| batch.map_err(|error| broken(&error))))
}
