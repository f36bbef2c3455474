//! A look at the tables of a load before the first of them is read: what they are, and whether they have the columns that the
//! load reads.

use std::collections::HashSet;
use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::reader::{FileReader, StreamReader};
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result};
use grism_text::TextColumn;
use lance::dataset::builder::DatasetBuilder;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use tokio::runtime::Handle;

use super::arrow_column::{TableColumns, plain_batch};
use super::csv_columns::{CsvReader, fields_of};
use super::file_options::{Compression, FileFormat, ImportOptions};
use super::files::InputFile;
use super::input::Input;
use super::json_text::JsonReader;
use super::options::LoadProgress;
use super::plan::Plan;
use super::properties::{normalized_columns, required_column};
use super::telling::Telling;

/// What a table is before it is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// The file; empty for a table in memory.
    pub(super) name: String,
    /// How it is read.
    pub(super) how: String,
    /// Its columns; those of text files are texts. `None` where only its rows tell them.
    pub(super) schema: Option<SchemaRef>,
    pub(super) rows: Option<u64>,
    pub(super) bytes: Option<u64>,
    pub(super) warnings: Vec<String>,
}

/// Looks at all tables of a load, and checks them.
///
/// # Errors
/// Those of opening a file; `InvalidData` for a column that is missing or of no type, or of no name.
pub(super) fn look_at(
    inputs: &[Input],
    plan: &Plan,
    telling: &Telling,
    runtime: &Handle,
) -> Result<Vec<Look>> {
    let mut looks = Vec::new();
    for input in inputs {
        match input {
            Input::Batches(batches) => {
                let rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
                if let Some(first) = batches.first() {
                    let options = ImportOptions::default();
                    let mut look = of_table(first.schema(), &options)?;
                    look.rows = Some(rows);
                    looks.push(look);
                }
            }
            Input::Stream(stream) => {
                let options = ImportOptions::default();
                looks.push(of_table(Arc::clone(&stream.schema), &options)?);
            }
            Input::Files(files, options) => {
                let mut columns: Option<Vec<TextColumn>> = None;
                for file in files {
                    let look = match file.format {
                        FileFormat::Csv => of_csv(file, options, telling, &mut columns)?,
                        FileFormat::Json => of_json(file, options, telling)?,
                        _ => of_file(file, options, runtime)
                            .map_err(|error| error.context(&file.name))?,
                    };
                    looks.push(Look {
                        name: file.name.clone(),
                        bytes: (!file.path.is_dir()).then_some(file.bytes),
                        ..look
                    });
                }
            }
        }
    }
    check_all(&looks, plan)?;
    Ok(looks)
}

/// Checks that the tables have the columns that the load reads.
fn check_all(looks: &[Look], plan: &Plan) -> Result<()> {
    let mut names = HashSet::new();
    for look in looks {
        let Some(schema) = &look.schema else {
            continue;
        };
        let columns = schema.fields().iter().map(|field| field.name().clone());
        names.extend(columns);
        plan.check_table(&RecordBatch::new_empty(Arc::clone(schema)))
            .map_err(|error| match look.name.as_str() {
                "" => error,
                name => error.context(name),
            })?;
    }
    match looks.iter().all(|look| look.schema.is_some()) {
        true => plan.check_columns(&names),
        false => Ok(()),
    }
}

impl Plan {
    /// Fails where a table does not have the columns that each must have.
    ///
    /// # Errors
    /// `InvalidData`, with the nearest name.
    pub(super) fn check_table(&self, table: &RecordBatch) -> Result<()> {
        let roles = self.roles.iter();
        let mut needed = roles.filter(|role| !role.may_be_absent(self.absent));
        needed.try_for_each(|role| required_column(table, &role.column).map(drop))?;
        let by = self.grouping.as_ref().map(|grouping| &grouping.by);
        let mut known = by.or(self.key.as_ref()).into_iter();
        known.try_for_each(|column| required_column(table, column).map(drop))
    }
}

/// A table whose columns have types, each of which is one of Grism's.
fn of_table(schema: SchemaRef, options: &ImportOptions) -> Result<Look> {
    let columns = TableColumns::of(&schema, &options.types)?;
    let plain = plain_batch(&RecordBatch::new_empty(schema), &columns, 1)?;
    normalized_columns(&plain, &[])?;
    Ok(Look {
        how: "in memory".to_owned(),
        schema: Some(plain.schema()),
        warnings: columns.warnings,
        ..Look::default()
    })
}

fn packed(how: String, file: &InputFile) -> String {
    match file.compression {
        Compression::None => how,
        packing => format!("{how}, packed with {}", packing.name()),
    }
}

fn of_csv(
    file: &Arc<InputFile>,
    options: &ImportOptions,
    telling: &Telling,
    columns: &mut Option<Vec<TextColumn>>,
) -> Result<Look> {
    let reader = CsvReader::open(file, options, telling, &Arc::new(LoadProgress::default()))?;
    let own = match &*columns {
        Some(columns) => columns.clone(),
        None => reader.columns(options, telling)?,
    };
    fields_of(file, &reader.names, &own)?;
    let text = |name: &String| Field::new(name, DataType::Utf8, true);
    let fields: Vec<Field> = reader.names.iter().map(text).collect();
    let mut warnings: Vec<String> = reader.warning().into_iter().collect();
    if columns.is_none() {
        warnings.extend(reader.warnings(&own, options));
    }
    if reader.has_rows() {
        columns.get_or_insert(own);
    }
    Ok(Look {
        how: packed(reader.how(), file),
        schema: Some(Arc::new(Schema::new(fields))),
        warnings,
        ..Look::default()
    })
}

fn of_json(file: &Arc<InputFile>, options: &ImportOptions, telling: &Telling) -> Result<Look> {
    let reader = JsonReader::open(file, options, telling, &Arc::new(LoadProgress::default()))?;
    Ok(Look {
        how: packed(reader.how(), file),
        warnings: reader.warning().into_iter().collect(),
        ..Look::default()
    })
}

fn of_file(file: &InputFile, options: &ImportOptions, runtime: &Handle) -> Result<Look> {
    let wrong = |error: &dyn std::fmt::Display| Error::invalid_data(error.to_string());
    let (schema, rows) = match file.format {
        FileFormat::Parquet => {
            let opened = File::open(&file.path)?;
            let metadata = ArrowReaderMetadata::load(&opened, ArrowReaderOptions::new());
            let metadata = metadata.map_err(|error| wrong(&error))?;
            let rows = metadata.metadata().file_metadata().num_rows();
            (Arc::clone(metadata.schema()), u64::try_from(rows).ok())
        }
        FileFormat::Lance => {
            let dataset = DatasetBuilder::from_uri(file.path.to_string_lossy());
            let dataset = runtime.block_on(dataset.load());
            let dataset = dataset.map_err(|error| wrong(&error))?;
            let rows = runtime.block_on(dataset.count_rows(None));
            let rows = rows.map_err(|error| wrong(&error))?;
            (Arc::new(Schema::from(dataset.schema())), Some(rows as u64))
        }
        _ => {
            let open = || File::open(&file.path).map(BufReader::new);
            let schema = match FileReader::try_new(open()?, None) {
                Ok(reader) => reader.schema(),
                Err(_) => StreamReader::try_new(open()?, None)
                    .map_err(|error| wrong(&error))?
                    .schema(),
            };
            (schema, None)
        }
    };
    let mut look = of_table(schema, options)?;
    look.how = file.format.name().to_owned();
    look.rows = rows;
    Ok(look)
}
