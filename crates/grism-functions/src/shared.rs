//! Columns that hold each different value once: rows name it by its number, so that an operator which repeats rows
//! copies numbers and not values.
//!
//! ```text
//! rows     a  a  a  b  b        keys    0  0  0  1  1
//! values   [1, 2, …] for each   values  [1, 2, …]  [7]
//! ```

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, GenericByteArray, ListArray, StructArray,
    UInt32Array, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{concat, filter, take};
use arrow::datatypes::{ByteArrayType, DataType, LargeBinaryType, UInt32Type, Utf8Type};
use arrow::record_batch::RecordBatch;
use grism_core::{Error, ErrorKind, Result, Type};

/// Bytes of one column past which rows are worked on in smaller batches.
pub const MOST_BYTES_AT_ONCE: usize = 256 << 20;

/// Whether values of the type may be large, so that it pays to hold each once.
#[must_use]
pub fn may_be_large(ty: &Type) -> bool {
    matches!(ty, Type::List(_) | Type::Map(_) | Type::Any)
}

/// The Arrow type of a column that shares values of `data_type`.
#[must_use]
pub fn shared_type(data_type: DataType) -> DataType {
    DataType::Dictionary(Box::new(DataType::UInt32), Box::new(data_type))
}

/// A column that shares values. No key is null; a value may be.
#[derive(Clone, Debug)]
pub struct SharedValues {
    /// The number of each row's value.
    pub keys: UInt32Array,
    /// The values.
    pub values: ArrayRef,
}

impl SharedValues {
    /// The parts of a column that shares values; `None` for a plain one.
    pub fn of(column: &dyn Array) -> Result<Option<Self>> {
        let Some(dictionary) = column
            .as_any()
            .downcast_ref::<DictionaryArray<UInt32Type>>()
        else {
            return Ok(None);
        };
        let (keys, values) = (dictionary.keys(), dictionary.values());
        if keys.null_count() == 0 {
            return Ok(Some(Self {
                keys: keys.clone(),
                values: Arc::clone(values),
            }));
        }
        // A row that an outer join left empty: it shares a null of its own.
        let null = new_null_array(values.data_type(), 1);
        let place = values.len() as u32;
        Ok(Some(Self {
            keys: keys.iter().map(|key| Some(key.unwrap_or(place))).collect(),
            values: concat(&[values.as_ref(), null.as_ref()])?,
        }))
    }

    /// Each row of a plain column as a value of its own.
    pub fn of_rows(column: &ArrayRef) -> Self {
        Self {
            keys: (0..column.len() as u32).collect(),
            values: Arc::clone(column),
        }
    }

    /// Without values that no row has.
    pub fn compacted(self) -> Result<Self> {
        let mut used = vec![false; self.values.len()];
        for key in self.keys.values() {
            used[*key as usize] = true;
        }
        if used.iter().all(|used| *used) {
            return Ok(self);
        }
        let mut places = Vec::with_capacity(used.len());
        let mut next = 0;
        for used in &used {
            places.push(next);
            next += u32::from(*used);
        }
        let keys = self.keys.values().iter();
        Ok(Self {
            keys: keys.map(|key| Some(places[*key as usize])).collect(),
            values: filter(&self.values, &BooleanArray::from(used))?,
        })
    }

    /// The column that shares the values.
    pub fn into_column(self) -> Result<ArrayRef> {
        Ok(Arc::new(DictionaryArray::try_new(self.keys, self.values)?))
    }

    /// The plain column: every row with its own copy.
    ///
    /// # Errors
    /// `ResourceExhausted` where that is too much at once for more than one row.
    pub fn flat(&self) -> Result<ArrayRef> {
        take_rows(&self.values, &self.keys)
    }
}

/// The rows `rows` of `values`.
///
/// # Errors
/// `ResourceExhausted` where they are too much at once, or do not fit one Arrow column.
pub fn take_rows(values: &ArrayRef, rows: &UInt32Array) -> Result<ArrayRef> {
    if is_nested_or_bytes(values.data_type()) {
        let bytes = taken_bytes(values, rows);
        if rows.len() > 1 && bytes > MOST_BYTES_AT_ONCE {
            return Err(too_much(bytes));
        }
    }
    Ok(take(values, rows, None)?)
}

/// The error for what does not fit at once.
fn too_much(bytes: usize) -> Error {
    Error::new(
        ErrorKind::ResourceExhausted,
        format!("values of {bytes} bytes do not fit into one column"),
    )
}

/// `pieces` end to end.
///
/// # Errors
/// `ResourceExhausted` where they do not fit one Arrow column.
pub fn concat_columns(pieces: &[ArrayRef]) -> Result<ArrayRef> {
    if let [piece] = pieces {
        return Ok(Arc::clone(piece));
    }
    check_offsets(&pieces.iter().map(AsRef::as_ref).collect::<Vec<_>>())?;
    let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
    Ok(concat(&pieces)?)
}

/// Fails where the pieces together pass what 32-bit offsets reach.
fn check_offsets(pieces: &[&dyn Array]) -> Result<()> {
    let Some(first) = pieces.first() else {
        return Ok(());
    };
    let any = pieces.iter().map(|piece| piece.as_any());
    let fits = |total: usize| {
        if i32::try_from(total).is_ok() {
            Ok(())
        } else {
            Err(too_much(total))
        }
    };
    match first.data_type() {
        DataType::Utf8 => fits(
            any.filter_map(|piece| piece.downcast_ref::<GenericByteArray<Utf8Type>>())
                .map(byte_length)
                .sum(),
        ),
        DataType::List(_) => {
            let lists: Vec<&ListArray> = any
                .filter_map(|piece| piece.downcast_ref::<ListArray>())
                .collect();
            fits(lists.iter().map(|own| element_count(own)).sum())?;
            let values: Vec<&dyn Array> = lists.iter().map(|own| own.values().as_ref()).collect();
            check_offsets(&values)
        }
        DataType::Struct(fields) => {
            let structs: Vec<&StructArray> = any
                .filter_map(|piece| piece.downcast_ref::<StructArray>())
                .collect();
            (0..fields.len()).try_for_each(|place| {
                let columns: Vec<&dyn Array> = structs
                    .iter()
                    .map(|own| own.column(place).as_ref())
                    .collect();
                check_offsets(&columns)
            })
        }
        _ => Ok(()),
    }
}

fn is_nested_or_bytes(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::List(_)
            | DataType::Struct(_)
    )
}

fn byte_length<T: ByteArrayType>(array: &GenericByteArray<T>) -> usize {
    use arrow::datatypes::ArrowNativeType;
    let offsets = array.value_offsets();
    offsets[array.len()].as_usize() - offsets[0].as_usize()
}

fn element_count(lists: &ListArray) -> usize {
    let offsets: &OffsetBuffer<i32> = lists.offsets();
    (offsets[lists.len()] - offsets[0]) as usize
}

/// About how many bytes the rows `rows` of `values` take.
pub fn taken_bytes(values: &dyn Array, rows: &UInt32Array) -> usize {
    let rows = rows.iter().flatten().map(|row| row as usize);
    let any = values.as_any();
    match values.data_type() {
        DataType::Utf8 => match any.downcast_ref::<GenericByteArray<Utf8Type>>() {
            Some(texts) => rows.map(|row| texts.value_length(row) as usize).sum(),
            None => 0,
        },
        DataType::LargeBinary => match any.downcast_ref::<GenericByteArray<LargeBinaryType>>() {
            Some(bytes) => rows.map(|row| bytes.value_length(row) as usize).sum(),
            None => 0,
        },
        DataType::List(_) => match any.downcast_ref::<ListArray>() {
            Some(lists) => {
                let elements: usize = rows.map(|row| lists.value_length(row) as usize).sum();
                // An element of no bytes, such as null, still counts against the offsets.
                elements.saturating_mul(mean_bytes(lists.values()).max(1))
            }
            None => 0,
        },
        _ => rows.count().saturating_mul(mean_bytes(values)),
    }
}

/// The mean number of bytes of a value.
pub fn mean_bytes(values: &dyn Array) -> usize {
    let count = values.len().max(1);
    let any = values.as_any();
    match values.data_type() {
        DataType::Utf8 => any
            .downcast_ref::<GenericByteArray<Utf8Type>>()
            .map_or(0, |texts| byte_length(texts) / count + 4),
        DataType::LargeBinary => any
            .downcast_ref::<GenericByteArray<LargeBinaryType>>()
            .map_or(0, |bytes| byte_length(bytes) / count + 8),
        DataType::List(_) => any.downcast_ref::<ListArray>().map_or(0, |lists| {
            let elements = element_count(lists);
            elements.saturating_mul(mean_bytes(lists.values())) / count + 4
        }),
        DataType::Struct(_) => any.downcast_ref::<StructArray>().map_or(0, |structs| {
            structs.columns().iter().map(|own| mean_bytes(own)).sum()
        }),
        DataType::Dictionary(..) => 4,
        data_type => data_type.primitive_width().unwrap_or(1),
    }
}

/// `batch` without shared values that no row has: what travels to another stage, or waits.
///
/// # Errors
/// Those of Arrow's kernels.
pub fn compact_shared(batch: RecordBatch) -> Result<RecordBatch> {
    if !batch
        .schema()
        .fields()
        .iter()
        .any(|field| matches!(field.data_type(), DataType::Dictionary(..)))
    {
        return Ok(batch);
    }
    let columns = batch
        .columns()
        .iter()
        .map(|column| match SharedValues::of(column)? {
            Some(shared) => shared.compacted()?.into_column(),
            None => Ok(Arc::clone(column)),
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn lists() -> ArrayRef {
        let lists = [Some(vec![Some(1), Some(2)]), None, Some(vec![Some(7)])];
        Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists))
    }

    #[test]
    fn rows_that_share_a_value_copy_its_number_only() {
        let column = SharedValues::of_rows(&lists()).into_column().unwrap();
        let rows = UInt32Array::from(vec![0, 0, 0, 2]);
        let repeated = take(&column, &rows, None).unwrap();
        let shared = SharedValues::of(&repeated).unwrap().unwrap();
        assert_eq!(shared.values.len(), 3);
        let shared = shared.compacted().unwrap();
        assert_eq!(shared.values.len(), 2);
        let flat = shared.flat().unwrap();
        let last = flat.as_list::<i32>().value(3);
        assert_eq!(last.as_primitive::<Int64Type>(), &Int64Array::from(vec![7]));
    }

    #[test]
    fn a_row_that_an_outer_join_left_empty_is_null() {
        let rows = UInt32Array::from(vec![Some(2), None]);
        let column = SharedValues::of_rows(&lists()).into_column().unwrap();
        let joined = take(&column, &rows, None).unwrap();
        let flat = SharedValues::of(&joined).unwrap().unwrap().flat().unwrap();
        assert!(flat.is_valid(0) && flat.is_null(1));
    }

    #[test]
    fn what_is_too_much_at_once_is_refused_for_more_than_one_row() {
        let numbers = (0..1_000_000).map(Some).collect::<Vec<_>>();
        let long: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>([Some(
            numbers,
        )]));
        let error = take_rows(&long, &UInt32Array::from(vec![0; 8192])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
        assert_eq!(
            take_rows(&long, &UInt32Array::from(vec![0])).unwrap().len(),
            1
        );
    }
}
