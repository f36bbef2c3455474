//! The names of datasets and of their columns.

use arrow::datatypes::Field;
use grism_core::{LABELS_COLUMN, Table, TableKind, Type, stable_hash};

use crate::columns::role_type;

/// Bytes of a part of a path, at most: file systems take 255, some of which an ending and a number need.
const PART_BYTES: usize = 240;
/// Bytes that are kept of a longer one.
const KEPT_BYTES: usize = 200;

/// The fields a table's dataset is made with, which are the same for every writer that makes it.
pub(in crate::lance) fn first_fields(table: &Table) -> Vec<Field> {
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
            .map(|role| Field::new(role.column(), role_type(role), true))
            .collect(),
    }
}

/// Where a table's dataset lies, without its ending.
pub(in crate::lance) fn table_path(table: &Table) -> String {
    match &table.kind {
        TableKind::Nodes { labels } => {
            let labels: Vec<String> = labels.iter().map(|label| encoded(label)).collect();
            let name = shortened(labels.join("+"));
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
pub(in crate::lance) fn adjacency_path(table: &Table, role: &str) -> String {
    format!(
        "adjacency/{}/{}",
        file_name(&table.display_name()),
        file_name(role)
    )
}

/// A name as part of a path: what is not a letter, a digit, `_` or `-` becomes `%` and its code, and a long name is cut.
pub(in crate::lance) fn file_name(name: &str) -> String {
    shortened(encoded(name))
}

fn encoded(name: &str) -> String {
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

/// A part of a path, or where it is longer than file systems allow, its beginning and the hash of it all.
fn shortened(part: String) -> String {
    if part.len() <= PART_BYTES {
        return part;
    }
    format!(
        "{}~{:016x}",
        &part[..KEPT_BYTES],
        stable_hash(part.as_bytes())
    )
}

#[cfg(test)]
mod tests {
    use grism_core::GraphSchema;

    use super::*;

    fn path(labels: &[String]) -> String {
        let mut schema = GraphSchema::default();
        let table = schema.ensure_node_table(labels).unwrap();
        table_path(schema.table(table).unwrap())
    }

    #[test]
    fn names_become_parts_of_paths() {
        assert_eq!(path(&[]), "nodes/_");
        assert_eq!(path(&["b".into(), "a.c".into()]), "nodes/a%2Ec+b");
        assert_eq!(file_name("größe"), "gr%C3%B6%C3%9Fe");
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let long = |last: &str| "ä".repeat(150) + last;
        let (a, b) = (file_name(&long("a")), file_name(&long("b")));
        assert!(a.len() < 240 && b.len() < 240, "{a}");
        assert_ne!(a, b);
        let many: Vec<String> = (0..100).map(|number| format!("Label{number}")).collect();
        let (all, others) = (path(&many), path(&many[1..]));
        assert!(all.len() < 240, "{all}");
        assert_ne!(all, others);
    }
}
