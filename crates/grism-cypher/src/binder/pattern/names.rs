//! The names that a pattern may bind.

use grism_core::{Error, Result};

use super::elements::{Elements, Step};
use crate::binder::QueryContext;
use crate::binder::names::Scope;
use crate::syntax::Span;

/// A path variable is new, and stands for nothing else in its pattern.
pub(super) fn check_path_names(
    context: QueryContext<'_>,
    scope: &Scope,
    elements: &Elements<'_>,
) -> Result<()> {
    let Elements {
        entities,
        steps,
        paths,
        ..
    } = elements;
    for (index, path) in paths.iter().enumerate() {
        let name = &path.name.text;
        let is_step = |step: &Step<'_>| {
            let variable = step.pattern.variable.as_ref();
            variable.is_some_and(|own| &own.text == name)
        };
        let entity = entities
            .iter()
            .position(|entity| entity.name.as_ref() == Some(name));
        let step = steps.iter().position(is_step);
        // What comes before has taken the name; what comes after takes it for something else.
        let conflict = entity.is_some_and(|at| at >= path.so_far.0)
            || step.is_some_and(|at| at >= path.so_far.1);
        let taken = entity.is_some() || step.is_some();
        let again = paths[..index].iter().any(|other| &other.name.text == name);
        let known = scope.find(name);
        if taken || again || known.is_some() {
            let code = if conflict {
                "SyntaxError:VariableTypeConflict"
            } else {
                "SyntaxError:VariableAlreadyBound"
            };
            return Err(context
                .source
                .invalid(
                    format!("the variable `{name}` is bound already"),
                    path.name.span,
                )
                .with_code(code));
        }
    }
    Ok(())
}

/// The error for a variable of a repeated path that stands for something outside of it too.
pub(crate) fn taken_name(context: QueryContext<'_>, name: &str, span: Span) -> Error {
    let message =
        format!("the variable `{name}` of a repeated path is bound outside of it already");
    context
        .source
        .invalid(message, span)
        .with_code("SyntaxError:VariableAlreadyBound")
}
