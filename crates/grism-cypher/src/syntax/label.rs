//! Label and type expressions.

use super::{Name, Span};

/// What follows `:` in a pattern or a label test.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LabelExpression {
    pub(crate) kind: LabelKind,
    pub(crate) span: Span,
}

/// The forms of a label expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LabelKind {
    /// One label or type.
    Name(Name),
    /// `%`: any label.
    Wildcard,
    /// `!`.
    Not(Box<LabelExpression>),
    /// `&`, or `:` between names.
    And(Vec<LabelExpression>),
    /// `|`.
    Or(Vec<LabelExpression>),
}
