//! Numbers with the other sign. DataFusion's negation of the smallest integer wraps; this one is an error.

use arrow::compute::kernels::numeric;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result};
use grism_functions::Operand;

use super::node::{Kind, Node, OwnExpr, children, evaluate};

/// A number with the other sign.
#[derive(Debug)]
pub(super) struct Negate;

impl Negate {
    /// `-inner`.
    pub(super) fn node(inner: Node, data_type: DataType) -> Node {
        OwnExpr::node(Self, vec![inner], data_type)
    }
}

impl Kind for Negate {
    fn name(&self) -> &'static str {
        "-"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let [inner] = children(nodes)?;
        negate(&evaluate(inner, batch)?)
    }
}

/// `-operand`.
fn negate(operand: &Operand) -> Result<Operand> {
    if operand.is_null_type() {
        return Ok(operand.clone());
    }
    let negated = numeric::neg(operand.array()).map_err(|error| match Error::from(error) {
        error if error.message().to_lowercase().contains("overflow") => {
            Error::invalid_data("integer overflow in `-`")
        }
        other => other,
    })?;
    Ok(Operand::over(&[operand], negated))
}
