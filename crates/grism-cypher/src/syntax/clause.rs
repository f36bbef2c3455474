//! The clauses of a query.

use grism_core::{FileOption, with_stack};

use super::{Expr, LabelExpression, Name, PathPattern, Pattern, QualifiedName, Query, Span};

/// A clause.
#[derive(Debug, PartialEq)]
pub(crate) struct Clause {
    pub(crate) kind: ClauseKind,
    pub(crate) span: Span,
}

impl Clone for Clause {
    /// Clauses nest in FOREACH and CALL.
    fn clone(&self) -> Self {
        with_stack(|| Self {
            kind: self.kind.clone(),
            span: self.span,
        })
    }
}

/// The kinds of clauses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ClauseKind {
    Match(MatchClause),
    Unwind(UnwindClause),
    With(WithClause),
    Return(Projection),
    Call(CallClause),
    Subquery(SubqueryClause),
    LoadRows(LoadRowsClause),
    Create(Pattern),
    Merge(MergeClause),
    Set(Vec<SetItem>),
    Remove(Vec<RemoveItem>),
    Delete(DeleteClause),
    Foreach(ForeachClause),
}

/// `[OPTIONAL] MATCH pattern [WHERE predicate]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MatchClause {
    pub(crate) optional: bool,
    pub(crate) pattern: Pattern,
    pub(crate) predicate: Option<Expr>,
}

/// `UNWIND expression AS variable`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct UnwindClause {
    pub(crate) expression: Expr,
    pub(crate) variable: Name,
}

/// `WITH … [WHERE predicate]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WithClause {
    pub(crate) projection: Projection,
    pub(crate) predicate: Option<Expr>,
}

/// What WITH and RETURN list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Projection {
    pub(crate) distinct: bool,
    pub(crate) items: Vec<ProjectionItem>,
    pub(crate) order_by: Vec<OrderItem>,
    pub(crate) skip: Option<Expr>,
    pub(crate) limit: Option<Expr>,
    pub(crate) span: Span,
}

/// An item of a projection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProjectionItem {
    pub(crate) kind: ProjectionItemKind,
    pub(crate) span: Span,
}

/// The forms of an item of a projection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ProjectionItemKind {
    /// `*`.
    Wildcard,
    /// `expression [AS alias]`.
    Expression {
        expression: Expr,
        alias: Option<Name>,
    },
}

/// An item of ORDER BY.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OrderItem {
    pub(crate) expression: Expr,
    pub(crate) descending: bool,
    /// `NULLS FIRST` where true, `NULLS LAST` where false.
    pub(crate) nulls_first: Option<bool>,
}

/// `CALL procedure(…) [YIELD …]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CallClause {
    pub(crate) optional: bool,
    pub(crate) target: ProcedureTarget,
    pub(crate) yields: Option<YieldClause>,
}

/// The procedure that is called.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProcedureTarget {
    pub(crate) name: QualifiedName,
    /// `None` where no parentheses are written.
    pub(crate) arguments: Option<Vec<Expr>>,
}

/// `YIELD … [WHERE …]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct YieldClause {
    /// The columns; `None` is `*`.
    pub(crate) items: Option<Vec<YieldItem>>,
    pub(crate) predicate: Option<Expr>,
}

/// A column that a procedure yields, and the variable it becomes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct YieldItem {
    pub(crate) column: Name,
    pub(crate) alias: Option<Name>,
}

/// `[OPTIONAL] CALL (imports) { query } [IN TRANSACTIONS …]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SubqueryClause {
    pub(crate) optional: bool,
    /// The variables that the subquery sees; `None` where no list is written: then it imports by WITH.
    pub(crate) imports: Option<Imports>,
    pub(crate) query: Box<Query>,
    pub(crate) transactions: Option<Transactions>,
}

/// The variables that a subquery sees.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Imports {
    /// `(*)`.
    All,
    /// `(a, b)`.
    Names(Vec<Name>),
}

/// `IN TRANSACTIONS [OF n ROWS]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Transactions {
    /// Rows a batch; `None` is the default.
    pub(crate) rows: Option<Expr>,
    pub(crate) span: Span,
}

/// `LOAD CSV [WITH HEADERS] FROM source AS variable [FIELDTERMINATOR …]` or `LOAD FROM source [(options)] AS variable`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LoadRowsClause {
    pub(crate) form: LoadForm,
    pub(crate) source: Expr,
    pub(crate) variable: Name,
}

/// What LOAD reads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LoadForm {
    /// A CSV file as texts.
    Csv {
        headers: bool,
        terminator: Option<(String, Span)>,
    },
    /// A file of any format, or a table, as values.
    Rows(Vec<FileOption>),
}

/// `MERGE path [ON CREATE SET …] [ON MATCH SET …]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MergeClause {
    pub(crate) path: PathPattern,
    pub(crate) actions: Vec<MergeAction>,
}

/// What MERGE sets afterwards.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MergeAction {
    pub(crate) trigger: MergeTrigger,
    pub(crate) items: Vec<SetItem>,
}

/// When MERGE sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MergeTrigger {
    Create,
    Match,
}

/// An item of SET.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SetItem {
    pub(crate) kind: SetItemKind,
    pub(crate) span: Span,
}

/// The forms of an item of SET.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SetItemKind {
    /// `base.key = value`.
    Property { target: Expr, value: Expr },
    /// `variable = map`.
    ReplaceProperties { target: Name, value: Expr },
    /// `variable += map`.
    MergeProperties { target: Name, value: Expr },
    /// `variable:Label`.
    Labels {
        target: Name,
        labels: LabelExpression,
    },
}

/// An item of REMOVE.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RemoveItem {
    pub(crate) kind: RemoveItemKind,
    pub(crate) span: Span,
}

/// The forms of an item of REMOVE.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RemoveItemKind {
    /// `base.key`.
    Property(Expr),
    /// `variable:Label`.
    Labels {
        target: Name,
        labels: LabelExpression,
    },
}

/// `[DETACH] DELETE …`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DeleteClause {
    pub(crate) detach: bool,
    pub(crate) expressions: Vec<Expr>,
}

/// `FOREACH (variable IN list | clauses)`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ForeachClause {
    pub(crate) variable: Name,
    pub(crate) list: Expr,
    pub(crate) clauses: Vec<Clause>,
}

impl Clause {
    /// Whether the clause runs clauses of its own.
    pub(crate) const fn is_nested(&self) -> bool {
        matches!(self.kind, ClauseKind::Foreach(_) | ClauseKind::Subquery(_))
    }

    /// Whether the clause changes the graph.
    pub(crate) fn is_write(&self) -> bool {
        match &self.kind {
            ClauseKind::Create(_)
            | ClauseKind::Merge(_)
            | ClauseKind::Set(_)
            | ClauseKind::Remove(_)
            | ClauseKind::Delete(_)
            | ClauseKind::Foreach(_) => true,
            ClauseKind::Subquery(subquery) => subquery.query.writes(),
            _ => false,
        }
    }
}

impl Query {
    /// Whether a clause of the query changes the graph.
    pub(crate) fn writes(&self) -> bool {
        self.branches()
            .flat_map(|branch| &branch.clauses)
            .any(Clause::is_write)
    }
}
