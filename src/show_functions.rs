//! `SHOW FUNCTIONS` and `SHOW PROCEDURES`: what expressions and CALL may name.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use grism_core::GraphSchema;
use grism_cypher::Procedure;
use grism_functions::{Category, Functions, UserParameter, Visibility, built_in_functions};

/// A row of `SHOW FUNCTIONS`.
struct Row {
    name: String,
    kind: &'static str,
    category: Category,
    signature: String,
    description: String,
}

/// The columns of `SHOW FUNCTIONS`, by name in any case.
pub(crate) fn columns(functions: &Functions) -> Vec<(&'static str, ArrayRef)> {
    let built_in = built_in_functions().filter(|own| own.visibility() == Visibility::Public);
    let built_in = built_in.map(|own| Row {
        name: own.name.to_owned(),
        kind: match own.category {
            Category::Aggregates => "aggregate",
            _ => "scalar",
        },
        category: own.category,
        signature: own.signature(),
        description: own.description.to_owned(),
    });
    let user = functions.user_functions().map(|own| Row {
        name: own.name().to_owned(),
        kind: own.kind(),
        category: Category::UserDefined,
        signature: own.signature(),
        description: own.description().to_owned(),
    });
    let mut rows: Vec<Row> = built_in.chain(user).collect();
    rows.sort_by_cached_key(|row| row.name.to_lowercase());
    let texts = |pick: fn(&Row) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(pick)))
    };
    vec![
        ("name", texts(|row| &row.name)),
        ("kind", texts(|row| row.kind)),
        ("category", texts(|row| row.category.title())),
        ("signature", texts(|row| &row.signature)),
        ("description", texts(|row| &row.description)),
    ]
}

/// The columns of `SHOW PROCEDURES`, by name.
pub(crate) fn procedures(
    schema: &GraphSchema,
    functions: &Functions,
) -> Vec<(&'static str, ArrayRef)> {
    let all = grism_cypher::procedures(schema, functions);
    let texts = |pick: fn(&Procedure) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(all.iter().map(pick)))
    };
    let categories = all.iter().map(|own| match functions.user(&own.name) {
        Some(_) => Category::UserDefined.title(),
        None => "Graph",
    });
    vec![
        ("name", texts(|own| own.name.clone())),
        ("arguments", texts(|own| columns_text(&own.arguments))),
        ("columns", texts(|own| columns_text(&own.columns))),
        (
            "category",
            Arc::new(StringArray::from_iter_values(categories)),
        ),
        ("description", texts(|own| own.description.clone())),
    ]
}

/// Columns with their types, as `name: String, count: Int64`.
fn columns_text(columns: &[UserParameter]) -> String {
    let texts: Vec<String> = columns
        .iter()
        .map(|column| format!("{}: {}", column.name, column.ty))
        .collect();
    texts.join(", ")
}
