//! Patterns whose steps may be edges or roles: each choice is planned by itself, and the rows of all are put together.

use grism_core::{Error, Result};
use grism_logical::{ApplyKind, LogicalPlan};

use super::match_elements::match_elements;
use crate::binder::clause::filter::filter;
use crate::binder::clause::rows::Rows;
use crate::binder::pattern::{Choice, Elements, Incidences};
use crate::binder::{Notes, QueryContext};
use crate::syntax::Expr;
use crate::warning::Warning;

/// A choice that is bound, with what it notes.
type Branch = (Rows, Notes);

/// Plans a pattern on top of the rows, once for each choice.
pub(super) fn match_choices<'e>(
    context: QueryContext<'_>,
    notes: &mut Notes,
    outer: Rows,
    elements: &Elements<'e>,
    choices: &[Choice],
    predicate: Option<&'e Expr>,
) -> Result<Rows> {
    let columns = outer.plan.schema()?;
    // What runs again for each choice is nothing but a leaf that gives the same rows each time.
    let is_leaf = matches!(outer.plan, LogicalPlan::Unit | LogicalPlan::Argument(_));
    let start = match is_leaf {
        true => Rows::new(outer.plan.clone(), outer.scope.clone()),
        false => Rows::argument(columns.clone(), outer.scope.clone()),
    };
    let (branches, later) =
        bind_choices_or_later(context, notes, &start, elements, choices, predicate)?;
    let Some((first, _)) = branches.first() else {
        return Err(Error::internal("a pattern without a choice"));
    };
    let mut scope = first.scope.clone();
    let mut names: Vec<String> = columns.names().map(str::to_owned).collect();
    for variable in &scope.variables {
        if !names.contains(&variable.column) {
            names.push(variable.column.clone());
        }
    }
    notes.warnings.extend(common_warnings(&branches));
    let mut inputs = Vec::new();
    for (rows, branch) in branches {
        notes.volatile |= branch.volatile;
        inputs.push(rows.plan.keep_columns(&names)?.into());
    }
    let union = LogicalPlan::Union {
        inputs: LogicalPlan::same_types(inputs)?,
    };
    let plan = match is_leaf {
        true => union,
        false => outer.applied(union, ApplyKind::Inner).plan,
    };
    let columns = plan.schema()?;
    for variable in &mut scope.variables {
        if let Some(column) = columns.find(&variable.column) {
            variable.ty = column.ty.clone();
        }
    }
    let mut rows = Rows::new(plan, scope);
    for predicate in later {
        rows = filter(context, notes, rows, predicate)?;
    }
    Ok(rows)
}

/// Every choice with its plan, and the predicates where some kinds of relationship do not bear them: these are evaluated
/// when the kind of each is known.
fn bind_choices_or_later<'e>(
    context: QueryContext<'_>,
    notes: &mut Notes,
    start: &Rows,
    elements: &Elements<'e>,
    choices: &[Choice],
    predicate: Option<&'e Expr>,
) -> Result<(Vec<Branch>, Vec<&'e Expr>)> {
    let error = match bind_choices(context, notes, start, elements, choices, predicate) {
        Ok(branches) => return Ok((branches, Vec::new())),
        Err(error) => error,
    };
    let later: Vec<&Expr> = elements.wheres.iter().copied().chain(predicate).collect();
    let elements = Elements {
        wheres: Vec::new(),
        ..elements.clone()
    };
    if !later.is_empty()
        && let Ok(branches) = bind_choices(context, notes, start, &elements, choices, None)
    {
        return Ok((branches, later));
    }
    Err(error)
}

fn bind_choices(
    context: QueryContext<'_>,
    notes: &mut Notes,
    start: &Rows,
    elements: &Elements<'_>,
    choices: &[Choice],
    predicate: Option<&Expr>,
) -> Result<Vec<Branch>> {
    let mut branches = Vec::new();
    for choice in choices {
        let mut branch = notes.branch();
        let elements = Elements {
            entities: choice.entities.clone(),
            ..elements.clone()
        };
        let (rows, _) = match_elements(
            context.by_kind(),
            &mut branch,
            start.clone(),
            elements,
            &choice.kinds,
            predicate,
            Incidences::Needed,
        )?;
        notes.counter = branch.counter;
        branches.push((rows, branch));
    }
    Ok(branches)
}

/// What is odd about every choice, each perhaps for a reason of its own: what holds of some of them only is no slip.
fn common_warnings(branches: &[Branch]) -> Vec<Warning> {
    let Some(((_, first), others)) = branches.split_first() else {
        return Vec::new();
    };
    let in_all = |warning: &&Warning| {
        let mut others = others.iter();
        others.all(|(_, other)| {
            let mut same = other.warnings.iter();
            same.any(|own| own == *warning || own.location == warning.location)
        })
    };
    first.warnings.iter().filter(in_all).cloned().collect()
}
