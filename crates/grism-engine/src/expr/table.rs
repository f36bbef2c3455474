//! What depends on the table that an entity comes from.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, UInt32Array};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{Result, TableId, Tables, Type, Value};
use grism_functions::{Operand, map_ids};

use super::node::{Kind, Node, OwnExpr, children, evaluate};

/// Whether an entity comes from one of the tables.
#[derive(Debug)]
pub(super) struct TableIn {
    tables: Tables,
}

impl TableIn {
    /// Whether `entity` comes from one of `tables`.
    pub(super) fn node(entity: Node, tables: Tables) -> Node {
        OwnExpr::node(Self { tables }, vec![entity], DataType::Boolean)
    }
}

impl Kind for TableIn {
    fn name(&self) -> &'static str {
        "table_in"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let [entity] = children(nodes)?;
        let entity = evaluate(entity, batch)?;
        let flags: BooleanArray =
            map_ids(&entity, |id| id.map(|id| self.tables.contains(&id.table())))?
                .into_iter()
                .collect();
        Ok(Operand::over(&[&entity], Arc::new(flags)))
    }
}

/// A constant for each table; null for any other.
#[derive(Debug)]
pub(super) struct TableLookup {
    places: HashMap<TableId, u32>,
    values: ArrayRef,
}

impl TableLookup {
    /// The constant of the table that `entity` comes from.
    pub(super) fn node(entity: Node, values: &[(TableId, Value)], ty: &Type) -> Result<Node> {
        let places = values
            .iter()
            .zip(0..)
            .map(|((table, _), place)| (*table, place))
            .collect();
        let constants: Vec<Value> = values.iter().map(|(_, value)| value.clone()).collect();
        let values = Value::column(&constants, &ty.to_arrow())?;
        let kind = Self { places, values };
        Ok(OwnExpr::node(kind, vec![entity], ty.to_arrow()))
    }
}

impl Kind for TableLookup {
    fn name(&self) -> &'static str {
        "table_lookup"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let [entity] = children(nodes)?;
        let entity = evaluate(entity, batch)?;
        let indices: UInt32Array = map_ids(&entity, |id| {
            id.and_then(|id| self.places.get(&id.table()).copied())
        })?
        .into_iter()
        .collect();
        let found = arrow::compute::take(&self.values, &indices, None)?;
        Ok(Operand::over(&[&entity], found))
    }
}
