//! The procedures that CALL may name: tables of rows with columns to match and columns to give.

use std::collections::BTreeMap;

use grism_core::{GraphSchema, Result, Type, Value};

use super::search::searches;
use crate::binder::QueryContext;
use crate::binder::names::hint;
use crate::syntax::QualifiedName;

/// A column of a procedure.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcedureColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// A procedure that CALL may name.
#[derive(Clone, Debug, PartialEq)]
pub struct Procedure {
    /// Its name, with dots.
    pub name: String,
    /// What it takes.
    pub arguments: Vec<ProcedureColumn>,
    /// What it gives; none for a procedure that only does something.
    pub columns: Vec<ProcedureColumn>,
    /// Its rows: arguments, then columns. A call gives those whose arguments are the call's.
    pub rows: Vec<Vec<Value>>,
}

/// The procedures that CALL may name, beside those that every graph has.
pub type Procedures = BTreeMap<String, Procedure>;

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
