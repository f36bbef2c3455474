//! Columns of tables: their Arrow types, predicates over them, and batches brought to a table's columns.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Datum, ListArray, Scalar, UInt64Array, new_null_array,
};
use arrow::compute::kernels::cmp;
use arrow::compute::{and, is_not_null, is_null};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, UInt64Type};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::{
    Cardinality, Comparison, ComparisonOperator, EntityId, Error, ID_COLUMN, LABELS_COLUMN, Result,
    Role, Table, TableId, Type, widen_column,
};

/// The offsets of the rows that a batch of updates changes.
pub(crate) fn row_offsets(batch: &RecordBatch) -> Result<Vec<u64>> {
    let ids = batch
        .column_by_name(ID_COLUMN)
        .and_then(|ids| ids.as_primitive_opt::<UInt64Type>())
        .ok_or_else(|| Error::internal("updates without ids"))?;
    let offset = |id: &u64| EntityId::from_raw(*id).offset();
    Ok(ids.values().iter().map(offset).collect())
}

/// The Arrow type of a role's column.
pub(crate) fn role_type(role: &Role) -> DataType {
    match role.cardinality {
        Cardinality::Many => {
            DataType::List(Arc::new(Field::new_list_field(DataType::UInt64, true)))
        }
        _ => DataType::UInt64,
    }
}

/// The Arrow type of the column `name`, of a role, a property or the labels; `None` where the table has no such column.
pub(crate) fn column_type(table: &Table, name: &str) -> Option<DataType> {
    if name == LABELS_COLUMN && table.hyperedge_type().is_none() {
        return Some(Type::String.list().to_arrow());
    }
    match table.hyperedge_type().and_then(|ty| ty.role_in(name)) {
        Some(role) => Some(role_type(role)),
        None => table
            .property_in(name)
            .map(|property| property.value_type.to_arrow()),
    }
}

/// The fields a table's rows have: roles, then properties whose type is known.
pub(crate) fn table_fields(table: &Table) -> Vec<Field> {
    let roles = table.hyperedge_type().into_iter().flat_map(|ty| &ty.roles);
    let mut fields: Vec<Field> = roles
        .map(|role| Field::new(role.column(), role_type(role), true))
        .collect();
    if !table.changed_labels.is_empty() {
        let data_type = Type::String.list().to_arrow();
        fields.push(Field::new(LABELS_COLUMN, data_type, true));
    }
    for property in &table.properties {
        let data_type = property.value_type.to_arrow();
        if data_type != DataType::Null {
            fields.push(Field::new(property.column(), data_type, true));
        }
    }
    fields
}

/// The column `name` of `batch` as `data_type`; nulls where it has none.
pub(crate) fn column_or_null(
    batch: &RecordBatch,
    name: &str,
    data_type: &DataType,
) -> Result<ArrayRef> {
    match batch.column_by_name(name) {
        Some(column) if column.data_type() == data_type => Ok(Arc::clone(column)),
        Some(column) => widen_column(column, data_type),
        None => Ok(new_null_array(data_type, batch.num_rows())),
    }
}

/// The ids of the rows of `table` at `offsets`.
pub(crate) fn id_array(table: TableId, offsets: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(
        offsets
            .map(|offset| EntityId::new(table, offset).raw())
            .collect::<UInt64Array>(),
    )
}

/// A batch of `names`, each with its column.
pub(crate) fn named_batch(
    names: &[String],
    columns: Vec<ArrayRef>,
    rows: usize,
) -> Result<RecordBatch> {
    let fields: Vec<Field> = names
        .iter()
        .zip(&columns)
        .map(|(name, column)| Field::new(name, column.data_type().clone(), true))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(
        Arc::new(Schema::new(fields)),
        columns,
        &options,
    )?)
}

/// The field of a role in a dataset or file: its column, or the name it was declared with where an older version of Grism made
/// the dataset.
pub(crate) fn role_field<'a>(
    table: &'a Table,
    role: &'a Role,
    has_field: impl Fn(&str) -> bool,
) -> Cow<'a, str> {
    let column = role.column();
    let first = || {
        let roles = table.first_role_columns();
        roles.filter(|(name, column)| *name != &**column)
    };
    let Some((name, _)) = first().find(|(_, own)| *own == column) else {
        return column;
    };
    // One of the names may look like the column of another role, but not each of them.
    let is_older = || first().any(|(name, own)| has_field(name) && !has_field(&own));
    if has_field(name) && is_older() {
        Cow::Borrowed(name)
    } else {
        column
    }
}

/// A batch of all fields of a dataset or file, with roles by the names of their columns.
pub(crate) fn with_role_columns(batch: &RecordBatch, table: &Table) -> Result<RecordBatch> {
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

/// The names of a scan's columns: the id, then those asked for.
pub(crate) fn scan_names(columns: &[String]) -> Vec<String> {
    std::iter::once(ID_COLUMN.to_owned())
        .chain(columns.iter().cloned())
        .collect()
}

/// Whether the node in a row has `label`, given the column of labels, where any label of the table has changed.
pub(crate) fn has_label(
    labels: Option<&ListArray>,
    row: usize,
    table: &Table,
    label: &str,
) -> bool {
    match labels {
        Some(labels) if labels.is_valid(row) => labels
            .value(row)
            .as_string_opt::<i32>()
            .is_some_and(|own| own.iter().any(|own| own == Some(label))),
        // It has those it was born with; hyperedges have their type.
        _ => table.hyperedge_type().is_some() || table.labels().iter().any(|own| own == label),
    }
}

/// The rows that pass a conjunction of comparisons.
///
/// # Errors
/// `Internal` where a value is not of its column's type.
pub(crate) fn passing_rows(
    batch: &RecordBatch,
    predicate: &[Comparison],
    table: &Table,
) -> Result<BooleanArray> {
    let mut passing: Option<BooleanArray> = None;
    for comparison in predicate {
        let data_type = column_type(table, &comparison.column).ok_or_else(|| {
            Error::internal(format!(
                "there is no column `{}` to compare",
                comparison.column
            ))
        })?;
        let column = column_or_null(batch, &comparison.column, &data_type)?;
        let flags = compare(&column, comparison)?;
        passing = Some(match passing {
            None => flags,
            Some(others) => and(&others, &flags)?,
        });
    }
    Ok(passing.unwrap_or_else(|| BooleanArray::from(vec![true; batch.num_rows()])))
}

fn compare(column: &ArrayRef, comparison: &Comparison) -> Result<BooleanArray> {
    match comparison.operator {
        ComparisonOperator::IsNull => return Ok(is_null(column)?),
        ComparisonOperator::IsNotNull => return Ok(is_not_null(column)?),
        _ => {}
    }
    if column.data_type() == &DataType::Null {
        return Ok(BooleanArray::new_null(column.len()));
    }
    let value = Scalar::new(comparison.value.to_array(1)?);
    let value: &dyn Datum = &value;
    let flags = match comparison.operator {
        ComparisonOperator::Equal => cmp::eq(column, value),
        ComparisonOperator::NotEqual => cmp::neq(column, value),
        ComparisonOperator::Less => cmp::lt(column, value),
        ComparisonOperator::LessOrEqual => cmp::lt_eq(column, value),
        ComparisonOperator::Greater => cmp::gt(column, value),
        _ => cmp::gt_eq(column, value),
    }?;
    // Arrow orders NaN above every number, Cypher beside all of them; and -0.0 equals 0.0.
    if let Some(floats) = column.as_primitive_opt::<Float64Type>()
        && let grism_core::Value::Float64(bound) = &comparison.value
    {
        let holds = |value: f64| match comparison.operator {
            ComparisonOperator::Equal => value == *bound,
            ComparisonOperator::NotEqual => value != *bound,
            ComparisonOperator::Less => value < *bound,
            ComparisonOperator::LessOrEqual => value <= *bound,
            ComparisonOperator::Greater => value > *bound,
            _ => value >= *bound,
        };
        return Ok(floats.iter().map(|value| value.map(holds)).collect());
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use grism_core::{Cardinality, GraphSchema, HyperedgeType};

    use super::*;

    fn table(roles: &[&str]) -> Table {
        let role = |name: &&str| Role::new(*name, None, Cardinality::Many);
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
    fn roles_of_older_datasets_are_found_after_they_were_altered() {
        let mut schema = GraphSchema::default();
        let role = |name: &str| Role::new(name, None, Cardinality::Many);
        let ty = HyperedgeType {
            name: "T".to_owned(),
            roles: vec![role("a"), role("x!"), role("x%21")],
            declared: true,
        };
        let id = schema.declare(ty).unwrap();
        schema.rename_role("T", "x!", "y").unwrap();
        schema.add_role("T", role("z!")).unwrap();
        let table = schema.table(id).unwrap();
        let expected = ["a", "x!", "x%21", "z%21"];
        assert_eq!(fields(table, &["a", "x!", "x%21"]), expected);
        let expected = ["a", "x%21", "x%2521", "z%21"];
        assert_eq!(fields(table, &["a", "x%21", "x%2521"]), expected);
        schema.drop_role("T", "x%21").unwrap();
        let table = schema.table(id).unwrap();
        assert_eq!(fields(table, &["a", "x!", "x%21"])[1], "x!");
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
