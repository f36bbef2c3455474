//! Where rows go: together where they must be, and to the same place from every task.

use std::collections::BTreeMap;

use arrow::array::{Float64Array, Int64Array, StringArray};
use arrow::compute::concat_batches;
use grism_core::{ErrorKind, TableId};

use super::*;

fn hash(keys: &[&str], partitions: usize) -> PartitioningSpec {
    PartitioningSpec::Hash {
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        partitions,
    }
}

/// Rows of a number with few values, a text with few values, and nulls in both.
fn rows(count: i64) -> RecordBatch {
    let numbers: Int64Array = (0..count)
        .map(|row| (row % 7 > 0).then_some(row % 5))
        .collect();
    let texts: StringArray = (0..count)
        .map(|row| (row % 4 > 0).then(|| format!("t{}", row % 3)))
        .collect();
    let columns: [(&str, ArrayRef); 2] = [("n", Arc::new(numbers)), ("t", Arc::new(texts))];
    let columns = columns.map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn ordered(column: &str, descending: bool) -> OrderedBy {
    OrderedBy {
        column: column.to_owned(),
        descending,
    }
}

#[test]
fn equal_floats_share_a_partition() {
    let floats = vec![0.0, -0.0, f64::NAN, -f64::NAN, 1.0];
    let floats: ArrayRef = Arc::new(Float64Array::from(floats));
    let batch = RecordBatch::try_from_iter([("f", floats)]).unwrap();
    let places = partition_rows(&batch, &hash(&["f"], 1 << 20), 0).unwrap();
    assert_eq!((places[0], places[2]), (places[1], places[3]));
    assert!(places[0] != places[4] && places[2] != places[4]);
}

#[test]
fn equal_keys_share_a_partition_in_every_batch_and_slice() {
    let batch = rows(60);
    let spec = hash(&["t", "n"], 16);
    let whole = partition_rows(&batch, &spec, 0).unwrap();
    let mut by_key: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    let keys = encode_keys(&batch, &[ordered("t", false), ordered("n", false)]).unwrap();
    for (key, place) in keys.iter().zip(&whole) {
        let known = by_key.entry(key.as_ref().to_vec()).or_insert(*place);
        assert_eq!(known, place);
    }
    assert!(whole.iter().any(|place| *place != whole[0]));
    for start in [1, 13, 59] {
        let slice = batch.slice(start, 60 - start);
        let found = partition_rows(&slice, &spec, start).unwrap();
        assert_eq!(found, whole[start..]);
    }
}

#[test]
fn rows_dealt_in_turn_go_on_where_the_batch_before_ended() {
    let spec = PartitioningSpec::RoundRobin { partitions: 3 };
    let batch = rows(4);
    assert_eq!(partition_rows(&batch, &spec, 0).unwrap(), [0, 1, 2, 0]);
    assert_eq!(partition_rows(&batch, &spec, 4).unwrap(), [1, 2, 0, 1]);
    let single = partition_rows(&batch, &PartitioningSpec::Single, 4);
    assert_eq!(single.unwrap(), [0; 4]);
}

#[test]
fn entities_of_one_segment_share_a_partition() {
    let table = |number| TableId::try_new(number).unwrap();
    let id = |number, offset| Some(EntityId::new(table(number), offset).raw());
    let ids = vec![id(1, 8), id(1, 11), id(2, 8), id(1, 12), None, None];
    let ids: ArrayRef = Arc::new(UInt64Array::from(ids));
    let batch = RecordBatch::try_from_iter_with_nullable([("a", ids, true)]).unwrap();
    let spec = PartitioningSpec::Adjacency {
        entity: EntityKind::Node,
        column: "a".to_owned(),
        shift: 2,
        partitions: 1 << 20,
    };
    let places = partition_rows(&batch, &spec, 0).unwrap();
    assert_eq!((places[0], places[4]), (places[1], places[5]));
    assert!(places[0] != places[2] && places[0] != places[3]);
}

#[test]
fn a_range_has_the_same_rows_by_its_bounds_and_as_slices_of_sorted_rows() {
    let batch = rows(60);
    for descending in [false, true] {
        let keys = vec![ordered("n", descending), ordered("t", false)];
        let order = arrow::compute::lexsort_to_indices(
            &keys
                .iter()
                .map(|key| arrow::compute::SortColumn {
                    values: Arc::clone(batch.column_by_name(&key.column).unwrap()),
                    options: Some(SortOptions {
                        descending: key.descending,
                        nulls_first: key.descending,
                    }),
                })
                .collect::<Vec<_>>(),
            None,
        );
        let sorted = arrow::compute::take_record_batch(&batch, &order.unwrap()).unwrap();
        for partitions in [1, 2, 5, 90] {
            let samples = sample_keys(&batch, &keys, 10).unwrap();
            assert!(samples.len() <= 10);
            let bounds = choose_bounds(samples, partitions);
            assert!(bounds.len() < partitions && bounds.is_sorted());
            let spec = PartitioningSpec::Range {
                keys: keys.clone(),
                partitions,
                bounds: Some(bounds.clone()),
            };
            let places = partition_rows(&sorted, &spec, 0).unwrap();
            assert!(places.is_sorted(), "{places:?}");
            let slices: Vec<RecordBatch> = (0..partitions)
                .map(|part| partition_slice(&sorted, &keys, &bounds, part).unwrap())
                .collect();
            for (part, slice) in slices.iter().enumerate() {
                let own = places.iter().filter(|place| **place == part).count();
                assert_eq!(slice.num_rows(), own, "part {part} of {partitions}");
            }
            let together = concat_batches(&sorted.schema(), &slices).unwrap();
            assert_eq!(together, sorted);
        }
    }
}

#[test]
fn rows_without_the_key_are_a_bug_that_is_told() {
    let range = PartitioningSpec::Range {
        keys: vec![ordered("n", false)],
        partitions: 2,
        bounds: None,
    };
    for spec in [hash(&["x"], 2), range] {
        let error = partition_rows(&rows(3), &spec, 0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
    }
}
