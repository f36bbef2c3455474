//! The syntax tree of queries: what the parser outputs and the binder reads.

mod children;
mod clause;
mod expression;
mod label;
mod pattern;
mod query;
mod span;
mod visit;

pub(crate) use clause::{
    CallClause, Clause, ClauseKind, DeleteClause, ForeachClause, Imports, LoadForm, LoadRowsClause,
    MatchClause, MergeAction, MergeClause, MergeTrigger, OrderItem, ProcedureTarget, Projection,
    ProjectionItem, ProjectionItemKind, RemoveItem, RemoveItemKind, SetItem, SetItemKind,
    SubqueryClause, Transactions, UnwindClause, WithClause, YieldClause, YieldItem,
};
pub(crate) use expression::{
    CallOver, CaseAlternative, CaseExpression, ChainLink, Expr, ExprKind, FunctionCall,
    InfixOperator, IsPredicate, ListComprehension, Literal, MapEntry, MapProjection,
    MapProjectionItem, PatternComprehension, PrefixOperator, QualifiedName, Quantified, Reduce,
    Subquery, SubqueryKind,
};
pub(crate) use label::{LabelExpression, LabelKind};
pub(crate) use pattern::{
    Direction, GroupPattern, NodePattern, PathElement, PathElementKind, PathPattern, Pattern,
    Quantifier, RelationshipPattern, Selector,
};
pub(crate) use query::{Query, SingleQuery, Union};
pub(crate) use span::{Name, Span};
pub(crate) use visit::{Visitor, walk_clause, walk_element, walk_expr};
