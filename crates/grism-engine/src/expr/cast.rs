//! Values as another type of Grism.

use arrow::array::ArrayRef;
use arrow::record_batch::RecordBatch;
use grism_core::{Result, Type};
use grism_functions::{Budget, Operand, mean_bytes};

use super::indexed::Indexed;
use super::node::{Kind, Node, OwnExpr, children, evaluate, evaluate_indexed};

/// A value as a wider type, or a dynamically typed one as the type it is known to have.
#[derive(Debug)]
pub(super) struct Cast {
    from: Type,
    to: Type,
}

impl Cast {
    /// `inner`, of the type `from`, as the type `to`.
    pub(super) fn node(inner: Node, from: Type, to: &Type) -> Node {
        let kind = Self {
            from,
            to: to.clone(),
        };
        OwnExpr::node(kind, vec![inner], to.to_arrow())
    }

    /// `array` as the other type; what takes more bytes by that is counted.
    fn cast(&self, array: &ArrayRef) -> Result<ArrayRef> {
        if self.from != self.to && self.to.may_hold_any() {
            let bytes = array.len().saturating_mul(mean_bytes(array));
            Budget::current().reserve(bytes.saturating_mul(2))?;
        }
        grism_core::cast_column(array, &self.from, &self.to)
    }
}

impl Kind for Cast {
    fn name(&self) -> &'static str {
        "cast"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let [inner] = children(nodes)?;
        let inner = evaluate(inner, batch)?;
        let array = self.cast(inner.array())?;
        Ok(Operand::over(&[&inner], array))
    }

    fn evaluate_indexed(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Indexed> {
        let [inner] = children(nodes)?;
        let inner = evaluate_indexed(inner, batch)?;
        let values = self.cast(&inner.values)?;
        Ok(inner.with_values(values))
    }
}
