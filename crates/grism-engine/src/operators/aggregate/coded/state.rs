//! `GroupState`: what an aggregate holds of each group.

use std::mem::size_of;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Decimal128Array, Float64Array, Int64Array,
    PrimitiveArray, UInt64Array,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, SchemaRef, UInt64Type};
use grism_core::{Error, Result};
use grism_functions::{AggregateFunction, AggregateRef};

use crate::operators::AggregateColumn;

/// The values of one aggregate by group. States have the columns that DataFusion's have, so that either merges those of the
/// other.
#[derive(Debug)]
pub(super) enum GroupState {
    /// Rows, or values that are not null.
    Count(Vec<i64>),
    /// The sum of integers, in 128 bits, and whether there was one.
    IntegerSum { sums: Vec<i128>, known: Vec<bool> },
    /// The sum of floats, and whether there was one.
    FloatSum { sums: Vec<f64>, known: Vec<bool> },
    /// The sum and the number of values, of which a mean is made.
    Mean { sums: Vec<f64>, counts: Vec<u64> },
}

impl GroupState {
    /// The state of `aggregate` over rows of these columns; `None` where it is not held so.
    pub(super) fn of(aggregate: &AggregateColumn, rows: &SchemaRef) -> Option<Self> {
        let AggregateRef::BuiltIn(function) = &aggregate.function else {
            return None;
        };
        if aggregate.distinct {
            return None;
        }
        let argument = match aggregate.arguments.first() {
            Some(name) => Some(rows.field_with_name(name).ok()?.data_type()),
            None => None,
        };
        match (function, argument) {
            (AggregateFunction::Count, _) => Some(Self::Count(Vec::new())),
            (AggregateFunction::Sum, Some(DataType::Int64)) => Some(Self::IntegerSum {
                sums: Vec::new(),
                known: Vec::new(),
            }),
            (AggregateFunction::Sum, Some(DataType::Float64)) => Some(Self::FloatSum {
                sums: Vec::new(),
                known: Vec::new(),
            }),
            (AggregateFunction::Avg, Some(DataType::Int64 | DataType::Float64)) => {
                Some(Self::Mean {
                    sums: Vec::new(),
                    counts: Vec::new(),
                })
            }
            _ => None,
        }
    }

    /// Bytes of a group.
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Count(_) => size_of::<i64>(),
            Self::IntegerSum { .. } => size_of::<i128>() + 1,
            Self::FloatSum { .. } => size_of::<f64>() + 1,
            Self::Mean { .. } => size_of::<f64>() + size_of::<u64>(),
        }
    }

    /// Makes room for `groups` in all.
    pub(super) fn reserve(&mut self, groups: usize) {
        fn to<T>(values: &mut Vec<T>, groups: usize) {
            values.reserve_exact(groups.saturating_sub(values.len()));
        }
        match self {
            Self::Count(counts) => to(counts, groups),
            Self::IntegerSum { sums, known } => {
                to(sums, groups);
                to(known, groups);
            }
            Self::FloatSum { sums, known } => {
                to(sums, groups);
                to(known, groups);
            }
            Self::Mean { sums, counts } => {
                to(sums, groups);
                to(counts, groups);
            }
        }
    }

    /// Starts the groups up to `groups`.
    pub(super) fn start(&mut self, groups: usize) {
        match self {
            Self::Count(counts) => counts.resize(groups, 0),
            Self::IntegerSum { sums, known } => {
                sums.resize(groups, 0);
                known.resize(groups, false);
            }
            Self::FloatSum { sums, known } => {
                sums.resize(groups, 0.0);
                known.resize(groups, false);
            }
            Self::Mean { sums, counts } => {
                sums.resize(groups, 0.0);
                counts.resize(groups, 0);
            }
        }
    }

    /// Takes the values of rows, each into its group; `None` counts rows.
    ///
    /// # Errors
    /// `Internal` for a column of another type.
    pub(super) fn take(&mut self, groups: &[u32], values: Option<&ArrayRef>) -> Result<()> {
        match self {
            Self::Count(counts) => {
                let nulls = values.and_then(|values| values.logical_nulls());
                each(groups, nulls.as_ref(), |_, group| counts[group] += 1);
                Ok(())
            }
            Self::IntegerSum { sums, known } => {
                let values = typed::<Int64Type>(values)?;
                each(groups, values.nulls(), |row, group| {
                    sums[group] += i128::from(values.value(row));
                    known[group] = true;
                });
                Ok(())
            }
            Self::FloatSum { sums, known } => {
                let values = typed::<Float64Type>(values)?;
                each(groups, values.nulls(), |row, group| {
                    sums[group] += values.value(row);
                    known[group] = true;
                });
                Ok(())
            }
            Self::Mean { sums, counts } => {
                let mut add = |group: usize, value: f64| {
                    sums[group] += value;
                    counts[group] += 1;
                };
                if let Ok(values) = typed::<Int64Type>(values) {
                    let float = |row| values.value(row) as f64;
                    each(groups, values.nulls(), |row, group| add(group, float(row)));
                    return Ok(());
                }
                let values = typed::<Float64Type>(values)?;
                each(groups, values.nulls(), |row, group| {
                    add(group, values.value(row));
                });
                Ok(())
            }
        }
    }

    /// How many columns a state takes.
    pub(super) fn state_columns(&self) -> usize {
        match self {
            Self::Count(_) | Self::IntegerSum { .. } | Self::FloatSum { .. } => 1,
            Self::Mean { .. } => 2,
        }
    }

    /// Takes states, each into its group.
    ///
    /// # Errors
    /// `Internal` for columns of other types.
    pub(super) fn merge(&mut self, groups: &[u32], states: &[ArrayRef]) -> Result<()> {
        let first = states.first();
        match self {
            Self::Count(counts) => {
                let states = typed::<Int64Type>(first)?;
                each(groups, states.nulls(), |row, group| {
                    counts[group] += states.value(row);
                });
            }
            Self::IntegerSum { sums, known } => {
                let states = typed::<Decimal128Type>(first)?;
                each(groups, states.nulls(), |row, group| {
                    sums[group] += states.value(row);
                    known[group] = true;
                });
            }
            Self::FloatSum { sums, known } => {
                let states = typed::<Float64Type>(first)?;
                each(groups, states.nulls(), |row, group| {
                    sums[group] += states.value(row);
                    known[group] = true;
                });
            }
            Self::Mean { sums, counts } => {
                let (number, total) = (
                    typed::<UInt64Type>(first)?,
                    typed::<Float64Type>(states.get(1))?,
                );
                each(groups, total.nulls(), |row, group| {
                    sums[group] += total.value(row);
                    counts[group] += number.value(row);
                });
            }
        }
        Ok(())
    }

    /// The columns of the states of some groups.
    pub(super) fn states(&self, groups: std::ops::Range<usize>) -> Result<Vec<ArrayRef>> {
        Ok(match self {
            Self::Count(counts) => vec![counted(&counts[groups])],
            Self::IntegerSum { sums, known } => {
                let sums = sums[groups.clone()].to_vec().into();
                let states = Decimal128Array::new(sums, nulls(&known[groups]));
                vec![Arc::new(states.with_precision_and_scale(38, 0)?)]
            }
            Self::FloatSum { sums, known } => vec![floats(&sums[groups.clone()], &known[groups])],
            Self::Mean { sums, counts } => {
                let (sums, counts) = (&sums[groups.clone()], &counts[groups]);
                let is_known: Vec<bool> = counts.iter().map(|count| *count > 0).collect();
                let numbers = UInt64Array::new(counts.to_vec().into(), nulls(&is_known));
                vec![Arc::new(numbers), floats(sums, &is_known)]
            }
        })
    }

    /// The results of some groups, null for a sum or a mean of nothing.
    ///
    /// # Errors
    /// `InvalidData` for a sum of integers that does not fit into 64 bits.
    pub(super) fn results(&self, groups: std::ops::Range<usize>) -> Result<ArrayRef> {
        Ok(match self {
            Self::Count(counts) => counted(&counts[groups]),
            Self::IntegerSum { sums, known } => {
                let narrow = |sum: &i128| {
                    i64::try_from(*sum)
                        .map_err(|_| Error::invalid_data("integer overflow in sum()"))
                };
                let sums = sums[groups.clone()].iter().map(narrow);
                let sums: Vec<i64> = sums.collect::<Result<_>>()?;
                Arc::new(Int64Array::new(sums.into(), nulls(&known[groups])))
            }
            Self::FloatSum { sums, known } => floats(&sums[groups.clone()], &known[groups]),
            Self::Mean { sums, counts } => {
                let means = sums[groups.clone()].iter().zip(&counts[groups]);
                let mean = |(sum, count): (&f64, &u64)| (*count > 0).then(|| sum / *count as f64);
                Arc::new(Float64Array::from_iter(means.map(mean)))
            }
        })
    }
}

/// Calls `take` with the number of each row that is not null, and with its group.
#[inline]
fn each(groups: &[u32], nulls: Option<&NullBuffer>, mut take: impl FnMut(usize, usize)) {
    match nulls.filter(|nulls| nulls.null_count() > 0) {
        None => {
            for (row, group) in groups.iter().enumerate() {
                take(row, *group as usize);
            }
        }
        Some(nulls) => {
            for row in nulls.valid_indices() {
                take(row, groups[row] as usize);
            }
        }
    }
}

fn typed<T: ArrowPrimitiveType>(column: Option<&ArrayRef>) -> Result<&PrimitiveArray<T>> {
    let column = column.and_then(|own| own.as_primitive_opt::<T>());
    column.ok_or_else(|| Error::internal("an aggregate over a column of another type"))
}

fn counted(counts: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(counts.to_vec()))
}

fn floats(values: &[f64], known: &[bool]) -> ArrayRef {
    Arc::new(Float64Array::new(values.to_vec().into(), nulls(known)))
}

fn nulls(known: &[bool]) -> Option<NullBuffer> {
    (!known.iter().all(|known| *known)).then(|| NullBuffer::from(known))
}
