//! The values that the pattern of a MERGE asks for: each is computed once, for the search and for what is created.

use grism_core::Result;

use super::writing::{Writing, bind, computed};
use crate::binder::names::Scope;
use crate::projected::names_in;
use crate::syntax::{Expr, ExprKind, Name, PathElementKind, PathPattern};

/// What the columns of computed values hold, as plans show it.
const VALUE: &str = "value";

/// The pattern with variables in place of the values that read the rows. The variables are in scope from here on, and their
/// columns are made.
///
/// What is searched for may then be looked up by its value: an expression that can fail would be evaluated for each pair of
/// a row and an entity, since it must not be where there is no entity.
pub(super) fn with_computed_values(
    writing: &mut Writing<'_, '_>,
    path: &PathPattern,
) -> Result<PathPattern> {
    let mut path = path.clone();
    let before = writing.scope.clone();
    for element in &mut path.elements {
        let properties = match &mut element.kind {
            PathElementKind::Node(node) => node.properties.as_mut(),
            PathElementKind::Relationship(step) => step.properties.as_mut(),
            _ => None,
        };
        let Some(ExprKind::Map(entries)) = properties.map(|own| &mut own.kind) else {
            continue;
        };
        for entry in entries
            .iter_mut()
            .filter(|own| is_computed(&own.value, &before))
        {
            compute(writing, &mut entry.value)?;
        }
    }
    Ok(path)
}

/// Whether a value depends on the rows, and on nothing else.
fn is_computed(value: &Expr, scope: &Scope) -> bool {
    if matches!(value.kind, ExprKind::Variable(_)) {
        return false;
    }
    let variables = names_in(value);
    !variables.is_empty() && variables.iter().all(|name| scope.find(name).is_some())
}

/// Makes the column of a value, and puts its variable in the place of the expression.
fn compute(writing: &mut Writing<'_, '_>, value: &mut Expr) -> Result<()> {
    let (expression, ty) = bind(writing, value)?;
    let column = computed(writing, expression, VALUE)?;
    let mut name = column.clone();
    while writing.scope.find(&name).is_some() {
        name = writing.notes.fresh(VALUE);
    }
    writing.scope.put(&name, &column, ty);
    value.kind = ExprKind::Variable(Name {
        text: name,
        span: value.span,
    });
    Ok(())
}
