//! The variables that the branches of a subquery import.

use grism_core::Result;

use crate::binder::QueryContext;
use crate::binder::names::{Scope, unknown_variable};
use crate::syntax::{
    ClauseKind, ExprKind, Imports, Name, Projection, ProjectionItemKind, SingleQuery,
    SubqueryClause,
};

/// The variables that a branch of a subquery sees, and how many of its clauses say so.
pub(crate) fn imported_scope(
    context: QueryContext<'_>,
    outer: &Scope,
    clause: &SubqueryClause,
    branch: &SingleQuery,
) -> Result<(Scope, usize)> {
    let (names, clauses) = imported_names(clause, branch);
    let scope = match names {
        None => outer.clone(),
        Some(names) => imported(context, outer, names.into_iter())?,
    };
    Ok((scope, clauses))
}

/// The names of the variables that a branch of a subquery sees, `None` for all, and how many of its clauses say so.
pub(crate) fn imported_names<'q>(
    clause: &'q SubqueryClause,
    branch: &'q SingleQuery,
) -> (Option<Vec<&'q Name>>, usize) {
    match &clause.imports {
        Some(Imports::All) => return (None, 0),
        Some(Imports::Names(names)) => return (Some(names.iter().collect()), 0),
        None => {}
    }
    let Some(ClauseKind::With(with)) = branch.clauses.first().map(|first| &first.kind) else {
        return (Some(Vec::new()), 0);
    };
    match imports(&with.projection).filter(|_| with.predicate.is_none()) {
        // `WITH *` imports everything.
        Some(names) if names.is_empty() => (None, 1),
        Some(names) => (Some(names), 1),
        None => (Some(Vec::new()), 0),
    }
}

/// The variables that a subquery imports.
fn imported<'n>(
    context: QueryContext<'_>,
    outer: &Scope,
    names: impl Iterator<Item = &'n Name>,
) -> Result<Scope> {
    let mut scope = Scope::default();
    for name in names {
        let Some(variable) = outer.find(&name.text) else {
            return Err(unknown_variable(
                context.source,
                (&name.text, name.span),
                outer.names(),
            ));
        };
        scope.put(&variable.name, &variable.column, variable.ty.clone());
    }
    Ok(scope)
}

/// The variables that a WITH at the start of a subquery imports: those of a list of plain names, none for `*`; `None` where
/// it does anything else.
fn imports(projection: &Projection) -> Option<Vec<&Name>> {
    let plain = !projection.distinct
        && projection.order_by.is_empty()
        && projection.skip.is_none()
        && projection.limit.is_none();
    if !plain {
        return None;
    }
    if let [item] = &projection.items[..]
        && item.kind == ProjectionItemKind::Wildcard
    {
        return Some(Vec::new());
    }
    projection
        .items
        .iter()
        .map(|item| match &item.kind {
            ProjectionItemKind::Expression {
                expression,
                alias: None,
            } => match &expression.kind {
                ExprKind::Variable(name) => Some(name),
                _ => None,
            },
            _ => None,
        })
        .collect()
}
