//! SKIP and LIMIT: a number of rows that is known before the query runs.

use grism_core::{Result, Value};

use super::Binder;
use crate::syntax::Expr;

impl Binder<'_> {
    pub(crate) fn row_count(
        &mut self,
        expression: Option<&Expr>,
        clause: &str,
    ) -> Result<Option<usize>> {
        let Some(syntax) = expression else {
            return Ok(None);
        };
        // No variable is in scope here.
        let scope = std::mem::take(&mut self.scope);
        let bound = self.expression(syntax);
        self.scope = scope;
        let bound = bound.map_err(|error| {
            if error.message().starts_with("unknown variable") {
                return self
                    .source
                    .invalid(format!("{clause} cannot refer to variables"), syntax.span)
                    .with_code("SyntaxError:NonConstantExpression");
            }
            error
        })?;
        if !bound.columns().is_empty() || !self.pending.is_empty() {
            return Err(self
                .source
                .invalid(format!("{clause} cannot refer to variables"), syntax.span)
                .with_code("SyntaxError:NonConstantExpression"));
        }
        self.volatile |= bound.is_volatile();
        let value = (self.context.constant)(&bound)
            .map_err(|error| error.with_location(self.source.location(syntax.span)))?;
        match value {
            Value::Int64(count) => usize::try_from(count).map(Some).map_err(|_| {
                self.source
                    .invalid(format!("{clause} cannot be negative"), syntax.span)
                    .with_code("SyntaxError:NegativeIntegerArgument")
            }),
            other => {
                let found = other.type_name();
                Err(self
                    .source
                    .invalid(
                        format!("{clause} needs an integer, not {found}"),
                        syntax.span,
                    )
                    .with_code("SyntaxError:InvalidArgumentType"))
            }
        }
    }
}
