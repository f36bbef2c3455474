//! Plans over rows whose order counts.

use std::sync::Arc;

use grism_core::Result;
use grism_logical::{LogicalExpr, LogicalPlan, SortKey};

use super::clause_rows::{ClauseRows, ROW};
use super::writer::Writer;

impl Writer<'_> {
    /// The rows of a plan that makes one row of each of `rows`, in their order.
    pub(super) async fn evaluate_in_order(
        &self,
        plan: &LogicalPlan,
        rows: &ClauseRows,
    ) -> Result<ClauseRows> {
        if keeps_order(plan) {
            return self.evaluate(&plan.with_rows(&rows.leaf())?).await;
        }
        self.evaluate(&sorted(plan, rows)?).await
    }
}

/// The plan over numbered rows, its rows in the order of the numbers.
pub(super) fn sorted(plan: &LogicalPlan, rows: &ClauseRows) -> Result<LogicalPlan> {
    Ok(LogicalPlan::Sort {
        input: Arc::new(with_passed_through(plan, &rows.numbered())?),
        keys: vec![SortKey {
            expression: LogicalExpr::column(ROW),
            descending: false,
        }],
        fetch: None,
    })
}

/// Whether a plan outputs its rows as they come in. An apply outputs the rows without a match behind the others.
fn keeps_order(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Argument(_) | LogicalPlan::Rows { .. } => true,
        LogicalPlan::Project { input, .. } | LogicalPlan::Hydrate { input, .. } => {
            keeps_order(input)
        }
        _ => false,
    }
}

/// Whether a plan reads more than its rows hold.
pub(super) fn reads_graph(plan: &LogicalPlan) -> bool {
    fn reads(expression: &LogicalExpr) -> bool {
        matches!(expression, LogicalExpr::Property { .. })
            || expression.children().into_iter().any(reads)
    }
    match plan {
        LogicalPlan::Argument(_) | LogicalPlan::Rows { .. } => false,
        LogicalPlan::Project { input, expressions } => {
            expressions.iter().any(|(expression, _)| reads(expression)) || reads_graph(input)
        }
        _ => true,
    }
}

/// The plan over numbered rows, with the column of numbers handed through its projections.
fn with_passed_through(plan: &LogicalPlan, rows: &ClauseRows) -> Result<LogicalPlan> {
    fn pass(plan: &LogicalPlan, leaf: &LogicalPlan) -> Result<LogicalPlan> {
        match plan {
            LogicalPlan::Argument(_) => Ok(leaf.clone()),
            LogicalPlan::Project { input, expressions } => {
                let input = Arc::new(pass(input, leaf)?);
                let mut expressions = expressions.clone();
                if input.schema()?.contains(ROW) {
                    expressions.push((LogicalExpr::column(ROW), ROW.to_owned()));
                }
                Ok(LogicalPlan::Project { input, expressions })
            }
            other => other.try_map_outer(&mut |input| pass(input, leaf)),
        }
    }
    pass(plan, &rows.leaf())
}
