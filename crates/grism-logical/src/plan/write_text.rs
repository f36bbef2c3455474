//! A clause that writes in one line, as plans show it.

use super::{
    Created, LabelChange, LogicalPlan, PropertiesMode, SetItem, SharedPlan, Write, WriteKind,
};
use crate::{is_internal, shown_column};
use std::fmt::Write as _;

impl Write {
    /// The node's own line.
    #[must_use]
    pub fn describe(&self) -> String {
        let input = self.input.as_ref();
        let what = match &self.kind {
            WriteKind::Create(created) => pattern(input, created),
            WriteKind::Merge(merge) => {
                let mut text = pattern(input, &merge.created);
                let actions = [("create", &merge.on_create), ("match", &merge.on_match)];
                for (when, action) in actions {
                    if let Some((plan, items)) = action {
                        let _ = write!(text, "; on {when} {}", set_items(plan, items));
                    }
                }
                text
            }
            WriteKind::Set(items) => set_items(input, items),
            WriteKind::Delete { targets, .. } => {
                let targets = targets.iter().map(|(column, _)| value(input, column));
                targets.collect::<Vec<_>>().join(", ")
            }
        };
        format!("{}({what})", self.kind.name())
    }
}

/// What is created over the rows of `input`, as a pattern.
fn pattern(input: &LogicalPlan, created: &Created) -> String {
    let mut parts = Vec::new();
    for own in &created.entities {
        let labels = match &own.hyperedge_type {
            Some(name) => name.clone(),
            None => own.labels.join("&"),
        };
        let node = labelled(&own.column, &labels);
        let node = with_properties(input, node, own.properties.as_deref());
        parts.push(format!("({node})"));
    }
    for own in &created.edges {
        let edge = labelled(&own.column, &own.type_name);
        let edge = with_properties(input, edge, own.properties.as_deref());
        let arrow = if own.undirected { "-" } else { "->" };
        let (source, target) = (labelled(&own.source, ""), labelled(&own.target, ""));
        parts.push(format!("({source})-[{edge}]{arrow}({target})"));
    }
    for own in &created.incidences {
        let hyperedge = labelled(&own.hyperedge, "");
        let (role, member) = (&own.role, labelled(&own.member, ""));
        parts.push(format!("({hyperedge})-[:{role}]->({member})"));
    }
    parts.join(", ")
}

fn with_properties(input: &LogicalPlan, entity: String, properties: Option<&str>) -> String {
    let map = properties.map(|column| value(input, column));
    let parts = [Some(entity), map].into_iter().flatten();
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

/// Items of SET or REMOVE, whose values `input` computes.
fn set_items(input: &LogicalPlan, items: &[SetItem]) -> String {
    let items = items.iter().map(|item| match item {
        SetItem::Property {
            entity,
            key,
            value: new,
        } => format!(
            "{}.{key} = {}",
            value(input, &entity.0),
            value(input, &new.0)
        ),
        SetItem::Properties {
            entity,
            value: new,
            mode,
        } => {
            let operator = match mode {
                PropertiesMode::Merge => "+=",
                PropertiesMode::Replace => "=",
            };
            let (entity, new) = (value(input, &entity.0), value(input, &new.0));
            format!("{entity} {operator} {new}")
        }
        SetItem::Labels {
            entity,
            labels,
            change,
        } => {
            let sign = match change {
                LabelChange::Add => "",
                LabelChange::Remove => "-",
            };
            format!("{sign}{}:{}", value(input, &entity.0), labels.join(":"))
        }
    });
    items.collect::<Vec<_>>().join(", ")
}

/// What `input` computes for an internal column, or the column where it computes nothing.
fn value(input: &LogicalPlan, column: &str) -> String {
    if !is_internal(column) {
        return column.to_owned();
    }
    let mut plans = vec![input];
    while let Some(plan) = plans.pop() {
        if let LogicalPlan::Project { expressions, .. } = plan {
            match expressions.iter().find(|own| own.name == column) {
                Some(own) if own.is_own_column() => {}
                Some(own) => return own.expression.to_string(),
                None => continue,
            }
        }
        plans.extend(plan.inputs().into_iter().map(SharedPlan::as_ref));
    }
    column.to_owned()
}

/// `column:labels`, with either part left out where it says nothing.
fn labelled(column: &str, labels: &str) -> String {
    let column = shown_column(column);
    match labels.is_empty() {
        true => column.to_owned(),
        false => format!("{column}:{labels}"),
    }
}

#[cfg(test)]
mod tests {
    use grism_core::{Type, Value};

    use super::*;
    use crate::plan::write::tests::pattern;
    use crate::plan::{CreatedEntity, DeleteMode, MergeWrite};
    use crate::{Internal, LogicalExpr, NamedExpr, PlanSchema};

    fn computing(expression: LogicalExpr, column: &str) -> LogicalPlan {
        let computed = LogicalPlan::Project {
            input: SharedPlan::new(LogicalPlan::Argument(PlanSchema::default())),
            expressions: vec![expression.named(column)],
        };
        let distinct = LogicalPlan::Distinct {
            input: SharedPlan::new(computed),
        };
        LogicalPlan::Project {
            input: SharedPlan::new(distinct),
            expressions: vec![NamedExpr::column(column)],
        }
    }

    fn described(input: LogicalPlan, kind: WriteKind) -> String {
        let input = SharedPlan::new(input);
        Write { input, kind }.describe()
    }

    fn entity(column: &str, labels: &[&str], hyperedge_type: Option<&str>) -> CreatedEntity {
        CreatedEntity {
            column: column.to_owned(),
            labels: labels.iter().map(|own| (*own).to_owned()).collect(),
            hyperedge_type: hyperedge_type.map(str::to_owned),
            properties: None,
        }
    }

    fn internal(what: &str) -> String {
        Internal::Bound { what, number: 1 }.column()
    }

    fn properties() -> String {
        internal("properties")
    }

    fn map_of_x() -> LogicalPlan {
        let map = LogicalExpr::Map(vec![LogicalExpr::column("x").named("k")]);
        computing(map, &properties())
    }

    #[test]
    fn what_is_created_is_shown_as_a_pattern_with_the_values_that_the_input_computes() {
        let mut created = pattern();
        created.entities[1].properties = Some(properties());
        assert_eq!(
            described(map_of_x(), WriteKind::Create(created)),
            "Create((a:A&B), (:MEETING {k: x}), (a)-[r:KNOWS]->(x), ()-[:organizer]->(a))"
        );
    }

    #[test]
    fn a_merge_shows_what_it_sets_as_well() {
        let mut merge = MergeWrite {
            created: Created {
                entities: vec![entity("a", &["A"], None)],
                ..Created::default()
            },
            found: internal("found"),
            keys: Vec::new(),
            variables: Vec::new(),
            on_create: None,
            on_match: Some((
                computing(LogicalExpr::Literal(Value::Int64(1)), &internal("value")),
                vec![SetItem::Property {
                    entity: ("a".to_owned(), Type::Any),
                    key: "seen".to_owned(),
                    value: (internal("value"), Type::Int64),
                }],
            )),
        };
        merge.created.entities[0].properties = Some(properties());
        assert_eq!(
            described(map_of_x(), WriteKind::Merge(Box::new(merge))),
            "Merge((a:A {k: x}); on match a.seen = 1)"
        );
    }

    #[test]
    fn what_is_set_and_deleted_is_shown_in_order() {
        let entity = || ("a".to_owned(), Type::Any);
        let items = vec![
            SetItem::Properties {
                entity: entity(),
                value: (properties(), Type::Any),
                mode: PropertiesMode::Merge,
            },
            SetItem::Labels {
                entity: entity(),
                labels: vec!["B".to_owned()],
                change: LabelChange::Remove,
            },
        ];
        let set = described(map_of_x(), WriteKind::Set(items));
        assert_eq!(set, "Set(a += {k: x}, -a:B)");
        let kind = WriteKind::Delete {
            targets: vec![entity()],
            mode: DeleteMode::Detach,
        };
        assert_eq!(described(map_of_x(), kind), "DetachDelete(a)");
    }
}
