//! The columns of a table as a whole: which are read, and as what.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::{Error, Result};
use grism_text::ColumnType;

use super::extension::{is_extension, of_extension, warn_of_stored};
use super::given::as_given;
use super::normalized::{TYPE_KEY, field_of};

/// What is read of tables with one schema.
#[derive(Debug, Default)]
pub(crate) struct TableColumns {
    /// The places of the columns that are read; `None` for all.
    kept: Option<Vec<usize>>,
    /// Types that the caller names.
    given: BTreeMap<String, ColumnType>,
    /// What there is to say of them.
    pub(crate) warnings: Vec<String>,
}

impl TableColumns {
    /// Checks the columns of a table, for some of which types are `given`.
    ///
    /// # Errors
    /// `InvalidData` for two columns of one name, or a type for a column that there is not.
    pub(crate) fn of(schema: &Schema, given: &BTreeMap<String, ColumnType>) -> Result<Self> {
        let mut names = HashSet::new();
        let mut fields = schema.fields().iter();
        if let Some(field) = fields.find(|field| !names.insert(field.name())) {
            return Err(Error::invalid_data(format!(
                "two columns are called `{}`; rename one",
                field.name()
            )));
        }
        if let Some(name) = given.keys().find(|name| !names.contains(name)) {
            return Err(Error::invalid_data(format!(
                "a type is given for `{name}`, which is no column"
            )));
        }
        let mut warnings = Vec::new();
        let unnamed = unnamed_index(schema);
        let mut kept = Vec::new();
        for (place, field) in schema.fields().iter().enumerate() {
            if !unnamed.contains(field.name()) {
                kept.push(place);
                warn_of_stored(field, field.name(), &mut warnings);
            } else if !field.data_type().is_integer() {
                warnings.push(
                    "the index of the frame has no name, and is not read; `reset_index()` makes it a column"
                        .to_owned(),
                );
            }
        }
        Ok(Self {
            kept: (!unnamed.is_empty()).then_some(kept),
            given: given.clone(),
            warnings,
        })
    }
}

/// The columns that pandas adds for an index without a name.
fn unnamed_index(schema: &Schema) -> Vec<String> {
    let Some(told) = schema.metadata().get("pandas") else {
        return Vec::new();
    };
    let told: serde_json::Value = serde_json::from_str(told).unwrap_or_default();
    let columns = told["index_columns"].as_array();
    columns
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str)
        .filter(|name| name.starts_with("__index_level_") && name.ends_with("__"))
        .map(str::to_owned)
        .collect()
}

/// The batch as it is read: without columns that are none, with the types that were asked for, and with what extension types
/// mean.
///
/// # Errors
/// `InvalidData` for a value that is not of the type that was asked for; `Unsupported` for an extension type that would lose
/// its meaning.
pub(crate) fn plain_batch(batch: &RecordBatch, columns: &TableColumns) -> Result<RecordBatch> {
    let batch = match &columns.kept {
        Some(kept) => batch.project(kept)?,
        None => batch.clone(),
    };
    let schema = batch.schema();
    let is_plain = |field: &Field| {
        !is_extension(field)
            && !field.metadata().contains_key(TYPE_KEY)
            && !columns.given.contains_key(field.name())
    };
    if schema.fields().iter().all(|field| is_plain(field)) {
        return Ok(batch);
    }
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let named = |error: Error| error.context(format!("column `{}`", field.name()));
        if let Some(wanted) = columns.given.get(field.name()) {
            arrays.push(as_given(field, column, wanted).map_err(named)?);
            fields.push(field_of(field.name(), &wanted.ty));
        } else if let Some((ty, values)) = of_extension(field, column).map_err(named)? {
            arrays.push(values);
            fields.push(field_of(field.name(), &ty));
        } else {
            let mut metadata = field.metadata().clone();
            metadata.remove(TYPE_KEY);
            fields.push(field.as_ref().clone().with_metadata(metadata));
            arrays.push(Arc::clone(column));
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(
        Arc::new(Schema::new(fields)),
        arrays,
        &options,
    )?)
}
