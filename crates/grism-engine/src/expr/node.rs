//! `Node`: a compiled expression, a `PhysicalExpr` of DataFusion or one of Grism's own kinds.

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::record_batch::RecordBatch;
use datafusion_common::DataFusionError;
use datafusion_expr::ColumnarValue;
use datafusion_physical_expr::PhysicalExpr;
use grism_core::{Error, Result, with_stack};
use grism_functions::{Budget, Operand};

use super::columnar::{columnar, operand};
use super::indexed::Indexed;
use crate::datafusion::from_datafusion;

/// A compiled expression.
pub(super) type Node = Arc<dyn PhysicalExpr>;

/// One of Grism's own kinds of expressions: what differs from Cypher in DataFusion, or is not there.
pub(super) trait Kind: Any + fmt::Debug + Send + Sync {
    /// What plans call it.
    fn name(&self) -> &'static str;

    /// The values for every row of `batch`, which has one at least.
    fn evaluate(&self, children: &[Node], batch: &RecordBatch) -> Result<Operand>;

    /// The values for every row of `batch`, not copied for each row where they are shared or constant.
    fn evaluate_indexed(&self, children: &[Node], batch: &RecordBatch) -> Result<Indexed> {
        self.evaluate(children, batch).map(Indexed::of)
    }

    /// The same kind over other children, where it remembers what these gave; `None` where it remembers nothing.
    fn forgetful(&self) -> Option<Arc<dyn Kind>> {
        None
    }
}

/// An expression of one of Grism's own kinds.
#[derive(Clone, Debug)]
pub(super) struct OwnExpr {
    kind: Arc<dyn Kind>,
    children: Vec<Node>,
    data_type: DataType,
}

impl OwnExpr {
    /// An expression over `children`, which gives values of `data_type`.
    pub(super) fn node(kind: impl Kind, children: Vec<Node>, data_type: DataType) -> Node {
        Arc::new(Self {
            kind: Arc::new(kind),
            children,
            data_type,
        })
    }

    /// The kind of a node and its children, where it is of the kind `K`.
    pub(super) fn of<K: Kind>(node: &Node) -> Option<(&K, &[Node])> {
        let own = node.downcast_ref::<Self>()?;
        let kind: &dyn Any = &*own.kind;
        Some((kind.downcast_ref()?, &own.children))
    }
}

/// The values of `node` for every row of `batch`, which has one at least.
pub(super) fn evaluate(node: &Node, batch: &RecordBatch) -> Result<Operand> {
    Budget::check_current()?;
    with_stack(|| match node.downcast_ref::<OwnExpr>() {
        Some(own) => own.kind.evaluate(&own.children, batch),
        None => operand(node.evaluate(batch).map_err(from_datafusion)?),
    })
}

/// As [`evaluate`], not copied for each row where they are shared or constant.
pub(super) fn evaluate_indexed(node: &Node, batch: &RecordBatch) -> Result<Indexed> {
    Budget::check_current()?;
    with_stack(|| match node.downcast_ref::<OwnExpr>() {
        Some(own) => own.kind.evaluate_indexed(&own.children, batch),
        None => operand(node.evaluate(batch).map_err(from_datafusion)?).map(Indexed::of),
    })
}

/// The values of each of `nodes`.
pub(super) fn evaluate_all(nodes: &[Node], batch: &RecordBatch) -> Result<Vec<Operand>> {
    nodes.iter().map(|node| evaluate(node, batch)).collect()
}

/// The nodes as an array, as many as the kind has.
pub(super) fn children<const N: usize>(nodes: &[Node]) -> Result<&[Node; N]> {
    nodes
        .try_into()
        .map_err(|_| Error::internal("an expression with another number of children"))
}

impl PhysicalExpr for OwnExpr {
    fn data_type(&self, _: &Schema) -> datafusion_common::Result<DataType> {
        Ok(self.data_type.clone())
    }

    fn nullable(&self, _: &Schema) -> datafusion_common::Result<bool> {
        Ok(true)
    }

    fn return_field(&self, _: &Schema) -> datafusion_common::Result<FieldRef> {
        let data_type = self.data_type.clone();
        Ok(Arc::new(Field::new(self.kind.name(), data_type, true)))
    }

    fn evaluate(&self, batch: &RecordBatch) -> datafusion_common::Result<ColumnarValue> {
        with_stack(|| self.kind.evaluate(&self.children, batch))
            .and_then(columnar)
            .map_err(|error| DataFusionError::External(Box::new(error)))
    }

    fn children(&self) -> Vec<&Node> {
        self.children.iter().collect()
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Node>,
    ) -> datafusion_common::Result<Arc<dyn PhysicalExpr>> {
        let kind = self.kind.forgetful();
        Ok(Arc::new(Self {
            kind: kind.unwrap_or_else(|| Arc::clone(&self.kind)),
            children,
            data_type: self.data_type.clone(),
        }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for OwnExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let children: Vec<String> = self.children.iter().map(ToString::to_string).collect();
        write!(f, "{}({})", self.kind.name(), children.join(", "))
    }
}

impl PartialEq for OwnExpr {
    /// Kinds hold what they were compiled from, and are equal where they are the same.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.kind, &other.kind) && self.children == other.children
    }
}

impl Eq for OwnExpr {}

impl Hash for OwnExpr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.kind).cast::<()>().hash(state);
        self.children.hash(state);
    }
}
