//! `GivenEntities`: what a call was given, and may give back by its id.

use std::collections::{BTreeMap, HashMap};

use grism_core::{Error, IncidenceValue, PathValue, Result, Value};

/// The entities, incidences and paths within the arguments of a call.
///
/// A function gives back what it was given, by id: what the value holds is what the graph holds, whatever the function made of it.
#[derive(Debug, Default)]
pub struct GivenEntities<'a> {
    /// Nodes and hyperedges by their ids. A member of a hyperedge is known without what it holds.
    entities: HashMap<u64, &'a Value>,
    incidences: HashMap<(u64, &'a str, i64), &'a Value>,
    paths: Vec<&'a PathValue>,
}

impl<'a> GivenEntities<'a> {
    /// What the arguments of one call hold.
    #[must_use]
    pub fn of(arguments: &'a [Value]) -> Self {
        let mut given = Self::default();
        arguments.iter().for_each(|value| given.add(value));
        given
    }

    fn add(&mut self, value: &'a Value) {
        match value {
            Value::Node(node) => self.add_entity(node.id, value, node.contents.is_some()),
            Value::Hyperedge(hyperedge) => {
                let contents = hyperedge.contents.as_ref();
                self.add_entity(hyperedge.id, value, contents.is_some());
                let members = contents.into_iter().flat_map(|contents| &contents.members);
                members.for_each(|(_, members)| members.iter().for_each(|own| self.add(own)));
            }
            Value::Incidence(incidence) => {
                self.incidences.insert(key_of(incidence), value);
                self.add(&incidence.member);
            }
            Value::Path(path) => {
                self.paths.push(path);
                let parts = path.nodes.iter().chain(&path.relationships);
                parts.for_each(|part| self.add(part));
            }
            Value::List(items) => items.iter().for_each(|item| self.add(item)),
            Value::Map(entries) => entries.values().for_each(|item| self.add(item)),
            _ => {}
        }
    }

    fn add_entity(&mut self, id: u64, value: &'a Value, is_read: bool) {
        let known = self.entities.entry(id).or_insert(value);
        if is_read {
            *known = value;
        }
    }

    /// A value that the function `name` gave, with what was given in place of what it names by id.
    ///
    /// # Errors
    /// `InvalidData` for an entity, an incidence or a path that is not among the arguments.
    pub fn resolved(&self, name: &str, value: Value) -> Result<Value> {
        let found = match &value {
            Value::Node(node) => self.entity(node.id, &value),
            Value::Hyperedge(hyperedge) => self.entity(hyperedge.id, &value),
            Value::Incidence(incidence) => {
                self.incidences.get(&key_of(incidence)).copied().cloned()
            }
            Value::Path(path) => {
                let mut paths = self.paths.iter();
                let given = paths.find(|own| parts(own) == parts(path));
                given.map(|own| Value::Path(Box::new((*own).clone())))
            }
            Value::List(_) | Value::Map(_) => return self.resolved_within(name, value),
            _ => return Ok(value),
        };
        found.ok_or_else(|| {
            Error::invalid_data(format!(
                "`{name}()` gave {}, which is not among those that it was given: a function returns entities of its arguments",
                shown(&value)
            ))
        })
    }

    fn resolved_within(&self, name: &str, value: Value) -> Result<Value> {
        Ok(match value {
            Value::List(items) => {
                let items = items.into_iter().map(|item| self.resolved(name, item));
                Value::List(items.collect::<Result<_>>()?)
            }
            Value::Map(entries) => {
                let entries = entries.into_iter();
                let entries = entries.map(|(key, item)| Ok((key, self.resolved(name, item)?)));
                Value::Map(entries.collect::<Result<BTreeMap<_, _>>>()?)
            }
            other => other,
        })
    }

    /// The given entity of an id, where it is of the kind of `like`.
    fn entity(&self, id: u64, like: &Value) -> Option<Value> {
        let given = *self.entities.get(&id)?;
        let is_alike = std::mem::discriminant(given) == std::mem::discriminant(like);
        is_alike.then(|| given.clone())
    }
}

fn key_of(incidence: &IncidenceValue) -> (u64, &str, i64) {
    (
        incidence.hyperedge.id,
        incidence.role.as_str(),
        incidence.position,
    )
}

/// What a path is known by.
fn parts(path: &PathValue) -> Vec<(u64, &str, i64)> {
    let parts = path.nodes.iter().chain(&path.relationships);
    let keys = parts.map(|part| match part {
        Value::Incidence(incidence) => key_of(incidence),
        other => (other.entity_id().unwrap_or(u64::MAX), "", 0),
    });
    keys.collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Node(node) => format!("the node with the id {}", node.id),
        Value::Hyperedge(hyperedge) => format!("the hyperedge with the id {}", hyperedge.id),
        Value::Incidence(incidence) => format!(
            "an incidence of the hyperedge with the id {}",
            incidence.hyperedge.id
        ),
        _ => "a path".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use grism_core::{ErrorKind, HyperedgeContents, HyperedgeValue, NodeContents, NodeValue};

    use super::*;

    fn read_node(id: u64) -> Value {
        Value::Node(Box::new(NodeValue {
            id,
            contents: Some(NodeContents::default()),
        }))
    }

    #[test]
    fn what_was_given_comes_back_with_what_it_holds() {
        let arguments = [Value::List(vec![read_node(3)]), Value::Int64(1)];
        let given = GivenEntities::of(&arguments);
        let found = given.resolved("f", Value::List(vec![Value::node(3), Value::Null]));
        let expected = Value::List(vec![read_node(3), Value::Null]);
        assert_eq!(found.unwrap(), expected);
    }

    #[test]
    fn an_entity_that_was_not_given_is_refused_whatever_its_id() {
        let arguments = [read_node(3)];
        let given = GivenEntities::of(&arguments);
        for other in [Value::node(4), Value::hyperedge(3)] {
            let error = given.resolved("my.f", other).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            assert!(error.message().contains("`my.f()` gave the "), "{error}");
        }
    }

    #[test]
    fn members_of_a_given_hyperedge_are_given_and_paths_are_whole() {
        let members = vec![("who".to_owned(), vec![Value::node(9)])];
        let hyperedge = Value::Hyperedge(Box::new(HyperedgeValue {
            id: 5,
            contents: Some(HyperedgeContents {
                members,
                ..HyperedgeContents::default()
            }),
        }));
        let path = |nodes: Vec<Value>| {
            Value::Path(Box::new(PathValue {
                nodes,
                relationships: Vec::new(),
            }))
        };
        let arguments = [hyperedge, path(vec![read_node(1)])];
        let given = GivenEntities::of(&arguments);
        assert_eq!(given.resolved("f", Value::node(9)).unwrap(), Value::node(9));
        let whole = given.resolved("f", path(vec![Value::node(1)])).unwrap();
        assert_eq!(whole, path(vec![read_node(1)]));
        assert!(given.resolved("f", path(vec![Value::node(9)])).is_err());
    }
}
