//! `DistinctRows`: rows of which those with equal keys are held once.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{concat, filter};
use arrow::datatypes::{DataType, Field};
use grism_core::{Error, ErrorKind, Result};

/// Rows, in the order in which they came; the last of their columns is the key, as Cypher compares values.
#[derive(Debug)]
pub(super) struct DistinctRows {
    types: Vec<DataType>,
    seen: HashSet<Vec<u8>>,
    pieces: Vec<Vec<ArrayRef>>,
    bytes: usize,
}

impl DistinctRows {
    /// No rows of these columns.
    pub(super) fn new(types: Vec<DataType>) -> Self {
        Self {
            seen: HashSet::new(),
            pieces: vec![Vec::new(); types.len()],
            types,
            bytes: 0,
        }
    }

    /// The types of the state: a list for each column.
    pub(super) fn state_types<'a>(types: impl Iterator<Item = &'a DataType>) -> Vec<DataType> {
        let list =
            |ty: &DataType| DataType::List(Arc::new(Field::new_list_field(ty.clone(), true)));
        types.map(list).collect()
    }

    /// Adds rows.
    pub(super) fn add(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let keys = columns
            .last()
            .and_then(|keys| keys.as_binary_opt::<i64>())
            .ok_or_else(|| Error::internal("rows that differ by no key"))?;
        let mut bytes = 0;
        let is_new = (0..keys.len()).map(|row| {
            let is_new = keys.is_valid(row) && self.seen.insert(keys.value(row).to_vec());
            bytes += if is_new {
                keys.value(row).len() + 48
            } else {
                0
            };
            Some(is_new)
        });
        let is_new: BooleanArray = is_new.collect();
        if is_new.true_count() == 0 {
            return Ok(());
        }
        self.bytes += bytes;
        for (pieces, column) in self.pieces.iter_mut().zip(columns) {
            let piece = filter(column, &is_new)?;
            self.bytes += piece.get_array_memory_size();
            pieces.push(piece);
        }
        Ok(())
    }

    /// Adds the rows of states.
    pub(super) fn merge(&mut self, states: &[ArrayRef]) -> Result<()> {
        let rows = states.first().map_or(0, |state| state.len());
        for row in 0..rows {
            let columns = states.iter().map(|state| state.as_list::<i32>().value(row));
            self.add(&columns.collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// The rows as one list for each column.
    pub(super) fn state(&self) -> Result<Vec<ArrayRef>> {
        let columns = self.columns()?.into_iter().zip(&self.types);
        let lists = columns.map(|(values, ty)| {
            let length = i32::try_from(values.len()).map_err(|_| {
                let message = format!("{} different rows of a group are too many", values.len());
                Error::new(ErrorKind::ResourceExhausted, message)
            })?;
            let field = Arc::new(Field::new_list_field(ty.clone(), true));
            let offsets = OffsetBuffer::new(vec![0, length].into());
            let list = ListArray::try_new(field, offsets, values, None)?;
            Ok(Arc::new(list) as ArrayRef)
        });
        lists.collect()
    }

    /// The columns of the rows.
    pub(super) fn columns(&self) -> Result<Vec<ArrayRef>> {
        let columns = self.pieces.iter().zip(&self.types);
        let columns = columns.map(|(pieces, ty)| {
            let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
            match pieces.is_empty() {
                true => Ok(new_empty_array(ty)),
                false => Ok(concat(&pieces)?),
            }
        });
        columns.collect()
    }

    /// Bytes held, about.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
