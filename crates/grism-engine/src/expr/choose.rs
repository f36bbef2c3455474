//! CASE and coalesce: each branch is evaluated only for the rows that take it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, new_null_array};
use arrow::compute::{filter_record_batch, interleave};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result, Type};
use grism_functions::Operand;

use super::node::{Kind, Node, OwnExpr, evaluate};

/// The value of the first branch that a row takes.
#[derive(Debug)]
pub(super) struct Choose {
    /// How many of the branches have a condition: the first ones.
    conditions: usize,
    data_type: DataType,
    takes: Takes,
}

/// What a branch gives to the rows that reach it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Takes {
    /// Its value, whatever it is.
    Rows,
    /// Its value where it is not null; the other rows go on to the next branch.
    Values,
}

impl Choose {
    /// CASE: conditions with values, and the value of the rows that are left, null without one. The values have the type `ty`.
    pub(super) fn case(branches: Vec<(Node, Node)>, otherwise: Option<Node>, ty: &Type) -> Node {
        let kind = Self {
            conditions: branches.len(),
            data_type: ty.to_arrow(),
            takes: Takes::Rows,
        };
        let pairs = branches.into_iter().flat_map(|(when, then)| [when, then]);
        OwnExpr::node(kind, pairs.chain(otherwise).collect(), ty.to_arrow())
    }

    /// The first of `values`, which have the type `ty`, that is not null.
    pub(super) fn first_value(values: Vec<Node>, ty: &Type) -> Node {
        let kind = Self {
            conditions: 0,
            data_type: ty.to_arrow(),
            takes: Takes::Values,
        };
        OwnExpr::node(kind, values, ty.to_arrow())
    }
}

impl Kind for Choose {
    fn name(&self) -> &'static str {
        match self.takes {
            Takes::Rows => "case",
            Takes::Values => "coalesce",
        }
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let (pairs, values) = nodes
            .split_at_checked(self.conditions * 2)
            .ok_or_else(|| Error::internal("a branch without a value"))?;
        let conditional = pairs.chunks_exact(2).map(|pair| (Some(&pair[0]), &pair[1]));
        let values = values.iter().map(|value| (None, value));
        let branches: Vec<(Option<&Node>, &Node)> = conditional.chain(values).collect();
        choose(&branches, batch, &self.data_type, self.takes)
    }
}

/// The value of the first branch whose condition holds; a branch without a condition takes what is left.
fn choose(
    branches: &[(Option<&Node>, &Node)],
    batch: &RecordBatch,
    data_type: &DataType,
    takes: Takes,
) -> Result<Operand> {
    let rows = batch.num_rows();
    let stop_at_value = takes == Takes::Values;
    let mut open: Vec<u32> = (0..rows as u32).collect();
    let mut places: Vec<(usize, usize)> = vec![(0, 0); rows];
    let mut pieces: Vec<ArrayRef> = vec![new_null_array(data_type, 1)];
    let mut remaining = batch.clone();
    for (condition, value) in branches {
        if open.is_empty() {
            break;
        }
        let taken = match condition {
            Some(condition) => {
                let flags = evaluate(condition, &remaining)?.into_column(open.len())?;
                definite(&Operand::column(flags).booleans()?)
            }
            None => BooleanArray::from(vec![true; open.len()]),
        };
        if taken.true_count() == 0 {
            continue;
        }
        let selected = filter_record_batch(&remaining, &taken)?;
        let values = evaluate(value, &selected)?
            .cast(data_type)?
            .into_column(selected.num_rows())?;
        // coalesce() takes a value only where it is not null, and goes on with the rest.
        let done: BooleanArray = if stop_at_value {
            (0..values.len())
                .map(|row| Some(values.is_valid(row) && data_type != &DataType::Null))
                .collect()
        } else {
            taken.clone()
        };
        let piece = pieces.len();
        let mut at = 0;
        let mut left = Vec::new();
        for (row, place) in open.iter().enumerate() {
            if taken.value(row) {
                if !stop_at_value || done.value(at) {
                    places[*place as usize] = (piece, at);
                } else {
                    left.push(*place);
                }
                at += 1;
            } else {
                left.push(*place);
            }
        }
        let stays: BooleanArray = done.iter().map(|flag| Some(flag != Some(true))).collect();
        remaining = filter_record_batch(&remaining, &stays)?;
        open = left;
        pieces.push(values);
    }
    let arrays: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
    if data_type == &DataType::Null {
        return Ok(Operand::column(new_null_array(data_type, rows)));
    }
    if let [_, only] = &pieces[..]
        && places
            .iter()
            .enumerate()
            .all(|(row, place)| *place == (1, row))
    {
        return Ok(Operand::column(Arc::clone(only)));
    }
    Ok(Operand::column(interleave(&arrays, &places)?))
}

/// Null counts as false.
fn definite(flags: &BooleanArray) -> BooleanArray {
    match flags.nulls() {
        None => flags.clone(),
        Some(nulls) => BooleanArray::new(flags.values() & nulls.inner(), None),
    }
}
