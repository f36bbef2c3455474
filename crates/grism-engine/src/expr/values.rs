//! Functions that are computed value by value: of entities, paths, maps, temporal values, and of what has any type.

use arrow::datatypes::DataType;
use grism_core::{
    Error, HyperedgeContents, PathValue, Result, Type, Value, equal_values, total_order,
};
use grism_logical::{ArithmeticOperator, ScalarFunction as F};

use super::convert::convert_value;
use super::lookup::{get, has_labels};
use super::node::Node;
use super::operand::{Operand, map_rows};
use super::statistics;
use super::temporal;

/// Whether the function looks at dynamically typed arguments itself.
pub(super) fn takes_any(function: F) -> bool {
    temporal::is_temporal(function)
        || statistics::is_statistic(function)
        || matches!(
            function,
            F::Get
                | F::Merge
                | F::AsList
                | F::HasLabels
                | F::Keys
                | F::Labels
                | F::Type
                | F::Kind
                | F::Position
                | F::Properties
                | F::PropertyMap
                | F::Id
                | F::ElementId
                | F::StartNode
                | F::EndNode
                | F::Nodes
                | F::Relationships
                | F::Length
                | F::Path
                | F::Entity
                | F::Roles
                | F::Members
                | F::Arity
                | F::IsEmpty
                | F::NullIf
                | F::ToString
                | F::ToInteger
                | F::ToFloat
                | F::ToBoolean
                | F::ToStringOrNull
                | F::ToIntegerOrNull
                | F::ToFloatOrNull
                | F::ToBooleanOrNull
                | F::ToStringList
                | F::ToIntegerList
                | F::ToFloatList
                | F::ToBooleanList
                | F::DistinctOf
                | F::Coalesce
                | F::Key
        )
}

/// Whether the function, with arguments of these types, is computed value by value.
pub(super) fn is_value_function(function: F, arguments: &[(Node, Type)]) -> bool {
    if !takes_any(function) {
        return false;
    }
    let unknown = arguments.iter().any(|(_, ty)| ty == &Type::Any);
    match function {
        // There are kernels for these.
        F::Id | F::ToInteger | F::ToFloat | F::ToBoolean => unknown,
        F::ToString => {
            unknown
                || arguments
                    .iter()
                    .any(|(_, ty)| !matches!(ty, Type::Int64 | Type::String))
        }
        _ => true,
    }
}

/// The function, row by row.
pub(super) fn call_rows(
    function: F,
    arguments: &[Operand],
    rows: usize,
    data_type: &DataType,
) -> Result<Operand> {
    let inputs: Vec<&Operand> = arguments.iter().collect();
    map_rows(&inputs, rows, data_type, |values| call(function, values))
}

fn call(function: F, mut arguments: Vec<Value>) -> Result<Value> {
    if temporal::is_temporal(function) {
        return temporal::call(function, &arguments);
    }
    if statistics::is_statistic(function) {
        return statistics::call(function, &arguments);
    }
    match function {
        F::Path => return path(arguments),
        F::NullIf => {
            let [first, second] = take(arguments)?;
            let same = equal_values(&first, &second) == Some(true);
            return Ok(if same { Value::Null } else { first });
        }
        F::Coalesce => {
            return Ok(arguments
                .into_iter()
                .find(|value| !value.is_null())
                .unwrap_or(Value::Null));
        }
        _ => {}
    }
    let second = (arguments.len() > 1).then(|| arguments.pop()).flatten();
    let first = arguments.pop().unwrap_or(Value::Null);
    if first.is_null() {
        return Ok(Value::Null);
    }
    Ok(match (function, first) {
        (F::Get, base) => match second {
            Some(Value::String(key)) => get(&base, &key)?,
            _ => Value::Null,
        },
        (F::AsList, Value::List(items)) => Value::List(items),
        (F::AsList, value) => Value::List(vec![value]),
        (F::Merge, Value::Map(mut entries)) => {
            if let Some(Value::Map(more)) = second {
                entries.extend(more);
            }
            Value::Map(entries)
        }
        (F::HasLabels, base) => has_labels(&base, second.as_ref())?,
        (F::Keys, Value::Map(entries)) => texts(entries.into_keys()),
        (F::Keys, base) => texts(properties(base, function)?.into_keys()),
        (F::Properties | F::PropertyMap, Value::Map(entries)) => Value::Map(entries),
        (F::Properties | F::PropertyMap, base) => Value::Map(properties(base, function)?),
        (F::Labels, Value::Node(node)) => texts(read(node.contents)?.labels.into_iter()),
        (F::Labels, Value::Hyperedge(hyperedge)) => {
            texts(std::iter::once(read(hyperedge.contents)?.type_name))
        }
        (F::Type, Value::Hyperedge(hyperedge)) => {
            Value::String(read(hyperedge.contents)?.type_name)
        }
        (F::Type, Value::Incidence(incidence)) => Value::String(incidence.role),
        (F::Kind, Value::Node(_)) => Value::String("node".to_owned()),
        (F::Kind, Value::Hyperedge(_)) => Value::String("hyperedge".to_owned()),
        (F::Kind, Value::Incidence(_)) => Value::String("incidence".to_owned()),
        (F::Position, Value::Incidence(incidence)) => Value::Int64(incidence.position),
        // An edge has no place within a role.
        (F::Position, Value::Hyperedge(_)) => Value::Null,
        // A node binds no members.
        (F::Roles | F::Members, Value::Node(_)) => Value::List(Vec::new()),
        (F::Arity, Value::Node(_)) => Value::Int64(0),
        (F::Id, Value::Node(node)) => Value::Int64(node.id as i64),
        (F::Id, Value::Hyperedge(hyperedge)) => Value::Int64(hyperedge.id as i64),
        (F::ElementId, Value::Node(node)) => Value::String(node.id.to_string()),
        (F::ElementId, Value::Hyperedge(hyperedge)) => Value::String(hyperedge.id.to_string()),
        (F::StartNode, Value::Incidence(incidence)) => {
            Value::Hyperedge(Box::new(incidence.hyperedge))
        }
        (F::EndNode, Value::Incidence(incidence)) => incidence.member,
        (F::StartNode | F::EndNode, Value::Hyperedge(hyperedge)) => {
            let contents = read(hyperedge.contents)?;
            let place = usize::from(function == F::EndNode);
            end_of(contents, place)
        }
        (F::Roles, Value::Hyperedge(hyperedge)) => texts(
            read(hyperedge.contents)?
                .members
                .into_iter()
                .filter(|(_, members)| !members.is_empty())
                .map(|(role, _)| role),
        ),
        (F::Arity, Value::Hyperedge(hyperedge)) => {
            let members = read(hyperedge.contents)?.members;
            Value::Int64(
                members
                    .iter()
                    .map(|(_, members)| members.len() as i64)
                    .sum(),
            )
        }
        (F::Members, Value::Hyperedge(hyperedge)) => {
            let members = read(hyperedge.contents)?.members.into_iter();
            let only = match &second {
                Some(Value::Null) => return Ok(Value::Null),
                Some(Value::String(only)) => Some(only),
                Some(other) => {
                    return Err(Error::invalid_data(format!(
                        "a role is a string, not {}",
                        other.type_name()
                    ))
                    .with_code("TypeError:InvalidArgumentType"));
                }
                None => None,
            };
            let wanted = members.filter(|(role, _)| only.is_none_or(|only| role == only));
            Value::List(wanted.flat_map(|(_, members)| members).collect())
        }
        (F::Nodes, Value::Path(path)) => Value::List(path.nodes),
        (F::Relationships, Value::Path(path)) => Value::List(path.relationships),
        (F::Length, Value::Path(path)) => Value::Int64(path.relationships.len() as i64),
        (F::Entity, value @ (Value::Node(_) | Value::Hyperedge(_))) => value,
        // Where an edge is asked for, an incidence is another relationship.
        (F::Entity, Value::Incidence(_)) if second == Some(Value::Bool(true)) => Value::Null,
        (F::IsEmpty, Value::String(text)) => Value::Bool(text.is_empty()),
        (F::IsEmpty, Value::List(items)) => Value::Bool(items.is_empty()),
        (F::IsEmpty, Value::Map(entries)) => Value::Bool(entries.is_empty()),
        (F::ToString | F::ToInteger | F::ToFloat | F::ToBoolean, value) => {
            convert_value(function, value)?
        }
        (F::ToStringOrNull, value) => convert_value(F::ToString, value).unwrap_or(Value::Null),
        (F::ToIntegerOrNull, value) => convert_value(F::ToInteger, value).unwrap_or(Value::Null),
        (F::ToFloatOrNull, value) => convert_value(F::ToFloat, value).unwrap_or(Value::Null),
        (F::ToBooleanOrNull, value) => convert_value(F::ToBoolean, value).unwrap_or(Value::Null),
        (F::ToStringList, Value::List(items)) => each(items, F::ToString),
        (F::ToIntegerList, Value::List(items)) => each(items, F::ToInteger),
        (F::ToFloatList, Value::List(items)) => each(items, F::ToFloat),
        (F::ToBooleanList, Value::List(items)) => each(items, F::ToBoolean),
        (F::DistinctOf, Value::List(items)) => {
            let mut seen: Vec<Value> = Vec::new();
            let mut known = std::collections::BTreeSet::new();
            for item in items {
                let key = grism_core::key_of_any(&grism_core::encode_any(&item))?;
                if known.insert(key) {
                    seen.push(item);
                }
            }
            Value::List(seen)
        }
        (function, value) => return Err(mismatch(function, &value)),
    })
}

/// The error for a value that a function does not take.
pub(super) fn mismatch(function: F, value: &Value) -> Error {
    let found = value.type_name();
    if function == F::PropertyMap {
        return Error::invalid_query(format!("properties are a map, not {found}"))
            .with_code("TypeError:InvalidArgumentType");
    }
    Error::invalid_query(format!("{} cannot be applied to {found}", called(function)))
        .with_code("TypeError:InvalidArgumentValue")
}

/// A function as messages name it: what no query can call is named by what a query writes for it.
pub(super) fn called(function: F) -> String {
    match function {
        F::HasLabels => "a label test".to_owned(),
        F::Get => "`.`".to_owned(),
        F::Merge | F::PropertyMap => "a map of properties".to_owned(),
        F::Entity => "a pattern".to_owned(),
        F::Path => "a path".to_owned(),
        F::DistinctOf | F::Key => "`DISTINCT`".to_owned(),
        F::AsList => "`UNWIND`".to_owned(),
        other => format!("`{}()`", other.name().trim_start_matches('#')),
    }
}

fn take<const N: usize>(arguments: Vec<Value>) -> Result<[Value; N]> {
    <[Value; N]>::try_from(arguments).map_err(|_| Error::internal("odd arguments"))
}

fn texts(items: impl Iterator<Item = String>) -> Value {
    Value::List(items.map(Value::String).collect())
}

fn each(items: Vec<Value>, function: F) -> Value {
    let converted = items.into_iter().map(|item| match item {
        Value::Null => Value::Null,
        item => convert_value(function, item).unwrap_or(Value::Null),
    });
    Value::List(converted.collect())
}

/// The contents of an entity, which is read before any expression looks at it.
pub(super) fn read<T>(contents: Option<T>) -> Result<T> {
    contents.ok_or_else(|| Error::internal("the contents of an entity were not read"))
}

fn end_of(contents: HyperedgeContents, place: usize) -> Value {
    contents
        .members
        .into_iter()
        .nth(place)
        .and_then(|(_, members)| members.into_iter().next())
        .unwrap_or(Value::Null)
}

fn properties(value: Value, function: F) -> Result<std::collections::BTreeMap<String, Value>> {
    match value {
        Value::Node(node) => Ok(read(node.contents)?.properties),
        Value::Hyperedge(hyperedge) => Ok(read(hyperedge.contents)?.properties),
        // What is known of it belongs to its hyperedge.
        Value::Incidence(_) => Ok(std::collections::BTreeMap::new()),
        other => Err(mismatch(function, &other)),
    }
}

/// The path through entities and steps; null where any of them is.
fn path(parts: Vec<Value>) -> Result<Value> {
    let mut path = PathValue {
        nodes: Vec::new(),
        relationships: Vec::new(),
    };
    let mut parts = parts.into_iter();
    match parts.next() {
        None | Some(Value::Null) => return Ok(Value::Null),
        Some(first) => path.nodes.push(first),
    }
    while let (Some(step), Some(reached)) = (parts.next(), parts.next()) {
        match (step, reached) {
            (Value::Null, _) | (_, Value::Null) => return Ok(Value::Null),
            (Value::List(steps), Value::List(reached)) => {
                path.relationships.extend(steps);
                path.nodes.extend(reached);
            }
            (step, reached) => {
                path.relationships.push(step);
                path.nodes.push(reached);
            }
        }
    }
    if path.nodes.len() != path.relationships.len() + 1 {
        return Err(Error::internal("a path with a step too many"));
    }
    Ok(Value::Path(Box::new(path)))
}

/// `a operator b` where an operand is a list, a temporal value or a duration; `None` leaves it to the kernels.
pub(super) fn special_arithmetic(
    operator: ArithmeticOperator,
    a: &Value,
    b: &Value,
) -> Result<Option<Value>> {
    if a.is_null() || b.is_null() {
        return Ok(Some(Value::Null));
    }
    if operator == ArithmeticOperator::Add {
        match (a, b) {
            (Value::List(a), Value::List(b)) => {
                return Ok(Some(Value::List(a.iter().chain(b).cloned().collect())));
            }
            (Value::List(list), item) => {
                let mut list = list.clone();
                list.push(item.clone());
                return Ok(Some(Value::List(list)));
            }
            (item, Value::List(list)) => {
                let mut all = vec![item.clone()];
                all.extend(list.iter().cloned());
                return Ok(Some(Value::List(all)));
            }
            _ => {}
        }
    }
    if let Some(value) = temporal::arithmetic(operator, a, b)? {
        return Ok(Some(value));
    }
    let plain = |value: &Value| {
        matches!(
            value,
            Value::Int64(_) | Value::Float64(_) | Value::String(_) | Value::Bool(_)
        )
    };
    if plain(a) && plain(b) {
        return Ok(None);
    }
    Err(Error::invalid_query(format!(
        "`{}` cannot be applied to {} and {}",
        operator.as_str(),
        a.type_name(),
        b.type_name()
    ))
    .with_code("TypeError:InvalidArgumentType"))
}

/// The greater or the lesser of two values in the order of ORDER BY.
pub(super) fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by(total_order);
    values
}
