//! `KeyReader`: from rows to the keys that a constraint compares.

use std::borrow::Cow;
use std::sync::LazyLock;

use arrow::array::{Array, ArrayRef, AsArray, ListArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use grism_core::{
    Comparison, ComparisonOperator, Constraint, LABELS_COLUMN, Result, ScanPredicate, Table, Type,
    Value, WideHasher, key_of, stable_number,
};

use crate::columns::{column_or_null, has_label};

/// What stands for the values of an entity: the same for values that are equal as Cypher compares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// A number without a fraction, the only value.
    Integer(i64),
    /// Anything else, by 128 bits with seeds drawn at random: two keys share one about never.
    Hash(u128),
}

impl Key {
    /// Which of so many parts of all keys the key is in.
    pub(super) fn part(self, parts: u64) -> u64 {
        let mixed = match self {
            Self::Integer(integer) => stable_number(integer as u64),
            Self::Hash(hash) => hash as u64,
        };
        (mixed >> 32) % parts
    }
}

/// What a row is to a constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowKey {
    /// The constraint is not of this entity.
    Free,
    /// The value of this property, by its place in the constraint, is missing.
    Missing(usize),
    /// It has all values, and equals nothing: one of them is NaN.
    Apart,
    /// It has all values.
    Is(Key),
}

/// A value as keys are made of it.
enum Part<'a> {
    Null,
    NotANumber,
    Integer(i64),
    Text(Cow<'a, str>),
    Other(Vec<u8>),
}

/// Reads the keys of rows of one table.
#[derive(Debug)]
pub(super) struct KeyReader<'a> {
    constraint: &'a Constraint,
    table: &'a Table,
}

impl<'a> KeyReader<'a> {
    pub(super) fn new(constraint: &'a Constraint, table: &'a Table) -> Self {
        Self { constraint, table }
    }

    /// The column of each property, `None` where the table has no values of it.
    pub(super) fn property_columns(&self) -> impl Iterator<Item = Option<&'a str>> + use<'a> {
        let (constraint, table) = (self.constraint, self.table);
        constraint.properties.iter().map(|name| {
            let property = table.property(name)?;
            (property.value_type != Type::Null).then(|| property.column())
        })
    }

    /// The columns that are read of a scan.
    pub(super) fn columns(&self) -> Vec<String> {
        let columns = self.property_columns().flatten().map(str::to_owned);
        let mut columns: Vec<String> = columns.collect();
        if self.may_lack_label() {
            columns.push(LABELS_COLUMN.to_owned());
        }
        columns
    }

    /// Whether the labels of a row must be looked at.
    fn may_lack_label(&self) -> bool {
        let mut changed = self.table.changed_labels.iter();
        changed.any(|own| *own == self.constraint.label)
    }

    /// What each row of a batch is to the constraint. Columns that the batch lacks are null.
    ///
    /// # Errors
    /// `InvalidData` where a stored value is malformed.
    pub(super) fn read(&self, batch: &RecordBatch) -> Result<Vec<RowKey>> {
        let columns = self.values(batch)?;
        let labels = self.labels(batch);
        let label = &self.constraint.label;
        let mut bytes = Vec::new();
        (0..batch.num_rows())
            .map(|row| {
                if !has_label(labels, row, self.table, label) {
                    return Ok(RowKey::Free);
                }
                row_key(&columns, row, &mut bytes)
            })
            .collect()
    }

    /// For each of some keys, given with their values, what rows of the table with such a value pass, and perhaps others;
    /// `None` where storages do not compare values of the column as Cypher does.
    pub(super) fn predicates(&self, keys: &[(Key, Vec<Value>)]) -> Option<Vec<ScanPredicate>> {
        let [name] = &self.constraint.properties[..] else {
            return None;
        };
        let property = self.table.property(name)?;
        let mut predicates = Vec::new();
        for (key, values) in keys {
            let value = match (&property.value_type, key, &values[..]) {
                (Type::Int64, Key::Integer(integer), _) => Value::Int64(*integer),
                (Type::String, Key::Hash(_), [Value::String(text)]) => Value::String(text.clone()),
                // No other value equals one of these.
                (Type::Int64 | Type::String, ..) => continue,
                _ => return None,
            };
            predicates.push(vec![Comparison {
                column: property.column().to_owned(),
                operator: ComparisonOperator::Equal,
                value,
            }]);
        }
        Some(predicates)
    }

    /// The values of one row.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn row(&self, batch: &RecordBatch, row: usize) -> Result<Vec<Value>> {
        let columns = self.values(batch)?;
        let value = |(column, ty): &(ArrayRef, Type)| Value::from_typed(column, row, ty);
        columns.iter().map(value).collect()
    }

    fn labels<'b>(&self, batch: &'b RecordBatch) -> Option<&'b ListArray> {
        batch
            .column_by_name(LABELS_COLUMN)
            .and_then(|labels| labels.as_list_opt::<i32>())
    }

    /// The columns of the properties, as the table types them.
    fn values(&self, batch: &RecordBatch) -> Result<Vec<(ArrayRef, Type)>> {
        let properties = self.constraint.properties.iter();
        let values = properties.map(|name| match self.table.property(name) {
            Some(property) => {
                let ty = property.value_type.clone();
                let column = column_or_null(batch, property.column(), &ty.to_arrow())?;
                Ok((column, ty))
            }
            None => {
                let data_type = Type::Null.to_arrow();
                let column = arrow::array::new_null_array(&data_type, batch.num_rows());
                Ok((column, Type::Null))
            }
        });
        values.collect()
    }
}

fn row_key(columns: &[(ArrayRef, Type)], row: usize, bytes: &mut Vec<u8>) -> Result<RowKey> {
    if let [(column, ty)] = columns {
        return Ok(match part(column, row, ty)? {
            Part::Null => RowKey::Missing(0),
            Part::NotANumber => RowKey::Apart,
            Part::Integer(integer) => RowKey::Is(Key::Integer(integer)),
            own => {
                bytes.clear();
                push(&own, bytes);
                RowKey::Is(Key::Hash(hash(bytes)))
            }
        });
    }
    bytes.clear();
    let mut is_apart = false;
    for (place, (column, ty)) in columns.iter().enumerate() {
        match part(column, row, ty)? {
            Part::Null => return Ok(RowKey::Missing(place)),
            Part::NotANumber => is_apart = true,
            own => push(&own, bytes),
        }
    }
    Ok(match is_apart {
        true => RowKey::Apart,
        false => RowKey::Is(Key::Hash(hash(bytes))),
    })
}

fn part<'a>(column: &'a ArrayRef, row: usize, ty: &Type) -> Result<Part<'a>> {
    if let Some(integers) = column.as_primitive_opt::<Int64Type>() {
        return Ok(match integers.is_null(row) {
            true => Part::Null,
            false => Part::Integer(integers.value(row)),
        });
    }
    if let Some(texts) = column.as_string_opt::<i32>() {
        return Ok(match texts.is_null(row) {
            true => Part::Null,
            false => Part::Text(Cow::Borrowed(texts.value(row))),
        });
    }
    Ok(match Value::from_typed(column, row, ty)? {
        Value::Null => Part::Null,
        Value::Int64(integer) => Part::Integer(integer),
        Value::Float64(float) => float_part(float),
        Value::String(text) => Part::Text(Cow::Owned(text)),
        value => Part::Other(key_of(&value)),
    })
}

fn float_part(float: f64) -> Part<'static> {
    /// The first float past the integers.
    const END: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        Part::NotANumber
    } else if float.fract() == 0.0 && (-END..END).contains(&float) {
        Part::Integer(float as i64)
    } else {
        Part::Other(key_of(&Value::Float64(float)))
    }
}

/// Adds a part that is neither null nor NaN; how long each is stands before it.
fn push(part: &Part<'_>, bytes: &mut Vec<u8>) {
    let integer;
    let (tag, own): (u8, &[u8]) = match part {
        Part::Null | Part::NotANumber => return,
        Part::Integer(own) => {
            integer = own.to_le_bytes();
            (1, &integer)
        }
        Part::Text(own) => (2, own.as_bytes()),
        Part::Other(own) => (3, own),
    };
    bytes.push(tag);
    bytes.extend((own.len() as u64).to_le_bytes());
    bytes.extend(own);
}

fn hash(bytes: &[u8]) -> u128 {
    static HASHER: LazyLock<WideHasher> = LazyLock::new(WideHasher::default);
    HASHER.hash(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int64Array, StringArray};
    use grism_core::{ConstraintRule, EntityKind, GraphSchema};

    use super::*;
    use crate::columns::named_batch;

    fn keys(ty: &Type, column: ArrayRef) -> Vec<RowKey> {
        let mut schema = GraphSchema::default();
        let id = schema.ensure_node_table(&["A".to_owned()]).unwrap();
        schema.ensure_property(id, "x", ty).unwrap();
        let constraint = Constraint {
            name: "a".to_owned(),
            entity: EntityKind::Node,
            label: "A".to_owned(),
            properties: vec!["x".to_owned()],
            rule: ConstraintRule::Unique,
        };
        let rows = column.len();
        let batch = named_batch(&["x".to_owned()], vec![column], rows).unwrap();
        let reader = KeyReader::new(&constraint, schema.table(id).unwrap());
        reader.read(&batch).unwrap()
    }

    fn any(values: &[Value]) -> ArrayRef {
        Value::column(values, &Type::Any.to_arrow()).unwrap()
    }

    #[test]
    fn equal_values_have_one_key_in_columns_of_any_type() {
        let integers = keys(
            &Type::Int64,
            Arc::new(Int64Array::from(vec![Some(1), None])),
        );
        let floats = vec![1.0, f64::NAN, -0.0, 0.5];
        let floats = keys(&Type::Float64, Arc::new(Float64Array::from(floats)));
        let texts = keys(
            &Type::String,
            Arc::new(StringArray::from(vec!["1", "b\0c"])),
        );
        let values = [
            Value::Float64(1.0),
            Value::Int64(0),
            Value::Float64(0.5),
            Value::String("1".to_owned()),
            Value::String("b\0c".to_owned()),
            Value::Float64(f64::NAN),
        ];
        let mixed = keys(&Type::Any, any(&values));
        assert_eq!(integers[1], RowKey::Missing(0));
        assert_eq!(floats[1], RowKey::Apart);
        assert_eq!(mixed[5], RowKey::Apart);
        assert_eq!(integers[0], floats[0]);
        assert_eq!(integers[0], mixed[0]);
        assert_eq!(floats[2], mixed[1]);
        assert_eq!(floats[3], mixed[2]);
        assert_eq!(&texts[..], &mixed[3..5]);
        assert_ne!(texts[0], integers[0]);
    }
}
