//! `base[index]` of a list.

use arrow::array::{Array, Int64Array, ListArray, UInt32Array, new_null_array};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::Result;
use grism_functions::{Operand, element, take_rows};

use super::indexed::Indexed;
use super::node::{Kind, Node, OwnExpr, children, evaluate, evaluate_indexed};

/// An element of a list.
#[derive(Debug)]
pub(super) struct Index {
    data_type: DataType,
}

impl Index {
    /// `base[position]`.
    pub(super) fn node(base: Node, position: Node, data_type: DataType) -> Node {
        let kind = Self {
            data_type: data_type.clone(),
        };
        OwnExpr::node(kind, vec![base, position], data_type)
    }
}

impl Kind for Index {
    fn name(&self) -> &'static str {
        "index"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let [base, position] = children(nodes)?;
        let (base, position) = (evaluate_indexed(base, batch)?, evaluate(position, batch)?);
        index(&base, &position, batch.num_rows(), &self.data_type)
    }
}

/// `base[index]`.
fn index(base: &Indexed, position: &Operand, rows: usize, data_type: &DataType) -> Result<Operand> {
    let single = base.is_scalar() && position.is_scalar();
    let count = if single { 1 } else { rows };
    let answer = |array| {
        if single {
            Operand::scalar(array)
        } else {
            Operand::column(array)
        }
    };
    let lists = base.values.as_any().downcast_ref::<ListArray>();
    let positions = position.array().as_any().downcast_ref::<Int64Array>();
    let (Some(lists), Some(positions)) = (lists, positions) else {
        return Ok(answer(new_null_array(data_type, count)));
    };
    let places: UInt32Array = (0..count)
        .map(|row| {
            let (list, at) = (base.at(row), position.at(row));
            if positions.is_null(at) {
                return None;
            }
            element(lists, list, positions.value(at))
        })
        .collect();
    answer(take_rows(lists.values(), &places)?).cast(data_type)
}
