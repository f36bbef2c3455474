//! `base[lower..upper]`.

use arrow::array::{Array, ListArray};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result, Value};
use grism_functions::{Budget, Operand, parts_of};

use super::indexed::Indexed;
use super::node::{Kind, Node, OwnExpr, evaluate, evaluate_indexed};

/// A part of a list.
#[derive(Debug)]
pub(super) struct Slice {
    lower: Bound,
    upper: Bound,
    data_type: DataType,
}

/// Whether a bound is given.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    Given,
    Open,
}

impl Slice {
    /// `base[lower..upper]`; a bound that is left out is `None`.
    pub(super) fn node(
        base: Node,
        lower: Option<Node>,
        upper: Option<Node>,
        data_type: DataType,
    ) -> Node {
        let bound = |node: &Option<Node>| match node {
            Some(_) => Bound::Given,
            None => Bound::Open,
        };
        let kind = Self {
            lower: bound(&lower),
            upper: bound(&upper),
            data_type: data_type.clone(),
        };
        let nodes = std::iter::once(base).chain(lower).chain(upper);
        OwnExpr::node(kind, nodes.collect(), data_type)
    }
}

impl Kind for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let mut nodes = nodes.iter();
        let base = nodes.next();
        let base = base.ok_or_else(|| Error::internal("a slice without a list"))?;
        let mut bound = |bound: Bound| match bound {
            Bound::Given => nodes.next().map(|node| evaluate(node, batch)).transpose(),
            Bound::Open => Ok(None),
        };
        let (lower, upper) = (bound(self.lower)?, bound(self.upper)?);
        slice(
            &evaluate_indexed(base, batch)?,
            lower.as_ref(),
            upper.as_ref(),
            batch.num_rows(),
            &self.data_type,
        )
    }
}

/// `base[lower..upper]`; a missing bound is `None`.
fn slice(
    base: &Indexed,
    lower: Option<&Operand>,
    upper: Option<&Operand>,
    rows: usize,
    data_type: &DataType,
) -> Result<Operand> {
    let bounds: Vec<&Operand> = [lower, upper].into_iter().flatten().collect();
    let single = base.is_scalar() && bounds.iter().all(|bound| bound.is_scalar());
    let count = if single { 1 } else { rows };
    let Some(lists) = base.values.as_any().downcast_ref::<ListArray>() else {
        return Ok(Operand::null(data_type));
    };
    let bound = |given: Option<&Operand>, row: usize, default: i64, length: i64| match given {
        None => Ok(Some(default)),
        Some(bound) => Ok::<_, Error>(match bound.value(row)? {
            Value::Int64(at) => {
                let at = if at < 0 {
                    at.saturating_add(length)
                } else {
                    at
                };
                Some(at.clamp(0, length))
            }
            _ => None,
        }),
    };
    let mut parts = Vec::with_capacity(count);
    for row in 0..count {
        let list = base.at(row);
        if lists.is_null(list) {
            parts.push(None);
            continue;
        }
        let length = i64::from(lists.value_length(list));
        let from = bound(lower, row, 0, length)?;
        let to = bound(upper, row, length, length)?;
        parts.push(from.zip(to).map(|(from, to)| {
            let start = i64::from(lists.value_offsets()[list]);
            (start + from) as u32..(start + to.max(from)) as u32
        }));
    }
    let list = parts_of(lists, &parts, &Budget::current())?;
    let list = if single {
        Operand::scalar(list)
    } else {
        Operand::column(list)
    };
    list.cast(data_type)
}
