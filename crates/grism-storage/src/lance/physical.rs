//! The fields of a dataset that hold a column of a table. A stored value is never rewritten: where a property's type
//! widens, a further column holds the values written from then on, and a reader takes the newest column that has one.
//!
//! ```text
//! age      Int64                  31  42  null
//! age~2    any type, as bytes     null null  'old'
//! ```

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use grism_core::{Result, Role, Table, widen_column};
use lance::dataset::Dataset;

use crate::columns::named_batch;

fn generation_name(column: &str, generation: usize) -> String {
    match generation {
        0 => column.to_owned(),
        other => format!("{column}~{}", other + 1),
    }
}

/// Whether a dataset has a field of the name.
pub(super) fn has_field(dataset: &Dataset, name: &str) -> bool {
    let mut fields = dataset.schema().fields.iter();
    fields.any(|field| field.name == name)
}

/// The fields that hold the column `column` of `table`, the oldest first.
pub(super) fn physical_columns(dataset: &Dataset, table: &Table, column: &str) -> Vec<String> {
    if let Some(role) = table.hyperedge_type().and_then(|ty| ty.role_in(column)) {
        let field = role_field(table, role, |name| has_field(dataset, name));
        return has_field(dataset, &field)
            .then(|| field.into_owned())
            .into_iter()
            .collect();
    }
    (0..)
        .map(|generation| generation_name(column, generation))
        .take_while(|name| has_field(dataset, name))
        .collect()
}

/// The field of a role: its column, or its name where an older version of Grism made the dataset.
fn role_field<'a>(table: &Table, role: &'a Role, has_field: impl Fn(&str) -> bool) -> Cow<'a, str> {
    let column = role.column();
    if column == role.name {
        return column;
    }
    let mut roles = table.hyperedge_type().into_iter().flat_map(|ty| &ty.roles);
    // One of the names may look like the column of another role, but not each of them.
    if roles.all(|other| has_field(&other.column())) || !has_field(&role.name) {
        column
    } else {
        Cow::Borrowed(&role.name)
    }
}

/// A batch of all fields of a dataset, with roles by the names of their columns.
pub(super) fn with_role_columns(batch: &RecordBatch, table: &Table) -> Result<RecordBatch> {
    let has_field = |name: &str| batch.column_by_name(name).is_some();
    let mut renamed: Vec<(String, String)> = Vec::new();
    for role in table.hyperedge_type().into_iter().flat_map(|ty| &ty.roles) {
        let field = role_field(table, role, has_field);
        if field != role.column() {
            renamed.push((field.into_owned(), role.column().into_owned()));
        }
    }
    if renamed.is_empty() {
        return Ok(batch.clone());
    }
    let name = |field: &Arc<Field>| {
        let known = renamed.iter().find(|(name, _)| name == field.name());
        known.map_or_else(|| field.name().clone(), |(_, column)| column.clone())
    };
    let names: Vec<String> = batch.schema_ref().fields().iter().map(name).collect();
    named_batch(&names, batch.columns().to_vec(), batch.num_rows())
}

/// The field that values of `data_type` are written to, which may not be there yet.
pub(super) fn target_column(
    dataset: &Dataset,
    table: &Table,
    column: &str,
    data_type: &DataType,
) -> Field {
    let known = physical_columns(dataset, table, column);
    let schema = Schema::from(dataset.schema());
    if let Some(newest) = known.last()
        && let Ok(field) = schema.field_with_name(newest)
        && same_type(field.data_type(), data_type)
    {
        return Field::new(newest, data_type.clone(), true);
    }
    Field::new(
        generation_name(column, known.len()),
        data_type.clone(),
        true,
    )
}

/// Whether two types are the same but for the names and nullability of inner fields.
fn same_type(a: &DataType, b: &DataType) -> bool {
    match (a, b) {
        (DataType::List(a), DataType::List(b)) => same_type(a.data_type(), b.data_type()),
        (a, b) => a == b,
    }
}

/// The property in a batch of physical columns, as `data_type`: the newest value that each row has.
pub(super) fn merged_column(
    batch: &RecordBatch,
    columns: &[String],
    data_type: &DataType,
) -> Result<Option<ArrayRef>> {
    let mut merged: Option<ArrayRef> = None;
    for name in columns {
        let Some(column) = batch.column_by_name(name) else {
            continue;
        };
        let column = if column.data_type() == data_type {
            column.clone()
        } else {
            widen_column(column, data_type)?
        };
        merged = Some(match merged {
            None => column,
            Some(older) => {
                let places: Vec<(usize, usize)> = (0..column.len())
                    .map(|row| (usize::from(column.is_valid(row)), row))
                    .collect();
                interleave(&[older.as_ref(), column.as_ref()], &places)?
            }
        });
    }
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use grism_core::{Cardinality, GraphSchema, HyperedgeType};

    use super::*;

    fn table(roles: &[&str]) -> Table {
        let role = |name: &&str| Role {
            name: (*name).to_owned(),
            member: None,
            cardinality: Cardinality::Many,
        };
        let mut schema = GraphSchema::default();
        let ty = HyperedgeType {
            name: "T".to_owned(),
            roles: roles.iter().map(role).collect(),
            declared: true,
        };
        let id = schema.declare(ty).unwrap();
        schema.table(id).unwrap().clone()
    }

    fn fields(table: &Table, stored: &[&str]) -> Vec<String> {
        let roles = &table.hyperedge_type().unwrap().roles;
        let field = |role| role_field(table, role, |name| stored.contains(&name));
        roles.iter().map(|role| field(role).into_owned()).collect()
    }

    #[test]
    fn roles_of_older_datasets_are_found_by_their_names() {
        let table = table(&["a", "x!", "x%21"]);
        assert_eq!(fields(&table, &["a", "x!", "x%21"]), ["a", "x!", "x%21"]);
        assert_eq!(
            fields(&table, &["a", "x%21", "x%2521"]),
            ["a", "x%21", "x%2521"]
        );
        let batch = |names: [&str; 3]| {
            let none = arrow::array::new_null_array(&DataType::UInt64, 1);
            named_batch(&names.map(str::to_owned), vec![none; 3], 1).unwrap()
        };
        for names in [["a", "x!", "x%21"], ["a", "x%21", "x%2521"]] {
            let found = with_role_columns(&batch(names), &table).unwrap();
            let schema = found.schema();
            let found: Vec<_> = schema
                .fields()
                .iter()
                .map(|own| own.name().as_str())
                .collect();
            assert_eq!(found, ["a", "x%21", "x%2521"]);
        }
    }
}
