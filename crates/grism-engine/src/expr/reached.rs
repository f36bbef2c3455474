//! Evaluates an operand of AND and OR for the rows that reach it only.

use arrow::array::{BooleanArray, BooleanBuilder};
use arrow::compute::filter_record_batch;
use grism_core::Result;

use super::budget::Rows;
use super::node::Node;
use super::operand::Operand;

/// The truth of `node` for the rows where `reached` is true, null for the others.
///
/// # Errors
/// Those of the evaluation over these rows.
pub(super) fn evaluate_reached(
    node: &Node,
    rows: Rows<'_>,
    reached: &BooleanArray,
) -> Result<BooleanArray> {
    let selected = filter_record_batch(&rows, reached)?;
    if selected.num_rows() == 0 {
        return Ok(BooleanArray::new_null(reached.len()));
    }
    let flags = node.evaluate(rows.over(&selected))?;
    let flags = Operand::column(flags.into_column(selected.num_rows())?).booleans()?;
    let mut found = flags.iter();
    let mut all = BooleanBuilder::with_capacity(reached.len());
    for reached in reached {
        all.append_option(match reached {
            Some(true) => found.next().flatten(),
            _ => None,
        });
    }
    Ok(all.finish())
}
