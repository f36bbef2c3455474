//! Label expressions: which tables they allow.

use grism_core::{GraphSchema, Result, Table, TableKind, Tables};

use super::hint;
use crate::binder::{Notes, QueryContext};
use crate::syntax::{LabelExpression, LabelKind, Name};

/// The tables whose entities a label expression allows in a node pattern, which finds binary edges only of the types
/// that it names, or that the query names as a label of the variable elsewhere.
pub(crate) fn found_tables(
    context: QueryContext<'_>,
    notes: &mut Notes,
    labels: &LabelExpression,
    variable: Option<&str>,
) -> Result<Tables> {
    let mut named = Vec::new();
    positive_names(labels, &mut named);
    let allowed = labelled_tables(context, notes, labels)?;
    let is_named = |name: &str| {
        named.contains(&name) || variable.is_some_and(|own| context.labels.has(own, name))
    };
    let mut found = Vec::new();
    for id in allowed.iter() {
        let hyperedge_type = context.schema().table(*id)?.hyperedge_type();
        if hyperedge_type.is_none_or(|ty| !ty.is_binary() || is_named(&ty.name)) {
            found.push(*id);
        }
    }
    Ok(found.into())
}

/// The tables that a variable without a label ranges over: those of all entities, and of the binary edge types that the
/// query names as a label of the variable elsewhere.
pub(crate) fn unlabelled_tables(context: QueryContext<'_>, variable: Option<&str>) -> Tables {
    let all = context.schema().entity_tables();
    let Some(variable) = variable else { return all };
    let edges = context
        .schema()
        .hyperedge_tables()
        .filter(|(_, ty)| ty.declared && ty.is_binary() && context.labels.has(variable, &ty.name));
    let mut tables = all.to_vec();
    tables.extend(edges.map(|(table, _)| table.id));
    tables.sort_unstable();
    tables.into()
}

/// The types and roles that a type expression allows; `None` for any. True where the names are written out.
pub(crate) fn step_names(
    schema: &GraphSchema,
    labels: &LabelExpression,
) -> (Option<Vec<String>>, bool) {
    if let Some(names) = type_names(labels) {
        let names = names.into_iter().map(|name| name.text.clone());
        return (Some(names.collect()), true);
    }
    if labels.kind == LabelKind::Wildcard {
        return (None, false);
    }
    let mut names: Vec<String> = Vec::new();
    for (_, ty) in schema.hyperedge_tables() {
        if ty.is_binary() {
            names.push(ty.name.clone());
        }
        if ty.declared {
            names.extend(ty.roles.iter().map(|role| role.name.clone()));
        }
    }
    names.sort_unstable();
    names.dedup();
    names.retain(|name| allows(labels, name));
    (Some(names), false)
}

/// The tables for whose entities a label expression holds. A declared hyperedge type is a label of its hyperedges.
pub(crate) fn labelled_tables(
    context: QueryContext<'_>,
    notes: &mut Notes,
    labels: &LabelExpression,
) -> Result<Tables> {
    warn_of_unknown_labels(context, notes, labels);
    let tables: Vec<&Table> = context
        .schema()
        .tables()
        .filter(|table| match &table.kind {
            TableKind::Nodes { .. } => true,
            TableKind::Hyperedges(hyperedge_type) => hyperedge_type.declared,
        })
        .collect();
    let mut allowed = Vec::new();
    for table in tables {
        if label_holds(labels, table) {
            allowed.push(table.id);
        }
    }
    Ok(allowed.into())
}

/// Of the tables of a relationship, those whose type passes the expression, declared or not.
pub(crate) fn typed_tables(
    schema: &GraphSchema,
    labels: &LabelExpression,
    tables: &Tables,
) -> Result<Tables> {
    let mut allowed = Vec::new();
    for id in tables.iter() {
        if label_holds(labels, schema.table(*id)?) {
            allowed.push(*id);
        }
    }
    Ok(allowed.into())
}

/// Warns of each name in a test of a relationship's type that is neither a type nor a role.
pub(crate) fn warn_of_unknown_types(
    context: QueryContext<'_>,
    notes: &mut Notes,
    labels: &LabelExpression,
) {
    let types = context.schema().hyperedge_tables().map(|(_, ty)| ty);
    let known: Vec<&str> = types
        .flat_map(|ty| {
            let roles = ty.roles.iter().filter(|_| ty.declared);
            std::iter::once(ty.name.as_str()).chain(roles.map(|role| role.name.as_str()))
        })
        .collect();
    warn_of_names(context, notes, labels, ("relationship type", &known));
}

/// Whether the expression holds for entities of the table, or may hold for those whose labels have changed.
fn label_holds(labels: &LabelExpression, table: &Table) -> bool {
    let changes = !table.changed_labels.is_empty();
    match &labels.kind {
        LabelKind::Name(name) if changes => table.may_have(&name.text),
        LabelKind::Wildcard | LabelKind::Not(_) if changes => true,
        LabelKind::Name(name) => match &table.kind {
            TableKind::Nodes { labels } => labels.contains(&name.text),
            TableKind::Hyperedges(hyperedge_type) => hyperedge_type.name == name.text,
        },
        LabelKind::Wildcard => !table.labels().is_empty() || table.hyperedge_type().is_some(),
        LabelKind::Not(inner) => !label_holds(inner, table),
        LabelKind::And(parts) => parts.iter().all(|part| label_holds(part, table)),
        LabelKind::Or(parts) => parts.iter().any(|part| label_holds(part, table)),
    }
}

fn warn_of_unknown_labels(context: QueryContext<'_>, notes: &mut Notes, labels: &LabelExpression) {
    let schema = context.schema();
    let types = schema.hyperedge_tables().filter(|(_, ty)| ty.declared);
    let types = types.map(|(_, ty)| ty.name.as_str());
    let known: Vec<&str> = schema.labels().into_iter().chain(types).collect();
    warn_of_names(context, notes, labels, ("label", &known));
}

/// Warns of each name in the expression that is not among the known ones, which are all of one kind.
fn warn_of_names(
    context: QueryContext<'_>,
    notes: &mut Notes,
    labels: &LabelExpression,
    (kind, known): (&str, &[&str]),
) {
    match &labels.kind {
        LabelKind::Name(name) => {
            let wanted = name.text.as_str();
            if !known.contains(&wanted) {
                let hint = hint(wanted, known.iter().copied());
                notes.warn(
                    context.source,
                    format!("there is no {kind} `{wanted}`, so nothing matches it{hint}"),
                    name.span,
                );
            }
        }
        LabelKind::Not(inner) => warn_of_names(context, notes, inner, (kind, known)),
        LabelKind::And(parts) | LabelKind::Or(parts) => {
            parts
                .iter()
                .for_each(|part| warn_of_names(context, notes, part, (kind, known)));
        }
        LabelKind::Wildcard => {}
    }
}

/// The names that stand in the expression without a negation.
pub(crate) fn positive_names<'l>(labels: &'l LabelExpression, names: &mut Vec<&'l str>) {
    match &labels.kind {
        LabelKind::Name(name) => names.push(&name.text),
        LabelKind::And(parts) | LabelKind::Or(parts) => {
            parts.iter().for_each(|part| positive_names(part, names));
        }
        LabelKind::Wildcard | LabelKind::Not(_) => {}
    }
}

/// The names of a relationship pattern's type expression, which may only be joined by `|`.
pub(crate) fn type_names(labels: &LabelExpression) -> Option<Vec<&Name>> {
    match &labels.kind {
        LabelKind::Name(name) => Some(vec![name]),
        LabelKind::Or(parts) => {
            let mut names = Vec::new();
            for part in parts {
                names.extend(type_names(part)?);
            }
            Some(names)
        }
        LabelKind::Wildcard | LabelKind::Not(_) | LabelKind::And(_) => None,
    }
}

/// Whether a relationship of the type or role `name` passes a type expression.
fn allows(labels: &LabelExpression, name: &str) -> bool {
    match &labels.kind {
        LabelKind::Name(own) => own.text == name,
        LabelKind::Wildcard => true,
        LabelKind::Not(inner) => !allows(inner, name),
        LabelKind::And(parts) => parts.iter().all(|part| allows(part, name)),
        LabelKind::Or(parts) => parts.iter().any(|part| allows(part, name)),
    }
}
