//! Finding the procedure that a CALL names.

use grism_core::{GraphSchema, Result, Type};
use grism_functions::{Functions, UserDefined, UserParameter};

use super::procedure::{Procedure, Source};
use super::search::searches;
use crate::binder::QueryContext;
use crate::binder::names::hint;
use crate::syntax::QualifiedName;

/// The procedures that CALL may name, by name.
#[must_use]
pub fn procedures(schema: &GraphSchema, functions: &Functions) -> Vec<Procedure> {
    let built_in = built_in(schema).into_iter().chain(searches(None));
    let mut all: Vec<Procedure> = built_in.chain(of_user(functions)).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The functions of rows that the user registered.
fn of_user(functions: &Functions) -> impl Iterator<Item = Procedure> {
    functions.user_functions().filter_map(|own| match own {
        UserDefined::Table(function) => Some(Procedure::of_function(function)),
        UserDefined::Scalar(_) | UserDefined::Aggregate(_) => None,
    })
}

/// The procedures that list what the graph holds.
fn built_in(schema: &GraphSchema) -> Vec<Procedure> {
    let listing = |name: &str, column: &str, values: Vec<String>, description: &str| Procedure {
        name: name.to_owned(),
        arguments: Vec::new(),
        columns: vec![UserParameter::new(column, Type::String)],
        description: description.to_owned(),
        source: Source::Listed(values),
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
    let keys = sorted(keys.collect());
    vec![
        listing("db.labels", "label", labels, "The labels of nodes."),
        listing(
            "db.relationshipTypes",
            "relationshipType",
            types(true),
            "The types of binary edges.",
        ),
        listing(
            "db.hyperedgeTypes",
            "hyperedgeType",
            types(false),
            "The types of hyperedges, without binary edges.",
        ),
        listing(
            "db.propertyKeys",
            "propertyKey",
            keys,
            "The names of properties.",
        ),
    ]
}

/// The procedure called `name`, which is `given` so many arguments. A user's is found in upper and lower case, as functions are.
pub(super) fn find_procedure(
    context: QueryContext<'_>,
    name: &QualifiedName,
    given: Option<usize>,
) -> Result<Procedure> {
    let text = &name.text;
    let functions = context.bind.functions;
    if let Some(UserDefined::Table(function)) = functions.user(text) {
        return Ok(Procedure::of_function(function));
    }
    let built_in = built_in(context.schema());
    let built_in: Vec<Procedure> = built_in.into_iter().chain(searches(given)).collect();
    if let Some(procedure) = built_in.iter().find(|procedure| &procedure.name == text) {
        return Ok(procedure.clone());
    }
    let message = match functions.find(text) {
        Some(_) => format!("`{text}()` gives a value, not rows: RETURN {text}(…)"),
        None => {
            let known: Vec<Procedure> = built_in.into_iter().chain(of_user(functions)).collect();
            let names = known.iter().map(|procedure| procedure.name.as_str());
            format!("unknown procedure `{text}`{}", hint(text, names))
        }
    };
    Err(context
        .source
        .invalid(message, name.span)
        .with_code("ProcedureError:ProcedureNotFound"))
}
