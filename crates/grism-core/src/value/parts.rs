//! Entities and paths as maps of their parts, for readers that know neither.

use std::collections::BTreeMap;

use super::Value;

impl Value {
    /// A node, a hyperedge, an incidence or a path as a map of its parts; any other value as it is.
    #[must_use]
    pub fn into_parts(self) -> Self {
        fn map<const PARTS: usize>(parts: [(&str, Value); PARTS]) -> Value {
            let named = parts.map(|(key, value)| (key.to_owned(), value));
            Value::Map(BTreeMap::from(named))
        }
        let id = |raw: u64| Self::Int64(raw as i64);
        match self {
            Self::Node(node) => {
                let contents = node.contents.unwrap_or_default();
                let labels = contents.labels.into_iter().map(Self::String).collect();
                map([
                    ("id", id(node.id)),
                    ("labels", Self::List(labels)),
                    ("properties", Self::Map(contents.properties)),
                ])
            }
            Self::Hyperedge(hyperedge) => {
                let contents = hyperedge.contents.unwrap_or_default();
                map([
                    ("id", id(hyperedge.id)),
                    ("type", Self::String(contents.type_name)),
                    ("properties", Self::Map(contents.properties)),
                ])
            }
            Self::Incidence(incidence) => map([
                ("hyperedge", id(incidence.hyperedge.id)),
                ("role", Self::String(incidence.role)),
                (
                    "member",
                    incidence.member.entity_id().map_or(Self::Null, id),
                ),
            ]),
            Self::Path(path) => map([
                ("nodes", Self::List(path.nodes)),
                ("relationships", Self::List(path.relationships)),
            ]),
            other => other,
        }
    }
}
