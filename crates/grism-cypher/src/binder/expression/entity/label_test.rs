//! Labels of entities whose tables are known, and tests of them.

use grism_core::{GraphSchema, LABELS_COLUMN, Result, Table, Tables, Type, Value};
use grism_logical::{BinaryOperator, LogicalExpr, ScalarFunction, UnaryOperator};

use super::function::{size_of, table_lookup};
use super::property::entity_column;
use crate::binder::expression::binder::ExpressionBinder;
use crate::binder::names::labelled_tables;
use crate::syntax::{LabelExpression, LabelKind, Span};

/// The labels of a node: those of its table, unless its own have changed.
pub(super) fn labels_of(
    binder: &mut ExpressionBinder<'_, '_>,
    base: LogicalExpr,
    tables: &Tables,
    span: Span,
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
    if !may_change(binder.context.schema(), tables) {
        return Ok(labels);
    }
    let entity = entity_column(binder, base, span)?;
    let changed = LogicalExpr::Property {
        entity,
        key: LABELS_COLUMN.to_owned(),
        ty: Type::String.list(),
    };
    Ok(LogicalExpr::call(
        ScalarFunction::Coalesce,
        vec![changed, labels],
    ))
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
    if !may_change(binder.context.schema(), tables) {
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
