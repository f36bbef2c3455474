//! Plans over rows whose order counts.

use grism_core::Result;
use grism_logical::{Internal, LogicalExpr, LogicalPlan, NamedExpr, SharedPlan, SortKey};

use super::clause_rows::ClauseRows;
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
        input: SharedPlan::new(with_passed_through(plan, &rows.numbered())?),
        keys: vec![SortKey::ascending(LogicalExpr::column(
            Internal::RowNumber.column(),
        ))],
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
            expressions.iter().any(|own| reads(&own.expression)) || reads_graph(input)
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
                let input = SharedPlan::new(pass(input, leaf)?);
                let mut expressions = expressions.clone();
                let number = Internal::RowNumber.column();
                if input.schema()?.contains(&number) {
                    expressions.push(NamedExpr::column(number));
                }
                Ok(LogicalPlan::Project { input, expressions })
            }
            other => other.try_map_outer(&mut |input| pass(input, leaf)),
        }
    }
    pass(plan, &rows.leaf())
}

#[cfg(test)]
mod tests {
    use grism_core::{Type, Value};
    use grism_logical::{Apply, ApplyKind, Column, PlanSchema};

    use super::*;

    fn argument() -> LogicalPlan {
        LogicalPlan::Argument(PlanSchema::new(vec![Column::new("n", Type::Int64)]))
    }

    fn project(input: LogicalPlan, expression: LogicalExpr) -> LogicalPlan {
        LogicalPlan::Project {
            input: SharedPlan::new(input),
            expressions: vec![expression.named("x")],
        }
    }

    #[test]
    fn projections_keep_the_order_of_rows_and_subqueries_do_not() {
        let column = || LogicalExpr::column("n");
        assert!(keeps_order(&argument()));
        assert!(keeps_order(&project(
            project(argument(), column()),
            column()
        )));
        let apply = LogicalPlan::Apply(Apply {
            input: SharedPlan::new(argument()),
            subplan: SharedPlan::new(argument()),
            kind: ApplyKind::Optional,
        });
        assert!(!keeps_order(&apply));
        assert!(!keeps_order(&project(apply, column())));
    }

    #[test]
    fn a_property_anywhere_in_an_expression_is_read_from_the_graph() {
        let constant = LogicalExpr::Literal(Value::Int64(1));
        assert!(!reads_graph(&project(argument(), constant.clone())));
        let property = LogicalExpr::Property {
            entity: "n".to_owned(),
            key: "age".to_owned(),
            ty: Type::Int64,
        };
        let nested = LogicalExpr::List(vec![constant.clone(), LogicalExpr::List(vec![property])]);
        assert!(reads_graph(&project(argument(), nested.clone())));
        assert!(reads_graph(&project(project(argument(), nested), constant)));
        let fetched = LogicalPlan::Distinct {
            input: SharedPlan::new(argument()),
        };
        assert!(reads_graph(&fetched));
    }
}
