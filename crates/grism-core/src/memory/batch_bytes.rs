//! The bytes that batches refer to: a slice of a large array counts for its own rows.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, MutableArrayData, OffsetSizeTrait, RecordBatch, make_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType;

use crate::Result;

/// Bytes that a batch which is kept may refer to in vain.
const SPARE_BYTES: usize = 64 << 10;

/// The bytes of a batch's own rows, whatever its arrays are slices of.
#[must_use]
pub fn batch_bytes(batch: &RecordBatch) -> usize {
    batch
        .columns()
        .iter()
        .map(|column| slice_bytes(column))
        .sum()
}

/// The bytes of an array's own rows, whatever it is a slice of. Of shared values (a dictionary) a batch counts those that
/// its rows may use, at their average size.
#[must_use]
pub fn slice_bytes(array: &dyn Array) -> usize {
    let rows = array.len();
    let nulls = array.nulls().map_or(0, |_| rows.div_ceil(8));
    nulls
        + match array.data_type() {
            DataType::Null => 0,
            DataType::Boolean => rows.div_ceil(8),
            DataType::FixedSizeBinary(width) => rows * usize::try_from(*width).unwrap_or(0),
            DataType::Utf8 => offset_bytes(array.as_string::<i32>().offsets()),
            DataType::LargeUtf8 => offset_bytes(array.as_string::<i64>().offsets()),
            DataType::Binary => offset_bytes(array.as_binary::<i32>().offsets()),
            DataType::LargeBinary => offset_bytes(array.as_binary::<i64>().offsets()),
            DataType::List(_) => {
                let lists = array.as_list::<i32>();
                list_bytes(lists.offsets(), lists.values())
            }
            DataType::LargeList(_) => {
                let lists = array.as_list::<i64>();
                list_bytes(lists.offsets(), lists.values())
            }
            DataType::Map(..) => {
                let maps = array.as_map();
                let (start, end) = ends(maps.offsets());
                let entries = maps.entries().slice(start, end - start);
                (rows + 1) * 4 + slice_bytes(&entries)
            }
            DataType::FixedSizeList(..) => slice_bytes(array.as_fixed_size_list().values()),
            DataType::Struct(_) => array
                .as_struct()
                .columns()
                .iter()
                .map(|column| slice_bytes(column))
                .sum(),
            DataType::Dictionary(..) => {
                let dictionary = array.as_any_dictionary();
                let values = dictionary.values();
                let used = rows.min(values.len());
                slice_bytes(dictionary.keys()) + slice_bytes(values) / values.len().max(1) * used
            }
            other => match other.primitive_width() {
                Some(width) => rows * width,
                // Unions, views and runs are rare, and are counted as arrow has them.
                None => array
                    .to_data()
                    .get_slice_memory_size()
                    .unwrap_or_else(|_| array.get_array_memory_size()),
            },
        }
}

/// The batch itself, or a copy of its rows where it keeps much more alive than they take.
///
/// # Errors
/// Those of arrow, which finds nothing wrong with rows that were a batch before.
pub fn compact_slices(batch: RecordBatch) -> Result<RecordBatch> {
    let own = batch_bytes(&batch);
    if batch.get_array_memory_size() <= own.saturating_mul(2).saturating_add(SPARE_BYTES) {
        return Ok(batch);
    }
    let columns = batch.columns().iter().map(compact);
    let columns = columns.collect();
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}

fn compact(column: &ArrayRef) -> ArrayRef {
    let own = slice_bytes(column);
    if column.get_array_memory_size() <= own.saturating_mul(2).saturating_add(SPARE_BYTES / 8) {
        return Arc::clone(column);
    }
    let data = column.to_data();
    let mut copied = MutableArrayData::new(vec![&data], false, column.len());
    copied.extend(0, 0, column.len());
    make_array(copied.freeze())
}

fn ends<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>) -> (usize, usize) {
    let first = offsets.first().map_or(0, |first| first.as_usize());
    (first, offsets.last().map_or(0, |last| last.as_usize()))
}

/// Texts or bytes: their offsets and themselves.
fn offset_bytes<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>) -> usize {
    let (start, end) = ends(offsets);
    size_of_val(&offsets[..]) + end - start
}

fn list_bytes<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>, values: &ArrayRef) -> usize {
    let (start, end) = ends(offsets);
    size_of_val(&offsets[..]) + slice_bytes(&values.slice(start, end - start))
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        BooleanArray, DictionaryArray, Int64Array, ListArray, StringArray, StructArray,
    };
    use arrow::datatypes::{Int32Type, UInt32Type};

    use super::*;

    fn columns() -> Vec<ArrayRef> {
        let integers: ArrayRef = Arc::new(Int64Array::from_iter(
            (0..40_000).map(|row| (row % 3 > 0).then_some(row)),
        ));
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(
            (0..40_000).map(|row| format!("text {row}")),
        ));
        let lists = (0..40_000).map(|row| Some((0..row % 5).map(Some).collect::<Vec<_>>()));
        let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists));
        let flags: ArrayRef = Arc::new(
            (0..40_000)
                .map(|row| Some(row % 2 == 0))
                .collect::<BooleanArray>(),
        );
        let pairs: ArrayRef = Arc::new(
            StructArray::try_from(vec![
                ("a", Arc::clone(&integers)),
                ("b", Arc::clone(&texts)),
            ])
            .unwrap(),
        );
        let shared: DictionaryArray<UInt32Type> =
            (0..40_000).map(|row| ["one", "another"][row % 2]).collect();
        vec![integers, texts, lists, flags, pairs, Arc::new(shared)]
    }

    #[test]
    fn a_slice_counts_about_what_its_copy_takes() {
        for column in columns() {
            let slice = column.slice(1000, 2000);
            let data = slice.to_data();
            let mut copied = MutableArrayData::new(vec![&data], false, slice.len());
            copied.extend(0, 0, slice.len());
            let copy = make_array(copied.freeze());
            let (own, copied) = (slice_bytes(&slice), slice_bytes(&copy));
            let near = copied.abs_diff(own) <= 64;
            assert!(
                near,
                "{}: {own} of a slice, {copied} of its copy",
                slice.data_type()
            );
            assert!(own * 10 < slice_bytes(&column), "{}", slice.data_type());
        }
    }

    #[test]
    fn what_keeps_much_more_alive_is_copied_and_nothing_else() {
        let columns = columns().into_iter().enumerate();
        let columns = columns.map(|(place, column)| (format!("{place}"), column));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let kept = compact_slices(batch.clone()).unwrap();
        assert!(kept.column(0).to_data().ptr_eq(&batch.column(0).to_data()));
        let slice = batch.slice(7, 50);
        let copy = compact_slices(slice.clone()).unwrap();
        assert_eq!(copy, slice);
        assert!(copy.get_array_memory_size() < 64 << 10);
        let none = RecordBatch::try_from_iter(Vec::<(&str, ArrayRef)>::new());
        assert!(none.map_or(true, |none| compact_slices(none).is_ok()));
    }
}
