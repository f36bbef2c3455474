//! A role that is asked for as if it were a property.

use grism_core::{GraphSchema, Tables};
use grism_logical::is_internal;

/// What is odd about `variable.name`, where no table has such a property: the name is a role of one of their declared
/// types, whose members are reached by a step. `None` where it is no role either: in an undeclared type, `source` and
/// `target` are names like any other. `column` holds the entity.
pub(super) fn role_property(
    schema: &GraphSchema,
    tables: &Tables,
    column: Option<&str>,
    name: &str,
) -> Option<String> {
    // An entity that an expression makes has no name to be written before the step.
    let variable = column.filter(|column| !column.starts_with('[') && !is_internal(column));
    let variable = variable.unwrap_or("h");
    let types = tables
        .iter()
        .filter_map(|table| schema.table(*table).ok()?.hyperedge_type());
    let with_role: Vec<_> = types
        .filter(|ty| ty.declared && ty.role(name).is_some())
        .collect();
    let first = with_role.first()?;
    let names: Vec<String> = with_role
        .iter()
        .map(|ty| format!("`{}`", ty.name))
        .collect();
    let remedy = if !first.is_binary() {
        format!("({variable})-[:{name}]->(x)")
    } else if name == grism_core::SOURCE_ROLE {
        format!("startNode({variable})")
    } else {
        format!("endNode({variable})")
    };
    Some(format!(
        "`{name}` is a role of {} and no property, so it is null here: write `{remedy}`",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use grism_core::{Cardinality, HyperedgeType, Role};

    use super::*;

    #[test]
    fn a_role_says_how_it_is_reached() {
        let mut schema = GraphSchema::default();
        let role = Role::new("organizer", None, Cardinality::One);
        let meeting = HyperedgeType {
            name: "MEETING".to_owned(),
            roles: vec![role],
            declared: true,
        };
        let meeting = schema.declare(meeting).unwrap();
        let knows = HyperedgeType {
            declared: true,
            ..HyperedgeType::binary_edge("KNOWS")
        };
        let knows = schema.declare(knows).unwrap();
        let likes = schema.ensure_edge_table("LIKES").unwrap();
        let of = |table, name: &str| role_property(&schema, &Arc::from([table]), Some("m"), name);
        let found = of(meeting, "organizer").unwrap();
        assert!(found.contains("role of `MEETING`"), "{found}");
        assert!(found.contains("`(m)-[:organizer]->(x)`"), "{found}");
        assert!(of(knows, "target").unwrap().contains("endNode(m)"));
        assert_eq!(of(meeting, "topic"), None);
        assert_eq!(of(likes, "target"), None);
    }
}
