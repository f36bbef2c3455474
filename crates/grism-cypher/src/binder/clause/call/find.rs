//! Finding the procedure that a CALL names.

use grism_core::{GraphSchema, Result, Type, Value};

use super::procedure::{Procedure, ProcedureColumn};
use super::search::searches;
use crate::binder::QueryContext;
use crate::binder::names::hint;
use crate::syntax::QualifiedName;

/// The procedures that CALL may name in every graph, by name.
#[must_use]
pub fn procedures(schema: &GraphSchema) -> Vec<Procedure> {
    let mut all: Vec<Procedure> = built_in(schema).into_iter().chain(searches(None)).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The procedures that list what the graph holds.
fn built_in(schema: &GraphSchema) -> Vec<Procedure> {
    let listing = |name: &str, column: &str, values: Vec<String>| Procedure {
        name: name.to_owned(),
        arguments: Vec::new(),
        columns: vec![ProcedureColumn {
            name: column.to_owned(),
            ty: Type::String,
        }],
        rows: values
            .into_iter()
            .map(|value| vec![Value::String(value)])
            .collect(),
    };
    let sorted = |mut names: Vec<String>| {
        names.sort_unstable();
        names.dedup();
        names
    };
    let labels = schema.labels().into_iter().map(str::to_owned).collect();
    let types = |binary: bool| {
        let named = schema
            .hyperedge_tables()
            .filter(|(_, ty)| ty.is_binary() == binary)
            .map(|(_, ty)| ty.name.clone());
        sorted(named.collect())
    };
    let keys = schema.tables().flat_map(|table| {
        table
            .properties
            .iter()
            .map(|property| property.name.clone())
    });
    vec![
        listing("db.labels", "label", labels),
        listing("db.relationshipTypes", "relationshipType", types(true)),
        listing("db.hyperedgeTypes", "hyperedgeType", types(false)),
        listing("db.propertyKeys", "propertyKey", sorted(keys.collect())),
    ]
}

/// The procedure called `name`, which is `given` so many arguments.
pub(super) fn find_procedure(
    context: QueryContext<'_>,
    name: &QualifiedName,
    given: Option<usize>,
) -> Result<Procedure> {
    let text = &name.text;
    let own = context.bind.procedures;
    if let Some(procedure) = own.get(text) {
        return Ok(procedure.clone());
    }
    let known = built_in(context.schema());
    let known: Vec<Procedure> = known.into_iter().chain(searches(given)).collect();
    if let Some(procedure) = known.iter().find(|procedure| &procedure.name == text) {
        return Ok(procedure.clone());
    }
    let known = known.iter().map(|procedure| procedure.name.as_str());
    let names = known.chain(own.keys().map(String::as_str));
    let message = format!("unknown procedure `{text}`{}", hint(text, names));
    Err(context
        .source
        .invalid(message, name.span)
        .with_code("ProcedureError:ProcedureNotFound"))
}
