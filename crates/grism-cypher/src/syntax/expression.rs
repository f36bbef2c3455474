//! Expressions.

use super::{LabelExpression, Name, PathPattern, Query, Span};

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
    /// Levels of expressions below this one, which the parser bounds.
    pub(crate) height: u16,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ExprKind {
    Literal(Literal),
    Variable(Name),
    /// `$name`.
    Parameter(String),
    /// `(…)`.
    Parenthesized(Box<Expr>),
    List(Vec<Expr>),
    Map(Vec<MapEntry>),
    Prefix {
        operator: PrefixOperator,
        operand: Box<Expr>,
    },
    /// Operators of one level of precedence, which apply from left to right; comparisons hold pair by pair.
    Chain {
        first: Box<Expr>,
        rest: Vec<ChainLink>,
    },
    /// `operand IS [NOT] …`, and the label test `operand:Label`.
    Is {
        operand: Box<Expr>,
        negated: bool,
        predicate: IsPredicate,
    },
    Property {
        base: Box<Expr>,
        key: Name,
    },
    Index {
        base: Box<Expr>,
        index: Box<Expr>,
    },
    Slice {
        base: Box<Expr>,
        lower: Option<Box<Expr>>,
        upper: Option<Box<Expr>>,
    },
    Function(FunctionCall),
    Case(CaseExpression),
    MapProjection(MapProjection),
    ListComprehension(ListComprehension),
    PatternComprehension(Box<PatternComprehension>),
    Quantified(Quantified),
    Reduce(Reduce),
    Subquery(Subquery),
    /// A pattern as a predicate.
    Pattern(Box<PathPattern>),
}

/// A literal, as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    /// Digits without prefix and underscores, and their radix.
    Integer {
        digits: String,
        radix: u32,
    },
    /// Without underscores.
    Float(String),
    /// Without quotes and escapes.
    String(String),
}

/// An entry of a map.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MapEntry {
    pub(crate) key: Name,
    pub(crate) value: Expr,
}

/// An operator before its operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrefixOperator {
    Not,
    Plus,
    Minus,
}

/// An operator of a chain, and the operand at its right.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChainLink {
    pub(crate) operator: InfixOperator,
    pub(crate) span: Span,
    pub(crate) operand: Expr,
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InfixOperator {
    Or,
    Xor,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    RegexMatch,
    In,
    StartsWith,
    EndsWith,
    Contains,
    /// `+`, and `||`.
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

impl InfixOperator {
    /// Whether it compares, so that a chain of it holds pair by pair.
    pub(crate) const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Less
                | Self::LessOrEqual
                | Self::Greater
                | Self::GreaterOrEqual
        )
    }
}

/// What IS tests.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum IsPredicate {
    Null,
    Labels(LabelExpression),
}

/// A name with dots.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct QualifiedName {
    /// The parts, joined by dots.
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FunctionCall {
    pub(crate) name: QualifiedName,
    /// The word DISTINCT before the arguments.
    pub(crate) distinct: Option<Span>,
    /// Whether the argument is `*`.
    pub(crate) star: bool,
    pub(crate) arguments: Vec<Expr>,
    pub(crate) over: CallOver,
}

/// What a function is called over, which decides how a projection groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallOver {
    /// The values of a row.
    Row,
    /// The rows of a group.
    Group,
}

impl FunctionCall {
    /// Whether the function aggregates.
    pub(crate) fn aggregates(&self) -> bool {
        self.over == CallOver::Group
    }
}

/// `CASE`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CaseExpression {
    pub(crate) operand: Option<Box<Expr>>,
    pub(crate) alternatives: Vec<CaseAlternative>,
    pub(crate) otherwise: Option<Box<Expr>>,
}

/// `WHEN … THEN …`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CaseAlternative {
    /// Conditions, or values of the operand; one of them is enough.
    pub(crate) when: Vec<Expr>,
    pub(crate) then: Expr,
}

/// `base {…}`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MapProjection {
    pub(crate) base: Box<Expr>,
    pub(crate) items: Vec<MapProjectionItem>,
}

/// An item of a map projection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum MapProjectionItem {
    /// `.key`.
    Property(Name),
    /// `variable`.
    Variable(Name),
    /// `key: value`.
    Entry(MapEntry),
    /// `.*`.
    AllProperties,
}

/// `[variable IN list WHERE predicate | projection]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ListComprehension {
    pub(crate) variable: Name,
    pub(crate) list: Box<Expr>,
    pub(crate) predicate: Option<Box<Expr>>,
    pub(crate) projection: Option<Box<Expr>>,
}

/// `[path = pattern WHERE predicate | projection]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PatternComprehension {
    /// The pattern, with its variable.
    pub(crate) pattern: PathPattern,
    pub(crate) predicate: Option<Expr>,
    pub(crate) projection: Expr,
}

/// `all(variable IN list WHERE predicate)` and its kin.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Quantified {
    pub(crate) quantifier: grism_logical::Quantifier,
    pub(crate) variable: Name,
    pub(crate) list: Box<Expr>,
    pub(crate) predicate: Box<Expr>,
}

/// `reduce(accumulator = initial, variable IN list | step)`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reduce {
    pub(crate) accumulator: Name,
    pub(crate) initial: Box<Expr>,
    pub(crate) variable: Name,
    pub(crate) list: Box<Expr>,
    pub(crate) step: Box<Expr>,
}

/// `EXISTS {…}`, `COUNT {…}` or `COLLECT {…}`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Subquery {
    pub(crate) kind: SubqueryKind,
    /// The word that says the kind.
    pub(crate) span: Span,
    /// The query; a bare pattern is a query of one MATCH.
    pub(crate) query: Box<Query>,
}

/// What a subquery asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubqueryKind {
    /// Whether there is a row.
    Exists,
    /// How many rows there are.
    Count,
    /// The values of its column.
    Collect,
}

impl SubqueryKind {
    /// The word that writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Exists => "EXISTS",
            Self::Count => "COUNT",
            Self::Collect => "COLLECT",
        }
    }
}
