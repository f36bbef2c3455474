//! Labels of entities whose tables are known, and tests of them.

use grism_core::{GraphSchema, Result, Table, TableId, Tables, Type, Value};
use grism_functions::COALESCE;
use grism_logical::{BinaryOperator, LABELS_KEY, LogicalExpr, UnaryOperator};

use super::lookup::{size_of, table_lookup};
use super::property::entity_column;
use crate::binder::expression::binder::ExpressionBinder;
use crate::binder::names::labelled_tables;
use crate::syntax::{LabelExpression, LabelKind, Span};

/// The labels of a node. Those of a node that is deleted cannot be read.
pub(super) fn labels_of(
    binder: &mut ExpressionBinder<'_, '_>,
    base: LogicalExpr,
    tables: &Tables,
    span: Span,
) -> Result<LogicalExpr> {
    let reads = asks_rows(binder, &base, tables);
    labels(binder, base, tables, span, reads)
}

/// The labels of a node that is shown as a value, which one that is deleted may be too.
pub(super) fn shown_labels(
    binder: &mut ExpressionBinder<'_, '_>,
    base: LogicalExpr,
    tables: &Tables,
    span: Span,
) -> Result<LogicalExpr> {
    let reads = may_change(binder.context.schema(), tables);
    labels(binder, base, tables, span, reads)
}

/// The labels of a node's table, but its own where these are read.
fn labels(
    binder: &mut ExpressionBinder<'_, '_>,
    base: LogicalExpr,
    tables: &Tables,
    span: Span,
    reads: bool,
) -> Result<LogicalExpr> {
    let labels = table_lookup(
        binder.context.schema(),
        base.clone(),
        tables,
        Type::String.list(),
        |table| match table.hyperedge_type() {
            Some(hyperedge_type) => Value::List(vec![Value::String(hyperedge_type.name.clone())]),
            None => Value::List(table.labels().iter().cloned().map(Value::String).collect()),
        },
    )?;
    if !reads {
        return Ok(labels);
    }
    let entity = entity_column(binder, base, span)?;
    let changed = LogicalExpr::Property {
        entity,
        key: LABELS_KEY.to_owned(),
        ty: Type::String.list(),
    };
    Ok(LogicalExpr::call(&COALESCE, vec![changed, labels]))
}

/// Whether the labels are read of each node: its own may have changed, or it may be gone.
fn asks_rows(binder: &ExpressionBinder<'_, '_>, base: &LogicalExpr, tables: &Tables) -> bool {
    let schema = binder.context.schema();
    let is_node = |table: &TableId| {
        let table = schema.table(*table);
        table.is_ok_and(|table| table.hyperedge_type().is_none())
    };
    may_change(schema, tables) || binder.may_be_deleted(base) && tables.iter().any(is_node)
}

/// Whether nodes of the tables may have other labels than those they were born with.
pub(crate) fn may_change(schema: &GraphSchema, tables: &Tables) -> bool {
    let changes = |table: &Table| !table.changed_labels.is_empty();
    tables
        .iter()
        .any(|table| schema.table(*table).is_ok_and(changes))
}

/// Whether the label expression holds for the entity.
pub(crate) fn label_condition(
    binder: &mut ExpressionBinder<'_, '_>,
    base: LogicalExpr,
    tables: &Tables,
    labels: &LabelExpression,
) -> Result<LogicalExpr> {
    if !asks_rows(binder, &base, tables) {
        let allowed = labelled_tables(binder.context, binder.notes, labels)?;
        return Ok(label_test(base, allowed));
    }
    let own = labels_of(binder, base, tables, labels.span)?;
    Ok(label_predicate(&own, labels))
}

/// Whether the label expression holds for the labels that `own` lists.
fn label_predicate(own: &LogicalExpr, labels: &LabelExpression) -> LogicalExpr {
    let parts = |parts: &[LabelExpression]| {
        let parts = parts.iter().map(|part| label_predicate(own, part));
        parts.collect::<Vec<_>>()
    };
    match &labels.kind {
        LabelKind::Name(name) => LogicalExpr::Literal(Value::String(name.text.clone()))
            .binary(BinaryOperator::In, own.clone()),
        LabelKind::Wildcard => size_of(own.clone()).binary(
            BinaryOperator::Greater,
            LogicalExpr::Literal(Value::Int64(0)),
        ),
        LabelKind::Not(inner) => label_predicate(own, inner).unary(UnaryOperator::Not),
        LabelKind::And(all) => LogicalExpr::all(parts(all)),
        LabelKind::Or(any) => LogicalExpr::any(parts(any)),
    }
}

/// Whether the entity comes from one of the tables.
pub(crate) fn label_test(entity: LogicalExpr, tables: Tables) -> LogicalExpr {
    LogicalExpr::TableIn {
        entity: Box::new(entity),
        tables,
    }
}
