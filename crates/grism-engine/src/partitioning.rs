//! How rows are split over partitions.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt64Array};
use arrow::compute::SortOptions;
use arrow::compute::kernels::arity::unary;
use arrow::datatypes::Float64Type;
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};
use grism_core::{EntityId, EntityKind, Error, Result, stable_hash, stable_number};
use grism_functions::{SharedValues, float_key};
use serde::{Deserialize, Serialize};

use crate::OrderedBy;
use crate::ordering::comma_separated;

/// How the rows of an output are split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartitioningSpec {
    /// Rows with equal keys share a partition.
    Hash {
        /// Key columns.
        keys: Vec<String>,
        /// How many.
        partitions: usize,
    },
    /// Rows are split by their order, partition 0 holding the first.
    Range {
        /// Key columns.
        keys: Vec<OrderedBy>,
        /// How many.
        partitions: usize,
        /// Where one partition ends and the next begins; `None` until the keys were sampled.
        bounds: Option<RangeBounds>,
    },
    /// Rows go to the partition that holds the segment of an entity.
    Adjacency {
        /// What the entity is.
        entity: EntityKind,
        /// The entity's column.
        column: String,
        /// Segments hold `2^shift` offsets.
        shift: u8,
        /// How many.
        partitions: usize,
    },
    /// Everything is in one partition.
    Single,
    /// Rows go anywhere, evenly.
    RoundRobin {
        /// How many.
        partitions: usize,
    },
}

/// The first key of every partition but the first, in Arrow's row encoding, which compares as bytes.
pub type RangeBounds = Vec<Vec<u8>>;

impl PartitioningSpec {
    /// How many partitions there are.
    #[must_use]
    pub const fn partitions(&self) -> usize {
        match self {
            Self::Hash { partitions, .. }
            | Self::Range { partitions, .. }
            | Self::Adjacency { partitions, .. }
            | Self::RoundRobin { partitions } => *partitions,
            Self::Single => 1,
        }
    }
}

impl fmt::Display for PartitioningSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash { keys, .. } => write!(f, "Hash({})", keys.join(", ")),
            Self::Range { keys, .. } => {
                write!(f, "Range({})", comma_separated(keys))
            }
            Self::Adjacency { column, .. } => write!(f, "Adjacency({column})"),
            Self::Single => f.write_str("Single"),
            Self::RoundRobin { .. } => f.write_str("RoundRobin"),
        }
    }
}

/// The partition of every row of `batch`; `first_row` is the number of rows that came before, for `RoundRobin`.
///
/// The answer depends on nothing but the rows and the specification: the hash is a stable one.
///
/// # Errors
/// `Internal` for a column that is not there, and for a range whose bounds are not known yet.
pub fn partition_rows(
    batch: &RecordBatch,
    spec: &PartitioningSpec,
    first_row: usize,
) -> Result<Vec<usize>> {
    let rows = batch.num_rows();
    let partitions = spec.partitions().max(1);
    Ok(match spec {
        PartitioningSpec::Single => vec![0; rows],
        PartitioningSpec::RoundRobin { .. } => (0..rows)
            .map(|row| (first_row + row) % partitions)
            .collect(),
        PartitioningSpec::Hash { keys, .. } => {
            let columns = keys
                .iter()
                .map(|key| hashable(key_column(batch, key)?))
                .collect::<Result<Vec<_>>>()?;
            let fields = columns.iter().map(|column| field_of(column, false));
            let encoded = RowConverter::new(fields.collect())?.convert_columns(&columns)?;
            encoded
                .iter()
                .map(|row| (stable_hash(row.as_ref()) % partitions as u64) as usize)
                .collect()
        }
        PartitioningSpec::Range { keys, bounds, .. } => {
            let bounds = bounds
                .as_ref()
                .ok_or_else(|| Error::internal("a range exchange without bounds"))?;
            let encoded = encode_keys(batch, keys)?;
            encoded
                .iter()
                .map(|row| bounds.partition_point(|bound| bound.as_slice() <= row.as_ref()))
                .collect()
        }
        PartitioningSpec::Adjacency { column, shift, .. } => {
            let ids = batch
                .column_by_name(column)
                .and_then(|ids| ids.as_any().downcast_ref::<UInt64Array>())
                .ok_or_else(|| Error::internal(format!("`{column}` is no column of ids")))?;
            let segment = |row: usize| {
                if ids.is_null(row) {
                    return 0;
                }
                let id = EntityId::from_raw(ids.value(row));
                (u64::from(id.table().get()) << 48) | (id.offset() >> shift)
            };
            (0..rows)
                .map(|row| (stable_number(segment(row)) % partitions as u64) as usize)
                .collect()
        }
    })
}

/// The rows of some columns in an encoding whose bytes compare as the rows do.
pub(crate) fn encode_keys(batch: &RecordBatch, keys: &[OrderedBy]) -> Result<arrow::row::Rows> {
    let columns = keys
        .iter()
        .map(|key| key_column(batch, &key.column).cloned())
        .collect::<Result<Vec<_>>>()?;
    let fields = columns.iter().zip(keys);
    let fields = fields.map(|(column, key)| field_of(column, key.descending));
    Ok(RowConverter::new(fields.collect())?.convert_columns(&columns)?)
}

fn key_column<'a>(batch: &'a RecordBatch, key: &str) -> Result<&'a ArrayRef> {
    let column = batch.column_by_name(key);
    column.ok_or_else(|| Error::internal(format!("there is no column `{key}`")))
}

fn field_of(column: &ArrayRef, descending: bool) -> SortField {
    let options = SortOptions {
        descending,
        nulls_first: descending,
    };
    SortField::new_with_options(column.data_type().clone(), options)
}

/// A column to be hashed: equal floats have one form, and of values that rows share there is the hash of each, so that they are
/// not copied for each row.
fn hashable(column: &ArrayRef) -> Result<ArrayRef> {
    if let Some(floats) = column.as_primitive_opt::<Float64Type>() {
        return Ok(Arc::new(unary::<_, _, Float64Type>(floats, float_key)));
    }
    let Some(shared) = SharedValues::of(column)? else {
        return Ok(Arc::clone(column));
    };
    let values = &shared.values;
    let encoded = RowConverter::new(vec![field_of(values, false)])?;
    let encoded = encoded.convert_columns(&[Arc::clone(values)])?;
    let hashes: Vec<u64> = encoded
        .iter()
        .map(|row| stable_hash(row.as_ref()))
        .collect();
    let keys = shared.keys.values().iter();
    let hashes: UInt64Array = keys.map(|key| Some(hashes[*key as usize])).collect();
    Ok(Arc::new(hashes))
}

/// Samples the keys of `batch`: at most `count` encoded rows, evenly spread.
///
/// # Errors
/// `Internal` for a column that is not there.
pub fn sample_keys(batch: &RecordBatch, keys: &[OrderedBy], count: usize) -> Result<Vec<Vec<u8>>> {
    let encoded = encode_keys(batch, keys)?;
    let step = encoded.num_rows().div_ceil(count.max(1)).max(1);
    Ok(encoded
        .iter()
        .step_by(step)
        .map(|row| row.as_ref().to_vec())
        .collect())
}

/// The rows of a sorted batch that belong to one partition of a range: a slice, found by its ends.
///
/// # Errors
/// `Internal` for a column that is not there.
pub fn partition_slice(
    batch: &RecordBatch,
    keys: &[OrderedBy],
    bounds: &RangeBounds,
    partition: usize,
) -> Result<RecordBatch> {
    if partition > bounds.len() {
        // Few different keys leave partitions at the end without any.
        return Ok(batch.slice(0, 0));
    }
    let encoded = encode_keys(batch, keys)?;
    let first_at = |bound: &[u8]| {
        let (mut low, mut high) = (0, encoded.num_rows());
        while low < high {
            let middle = usize::midpoint(low, high);
            if encoded.row(middle).as_ref() < bound {
                low = middle + 1
            } else {
                high = middle
            }
        }
        low
    };
    let start = partition
        .checked_sub(1)
        .and_then(|below| bounds.get(below))
        .map_or(0, |bound| first_at(bound));
    let end = bounds
        .get(partition)
        .map_or(encoded.num_rows(), |bound| first_at(bound));
    Ok(batch.slice(start, end.saturating_sub(start)))
}

/// Bounds that cut sampled keys into `partitions` parts of about the same size.
#[must_use]
pub fn choose_bounds(mut samples: RangeBounds, partitions: usize) -> RangeBounds {
    samples.sort_unstable();
    let mut bounds: RangeBounds = (1..partitions)
        .filter_map(|part| {
            samples
                .get(part * samples.len() / partitions.max(1))
                .cloned()
        })
        .collect();
    bounds.dedup();
    bounds
}

#[cfg(test)]
mod tests;
