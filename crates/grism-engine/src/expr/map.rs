//! `{a: …, b: …}`.

use std::sync::Arc;

use arrow::array::StructArray;
use arrow::datatypes::{DataType, Fields};
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result};
use grism_functions::{Operand, computed_rows};

use super::node::{Kind, Node, OwnExpr, evaluate_all};

/// A map of the children.
#[derive(Debug)]
pub(super) struct Map {
    fields: Fields,
}

impl Map {
    /// The map of `values`, whose keys are the fields of `data_type`.
    pub(super) fn node(values: Vec<Node>, data_type: DataType) -> Result<Node> {
        let DataType::Struct(fields) = &data_type else {
            return Err(Error::internal("a map of another type"));
        };
        let kind = Self {
            fields: fields.clone(),
        };
        Ok(OwnExpr::node(kind, values, data_type))
    }
}

impl Kind for Map {
    fn name(&self) -> &'static str {
        "map"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        make_map(&evaluate_all(nodes, batch)?, batch.num_rows(), &self.fields)
    }
}

/// `{a: …, b: …}`.
fn make_map(entries: &[Operand], rows: usize, fields: &Fields) -> Result<Operand> {
    let inputs: Vec<&Operand> = entries.iter().collect();
    let count = computed_rows(&inputs, rows);
    if entries.is_empty() {
        return Ok(Operand::over(
            &inputs,
            Arc::new(StructArray::new_empty_fields(count, None)),
        ));
    }
    let columns = entries
        .iter()
        .zip(fields)
        .map(|(entry, field)| entry.cast(field.data_type())?.into_column(count))
        .collect::<Result<Vec<_>>>()?;
    Ok(Operand::over(
        &inputs,
        Arc::new(StructArray::try_new(fields.clone(), columns, None)?),
    ))
}
