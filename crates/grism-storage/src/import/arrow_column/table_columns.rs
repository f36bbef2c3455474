//! The columns of a table as a whole: which are read, and as what.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, Int64Array};
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
    /// The index of a pandas frame that has a name and is no column.
    range: Option<RangeIndex>,
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
        let range = named_range(schema).filter(|range| !names.contains(&range.name));
        names.extend(range.iter().map(|range| &range.name));
        let mut given = given.clone();
        given.extend(stated_types(schema)?);
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
            range,
            given,
            warnings,
        })
    }
}

/// The key of a schema's metadata that states the types that a caller names for its columns.
const GIVEN_KEY: &str = "grism:given";

/// A schema that states the types that a caller names for some of its columns.
///
/// # Errors
/// `InvalidData` for a type for a column that does not exist.
pub(crate) fn with_given(schema: &Schema, given: &BTreeMap<String, ColumnType>) -> Result<Schema> {
    let columns = TableColumns::of(schema, given)?;
    let texts = columns.given.iter();
    let texts: BTreeMap<&String, String> = texts.map(|(name, ty)| (name, ty.to_string())).collect();
    let stated = serde_json::to_string(&texts)
        .map_err(|error| Error::internal(format!("types as text: {error}")))?;
    let mut metadata = schema.metadata().clone();
    metadata.insert(GIVEN_KEY.to_owned(), stated);
    Ok(schema.clone().with_metadata(metadata))
}

fn stated_types(schema: &Schema) -> Result<BTreeMap<String, ColumnType>> {
    let Some(stated) = schema.metadata().get(GIVEN_KEY) else {
        return Ok(BTreeMap::new());
    };
    let texts: BTreeMap<String, String> = serde_json::from_str(stated)
        .map_err(|error| Error::invalid_data(format!("the metadata `{GIVEN_KEY}`: {error}")))?;
    texts
        .into_iter()
        .map(|(name, text)| Ok((name, ColumnType::from_text(&text)?)))
        .collect()
}

/// What pandas says of the indexes of a frame.
fn indexes(schema: &Schema) -> Vec<serde_json::Value> {
    let Some(told) = schema.metadata().get("pandas") else {
        return Vec::new();
    };
    let told: serde_json::Value = serde_json::from_str(told).unwrap_or_default();
    told["index_columns"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

/// The columns that pandas adds for an index without a name.
fn unnamed_index(schema: &Schema) -> Vec<String> {
    let indexes = indexes(schema);
    indexes
        .iter()
        .filter_map(serde_json::Value::as_str)
        .filter(|name| name.starts_with("__index_level_") && name.ends_with("__"))
        .map(str::to_owned)
        .collect()
}

/// Evenly spaced integers that are the index of a pandas frame: it states them, and keeps no column of them.
#[derive(Debug)]
struct RangeIndex {
    name: String,
    start: i64,
    step: i64,
}

fn named_range(schema: &Schema) -> Option<RangeIndex> {
    indexes(schema).iter().find_map(|own| {
        let is_range = own["kind"].as_str() == Some("range");
        is_range.then_some(())?;
        Some(RangeIndex {
            name: own["name"].as_str()?.to_owned(),
            start: own["start"].as_i64()?,
            step: own["step"].as_i64()?,
        })
    })
}

/// The batch as it is read: without columns that are none, with the types that were asked for, and with what extension types
/// mean. `first` is the number of its first row, for messages.
///
/// # Errors
/// `InvalidData` for a value that is not of the type that was asked for; `Unsupported` for an extension type that would lose
/// its meaning.
pub(crate) fn plain_batch(
    batch: &RecordBatch,
    columns: &TableColumns,
    first: u64,
) -> Result<RecordBatch> {
    columns.plain(&columns.read_of(batch, first)?, first)
}

impl TableColumns {
    /// The columns that are read, as they stand. `first` is the number of the first row of the table's.
    pub(crate) fn read_of(&self, batch: &RecordBatch, first: u64) -> Result<RecordBatch> {
        let batch = match &self.kept {
            Some(kept) => batch.project(kept)?,
            None => batch.clone(),
        };
        let Some(RangeIndex { name, start, step }) = &self.range else {
            return Ok(batch);
        };
        let rows = first.saturating_sub(1)..first.saturating_sub(1) + batch.num_rows() as u64;
        let value = |row: u64| {
            i64::try_from(row)
                .ok()?
                .checked_mul(*step)?
                .checked_add(*start)
        };
        let values: Int64Array = rows.map(value).collect();
        let schema = batch.schema();
        let field = Arc::new(Field::new(name, values.data_type().clone(), true));
        let fields: Vec<_> = schema.fields().iter().cloned().chain([field]).collect();
        let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
        let mut arrays = batch.columns().to_vec();
        arrays.push(Arc::new(values));
        Ok(RecordBatch::try_new(Arc::new(schema), arrays)?)
    }

    /// The columns that [`Self::read_of`] tells as [`plain_batch`] has them.
    pub(crate) fn plain(&self, batch: &RecordBatch, first: u64) -> Result<RecordBatch> {
        let schema = batch.schema();
        let is_plain = |field: &Field| {
            !is_extension(field)
                && !field.metadata().contains_key(TYPE_KEY)
                && !self.given.contains_key(field.name())
        };
        if schema.fields().iter().all(|field| is_plain(field)) {
            return Ok(batch.clone());
        }
        let plain = schema.fields().iter().zip(batch.columns());
        let plain = plain.map(|(field, column)| self.plain_column(field, column, first));
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) =
            plain.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(
            Arc::new(Schema::new(fields)),
            arrays,
            &options,
        )?)
    }

    /// A column as it is read, as [`plain_batch`] has it.
    pub(super) fn plain_column(
        &self,
        field: &Field,
        column: &ArrayRef,
        first: u64,
    ) -> Result<(Field, ArrayRef)> {
        let name = field.name();
        let named = |error: Error| error.context(format!("column `{name}`"));
        let found = match self.given.get(name) {
            Some(given) => Some(as_given(field, column, given, first).map_err(named)?),
            None => of_extension(field, column).map_err(named)?,
        };
        if let Some((ty, values)) = found {
            return Ok((field_of(name, &ty), values));
        }
        let mut metadata = field.metadata().clone();
        metadata.remove(TYPE_KEY);
        let field = field.clone().with_metadata(metadata);
        Ok((field, Arc::clone(column)))
    }

    /// Whether a type is given for a column.
    pub(super) fn has_given(&self, column: &str) -> bool {
        self.given.contains_key(column)
    }
}
