//! The names of datasets and of their columns.

use arrow::datatypes::Field;
use grism_core::{LABELS_COLUMN, Table, TableKind, Type};

use crate::columns::role_type;

/// The fields a table's dataset is made with, which are the same for every writer that makes it.
pub(super) fn first_fields(table: &Table) -> Vec<Field> {
    match &table.kind {
        TableKind::Nodes { .. } => {
            vec![Field::new(
                LABELS_COLUMN,
                Type::String.list().to_arrow(),
                true,
            )]
        }
        TableKind::Hyperedges(hyperedge_type) => hyperedge_type
            .roles
            .iter()
            .map(|role| Field::new(&role.name, role_type(role), true))
            .collect(),
    }
}

/// Where a table's dataset lies, without its ending.
pub(super) fn table_path(table: &Table) -> String {
    match &table.kind {
        TableKind::Nodes { labels } => {
            let name = labels
                .iter()
                .map(|label| file_name(label))
                .collect::<Vec<_>>()
                .join("+");
            format!(
                "nodes/{}",
                if name.is_empty() {
                    "_".to_owned()
                } else {
                    name
                }
            )
        }
        TableKind::Hyperedges(hyperedge_type) => {
            format!("hyperedges/{}", file_name(&hyperedge_type.name))
        }
    }
}

/// Where the incidence lists of a role lie, without the ending.
pub(super) fn adjacency_path(table: &Table, role: &str) -> String {
    format!(
        "adjacency/{}/{}",
        file_name(&table.display_name()),
        file_name(role)
    )
}

/// A name as part of a path: what is not a letter, a digit, `_` or `-` becomes `%` and its code.
pub(super) fn file_name(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
