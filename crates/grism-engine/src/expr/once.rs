//! Expressions over no column: they are evaluated once and not for each row.

use std::sync::{Arc, OnceLock};

use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::RecordBatch;
use grism_core::Result;
use grism_functions::Operand;

use super::node::{Kind, Node, OwnExpr, children, evaluate};
use crate::batch::batch_of;

/// An expression over no column: its value is computed where a row first asks for it, so that one that no row reaches
/// raises nothing.
#[derive(Debug, Default)]
pub(super) struct Once {
    value: OnceLock<Operand>,
}

impl Once {
    /// `inner`, evaluated once.
    pub(super) fn node(inner: Node, data_type: DataType) -> Node {
        OwnExpr::node(Self::default(), vec![inner], data_type)
    }
}

impl Kind for Once {
    fn name(&self) -> &'static str {
        "once"
    }

    fn evaluate(&self, nodes: &[Node], _: &RecordBatch) -> Result<Operand> {
        if let Some(value) = self.value.get() {
            return Ok(value.clone());
        }
        let [inner] = children(nodes)?;
        let one = batch_of(&Arc::new(Schema::empty()), vec![], 1)?;
        let value = evaluate(inner, &one)?.into_column(1)?;
        Ok(self.value.get_or_init(|| Operand::scalar(value)).clone())
    }

    fn forgetful(&self) -> Option<Arc<dyn Kind>> {
        Some(Arc::new(Self::default()))
    }
}
