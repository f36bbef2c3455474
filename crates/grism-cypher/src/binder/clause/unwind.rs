//! UNWIND: a row for each element of a list.

use grism_core::{Result, Type};
use grism_functions::AS_LIST;
use grism_logical::{LogicalExpr, LogicalPlan, SharedPlan};

use super::rows::Rows;
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs, bind_expression};
use crate::binder::names::column_for;
use crate::binder::{Notes, QueryContext};
use crate::syntax::UnwindClause;

/// The rows after an UNWIND, whose variable is new.
pub(super) fn unwind(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    unwind: &UnwindClause,
) -> Result<Rows> {
    let name = &unwind.variable.text;
    if rows.scope.find(name).is_some() {
        let message = format!("the variable `{name}` is bound already");
        return Err(context
            .source
            .invalid(message, unwind.variable.span)
            .with_code("SyntaxError:VariableAlreadyBound"));
    }
    let (columns, mut needs) = (rows.plan.schema()?, Needs::default());
    let input = ExpressionInput::new(&rows.scope, &columns);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    let mut expression = bind_expression(&mut binder, &unwind.expression)?;
    let ty = match binder.type_of(&expression, &unwind.expression)? {
        Type::List(item) => *item,
        Type::Null => Type::Null,
        // What is no list is unwound as a list of itself.
        Type::Any => {
            expression = LogicalExpr::call(&AS_LIST, vec![expression]);
            Type::Any
        }
        other => {
            expression = LogicalExpr::List(vec![expression]);
            other
        }
    };
    let variable = column_for(name);
    let rows = rows.with_needs(&mut needs)?;
    let plan = LogicalPlan::Unwind {
        input: SharedPlan::new(rows.plan),
        expression,
        variable: variable.clone(),
    };
    let mut scope = rows.scope;
    scope.put(name, &variable, ty);
    Ok(Rows::new(plan, scope))
}
