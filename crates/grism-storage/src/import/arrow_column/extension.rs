//! Arrow's extension types: those whose meaning is known get it, those that would lose theirs are refused, and all others are
//! what they are stored as.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray};
use arrow::datatypes::{DataType, Field, Int8Type};
use grism_core::{Error, Result, Type};

/// The key of a field's metadata that names its extension type.
const NAME_KEY: &str = "ARROW:extension:name";
/// Extension types that are read as what they mean.
const KNOWN: [&str; 3] = ["arrow.bool8", "arrow.uuid", "arrow.json"];

fn name_of(field: &Field) -> Option<&str> {
    field.metadata().get(NAME_KEY).map(String::as_str)
}

/// The values of an extension type as what they mean; `None` where they are what they are stored as.
///
/// # Errors
/// `Unsupported` for a type whose stored values mean something else.
pub(super) fn of_extension(field: &Field, column: &ArrayRef) -> Result<Option<(Type, ArrayRef)>> {
    let way = match (name_of(field), column.data_type()) {
        (Some("arrow.bool8"), DataType::Int8) => {
            let flags = column.as_primitive::<Int8Type>().iter();
            let flags: BooleanArray = flags.map(|flag| flag.map(|flag| flag != 0)).collect();
            return Ok(Some((Type::Bool, Arc::new(flags))));
        }
        (Some("arrow.uuid"), DataType::FixedSizeBinary(16)) => {
            let ids = column.as_fixed_size_binary();
            let text = |id: &[u8]| uuid::Uuid::from_slice(id).map(|id| id.to_string()).ok();
            let texts: StringArray = ids.iter().map(|id| id.and_then(text)).collect();
            return Ok(Some((Type::String, Arc::new(texts))));
        }
        (Some("pandas.period"), _) => {
            "make it a time with `.dt.to_timestamp()`, or text with `.astype(str)`"
        }
        (Some("pandas.interval"), _) => "make its ends columns, or text with `.astype(str)`",
        _ => return Ok(None),
    };
    Err(Error::unsupported(format!(
        "the extension type {}: {way}",
        name_of(field).unwrap_or_default()
    )))
}

/// Whether a field is of an extension type.
pub(super) fn is_extension(field: &Field) -> bool {
    name_of(field).is_some()
}

/// Adds a warning for each field, and each within it, of an extension type that is read as what it is stored as.
pub(super) fn warn_of_stored(field: &Field, path: &str, warnings: &mut Vec<String>) {
    if let Some(name) = name_of(field)
        && !KNOWN.contains(&name)
    {
        warnings.push(format!(
            "column `{path}` is of the extension type {name}, and is read as {}, which it is stored as",
            field.data_type()
        ));
    }
    let below = |own: &Field, warnings: &mut Vec<String>| {
        warn_of_stored(own, &format!("{path}.{}", own.name()), warnings);
    };
    match field.data_type() {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => below(item, warnings),
        DataType::Struct(fields) => fields.iter().for_each(|own| below(own, warnings)),
        _ => {}
    }
}
