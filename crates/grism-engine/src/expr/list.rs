//! `[a, b, …]`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, new_null_array};
use arrow::compute::interleave;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result};
use grism_functions::{Budget, Operand, computed_rows, mean_bytes, offsets_of};

use super::node::{Kind, Node, OwnExpr, evaluate_all};

/// A list of the children.
#[derive(Debug)]
pub(super) struct List {
    data_type: DataType,
}

impl List {
    /// The list of `items`, of the type `data_type`.
    pub(super) fn node(items: Vec<Node>, data_type: DataType) -> Node {
        let kind = Self {
            data_type: data_type.clone(),
        };
        OwnExpr::node(kind, items, data_type)
    }
}

impl Kind for List {
    fn name(&self) -> &'static str {
        "list"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        make_list(
            &evaluate_all(nodes, batch)?,
            batch.num_rows(),
            &self.data_type,
        )
    }
}

/// `[a, b, …]`.
fn make_list(items: &[Operand], rows: usize, data_type: &DataType) -> Result<Operand> {
    let DataType::List(field) = data_type else {
        return Err(Error::internal("a list expression of another type"));
    };
    let inputs: Vec<&Operand> = items.iter().collect();
    let count = computed_rows(&inputs, rows);
    let width = items.len();
    let bytes: usize = items.iter().map(|item| mean_bytes(item.array())).sum();
    let budget = Budget::current();
    budget.reserve(count.saturating_mul(bytes))?;
    let offsets = offsets_of(&vec![width; count], &budget)?;
    let columns = items
        .iter()
        .map(|item| item.cast(field.data_type())?.into_column(count))
        .collect::<Result<Vec<ArrayRef>>>()?;
    let values = if width == 0 {
        new_null_array(field.data_type(), 0)
    } else {
        let places: Vec<(usize, usize)> = (0..count)
            .flat_map(|row| (0..width).map(move |item| (item, row)))
            .collect();
        let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
        interleave(&columns, &places)?
    };
    let list = ListArray::try_new(Arc::clone(field), offsets, values, None)?;
    Ok(Operand::over(&inputs, Arc::new(list)))
}
