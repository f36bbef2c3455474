//! Values as Cypher writes them.

use std::fmt;

use super::{HyperedgeValue, NodeValue, Value};
use crate::temporal::{write_date, write_time};

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Int64(value) => value.fmt(f),
            Self::Float64(value) => write!(f, "{value:?}"),
            Self::String(value) => {
                write!(f, "'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
            }
            Self::Bytes(value) => write!(f, "<{} bytes>", value.len()),
            Self::Date(days) => write_date(f, *days),
            Self::LocalTime(nanos) => write_time(f, *nanos),
            Self::Time(value) => value.fmt(f),
            Self::LocalDateTime(value) => value.fmt(f),
            Self::DateTime(value) => value.fmt(f),
            Self::Duration(value) => value.fmt(f),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                write_entries(f, entries)?;
                f.write_str("}")
            }
            Self::Node(node) => node.fmt(f),
            Self::Hyperedge(hyperedge) => {
                f.write_str("[")?;
                write_hyperedge(f, hyperedge)?;
                f.write_str("]")
            }
            // The first place of a role, which is the only one of most roles, needs no number.
            Self::Incidence(incidence) if incidence.position == 0 => {
                write!(f, "[:{}]", incidence.role)
            }
            Self::Incidence(incidence) => {
                write!(
                    f,
                    "[:{} {{position: {}}}]",
                    incidence.role, incidence.position
                )
            }
            Self::Path(path) => {
                f.write_str("<")?;
                for (index, node) in path.nodes.iter().enumerate() {
                    let step = index
                        .checked_sub(1)
                        .and_then(|at| path.relationships.get(at));
                    if let Some(step) = step {
                        write!(f, "-{step}-")?;
                    }
                    node.fmt(f)?;
                }
                f.write_str(">")
            }
        }
    }
}

fn write_entries(
    f: &mut fmt::Formatter<'_>,
    entries: &std::collections::BTreeMap<String, Value>,
) -> fmt::Result {
    for (index, (key, value)) in entries.iter().enumerate() {
        write!(f, "{}{key}: {value}", if index > 0 { ", " } else { "" })?;
    }
    Ok(())
}

fn write_properties(
    f: &mut fmt::Formatter<'_>,
    properties: &std::collections::BTreeMap<String, Value>,
) -> fmt::Result {
    if properties.is_empty() {
        return Ok(());
    }
    f.write_str(" {")?;
    write_entries(f, properties)?;
    f.write_str("}")
}

impl fmt::Display for NodeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        match &self.contents {
            Some(contents) => {
                for label in &contents.labels {
                    write!(f, ":{label}")?;
                }
                write_properties(f, &contents.properties)?;
            }
            None => write!(f, "#{}", self.id)?,
        }
        f.write_str(")")
    }
}

fn write_hyperedge(f: &mut fmt::Formatter<'_>, hyperedge: &HyperedgeValue) -> fmt::Result {
    match &hyperedge.contents {
        Some(contents) => {
            write!(f, ":{}", contents.type_name)?;
            write_properties(f, &contents.properties)
        }
        None => write!(f, "#{}", hyperedge.id),
    }
}
