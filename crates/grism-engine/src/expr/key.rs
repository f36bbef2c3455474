//! The keys of values: bytes that are equal for equal values and order as they do.

use arrow::record_batch::RecordBatch;
use grism_core::{Result, Type};
use grism_functions::{Budget, Operand};

use super::node::{Kind, Node, OwnExpr, children, evaluate};

/// The keys of values of one type.
#[derive(Debug)]
pub(super) struct Key {
    of: Type,
}

impl Key {
    /// The keys of `inner`, whose type is `of`.
    pub(super) fn node(inner: Node, of: Type) -> Node {
        OwnExpr::node(Self { of }, vec![inner], Type::Any.to_arrow())
    }
}

impl Kind for Key {
    fn name(&self) -> &'static str {
        "key"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let [inner] = children(nodes)?;
        let inner = evaluate(inner, batch)?;
        let keys = Budget::current().while_read(&[&inner], || {
            grism_core::key_column(inner.array(), &self.of)
        })?;
        Ok(Operand::over(&[&inner], keys))
    }
}
