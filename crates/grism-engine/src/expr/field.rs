//! One entry of a map, or one part of an incidence.

use std::sync::Arc;

use arrow::array::{Array, StructArray, new_null_array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::Result;
use grism_functions::{Operand, computed_rows};

use super::node::{Kind, Node, OwnExpr, children, evaluate};

/// The entry of a key.
#[derive(Debug)]
pub(super) struct Entry {
    key: String,
}

impl Entry {
    /// The entry `key` of `base`.
    pub(super) fn node(base: Node, key: &str, data_type: DataType) -> Node {
        let key = key.to_owned();
        OwnExpr::node(Self { key }, vec![base], data_type)
    }
}

impl Kind for Entry {
    fn name(&self) -> &'static str {
        "entry"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let [base] = children(nodes)?;
        field(&evaluate(base, batch)?, &self.key, batch.num_rows())
    }
}

/// One entry of a map.
fn field(base: &Operand, key: &str, rows: usize) -> Result<Operand> {
    if base.is_null_type() {
        return Ok(base.clone());
    }
    let structs = base.as_array::<StructArray>()?;
    let Some(column) = structs.column_by_name(key) else {
        return Ok(Operand::over(
            &[base],
            new_null_array(&DataType::Null, computed_rows(&[base], rows)),
        ));
    };
    let column = match structs.nulls() {
        _ if column.data_type() == &DataType::Null => Arc::clone(column),
        // An entry of a null map is null, whatever its own column holds there.
        Some(outer) => {
            let nulls = NullBuffer::union(Some(outer), column.logical_nulls().as_ref());
            arrow::array::make_array(column.to_data().into_builder().nulls(nulls).build()?)
        }
        None => Arc::clone(column),
    };
    Ok(Operand::over(&[base], column))
}
