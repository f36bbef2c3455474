//! DELETE: what is deleted.

use grism_core::{Result, Type};
use grism_logical::{DeleteMode, WriteKind};

use super::writing::{Writing, bind, computed};
use crate::syntax::{DeleteClause, ExprKind};

/// The entities, relationships and paths that a DELETE names, as columns.
pub(super) fn delete(writing: &mut Writing<'_, '_>, delete: &DeleteClause) -> Result<WriteKind> {
    let mut targets = Vec::new();
    for expression in &delete.expressions {
        let (bound, ty) = bind(writing, expression)?;
        let deletable =
            ty.is_entity() || matches!(ty, Type::Incidence | Type::Path | Type::Any | Type::Null);
        if !deletable {
            let code = match &expression.kind {
                ExprKind::Is { .. } => "SyntaxError:InvalidDelete",
                _ => "SyntaxError:InvalidArgumentType",
            };
            return Err(writing
                .invalid(format!("{ty} cannot be deleted"), expression.span)
                .with_code(code));
        }
        let column = computed(writing, bound, "target")?;
        targets.push((column, ty));
    }
    Ok(WriteKind::Delete {
        targets,
        mode: match delete.detach {
            true => DeleteMode::Detach,
            false => DeleteMode::Alone,
        },
    })
}
