//! The plain type that holds values which are known only now.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use grism_core::temporal::{Duration, LocalDateTime};
use grism_core::{Type, Value, compare_integer_float};

/// What type of column holds some values, before it is settled which Arrow type that is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Nothing but null.
    Null,
    /// Values of one type, which Arrow has.
    Plain(Type),
    /// Integers.
    Integers {
        /// Whether a float is each of them.
        exact: bool,
    },
    /// Floats, and integers that floats are too.
    Numbers,
    /// Times without zone.
    Local(Reach),
    /// Instants in one zone.
    Zoned(String, Reach),
    /// Lengths of time.
    Duration {
        /// Whether each is a number of nanoseconds: a month is not.
        fixed: bool,
    },
    /// Lists of one shape.
    List(Box<Shape>),
    /// Maps.
    Map(Keys, BTreeMap<String, Shape>),
    /// Values that have only their text in common.
    Text,
}

/// Which keys the maps of a column have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// The same in every map: what a query made has the keys it was given.
    Same,
    /// Those of nodes, hyperedges and incidences, each kind with its own.
    Entity,
    /// The names of properties, of which each entity has some.
    Properties,
}

/// What units reach all times of a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// Some are no whole microseconds.
    fine: bool,
    /// Some are past the years that 64 bits of nanoseconds reach.
    far: bool,
}

impl Reach {
    /// That of one time; `None` where microseconds do not reach it either.
    fn of(local: &LocalDateTime) -> Option<Self> {
        let micros = i128::from(local.days) * 86_400_000_000 + i128::from(local.nanos / 1_000);
        i64::try_from(micros).ok()?;
        Some(Self {
            fine: local.nanos % 1_000 != 0,
            far: local.to_nanos().is_none(),
        })
    }

    fn and(self, other: Self) -> Option<Self> {
        let both = Self {
            fine: self.fine || other.fine,
            far: self.far || other.far,
        };
        (!(both.fine && both.far)).then_some(both)
    }

    /// Whether microseconds are the unit, and not nanoseconds.
    pub(super) fn is_far(self) -> bool {
        self.far
    }
}

impl Shape {
    /// The shape of one value.
    pub(super) fn of(value: &Value) -> Self {
        let integer = || Self::Integers { exact: true };
        let text = || Self::Plain(Type::String);
        let all = |items: &[Value]| {
            let items = items.iter().map(Self::of);
            Self::List(Box::new(items.fold(Self::Null, Self::unify)))
        };
        let map = |entries: &BTreeMap<String, Value>| -> BTreeMap<String, Self> {
            let entries = entries.iter();
            entries
                .map(|(key, value)| (key.clone(), Self::of(value)))
                .collect()
        };
        let named = |entries: Vec<(&str, Self)>| -> BTreeMap<String, Self> {
            let entries = entries.into_iter();
            entries
                .map(|(key, shape)| (key.to_owned(), shape))
                .collect()
        };
        match value {
            Value::Null => Self::Null,
            Value::Int64(number) => Self::Integers {
                exact: compare_integer_float(*number, *number as f64) == Some(Ordering::Equal),
            },
            Value::LocalDateTime(local) => Reach::of(local).map_or(Self::Text, Self::Local),
            Value::DateTime(instant) => {
                match (
                    Reach::of(&instant.utc()),
                    zone_name(instant.zone.as_deref(), instant.offset),
                ) {
                    (Some(reach), Some(zone)) => Self::Zoned(zone, reach),
                    _ => Self::Text,
                }
            }
            Value::Duration(duration) => match interval(duration) {
                Some(_) => Self::Duration {
                    fixed: fixed_nanos(duration).is_some(),
                },
                None => Self::Text,
            },
            Value::List(items) => all(items),
            Value::Map(entries) => Self::Map(Keys::Same, map(entries)),
            Value::Node(node) => {
                let properties = node.contents.as_ref().map(|own| map(&own.properties));
                Self::Map(
                    Keys::Entity,
                    named(vec![
                        ("id", integer()),
                        ("labels", Self::List(Box::new(text()))),
                        (
                            "properties",
                            Self::Map(Keys::Properties, properties.unwrap_or_default()),
                        ),
                    ]),
                )
            }
            Value::Hyperedge(hyperedge) => {
                let properties = hyperedge.contents.as_ref().map(|own| map(&own.properties));
                Self::Map(
                    Keys::Entity,
                    named(vec![
                        ("id", integer()),
                        ("type", text()),
                        (
                            "properties",
                            Self::Map(Keys::Properties, properties.unwrap_or_default()),
                        ),
                    ]),
                )
            }
            Value::Incidence(_) => Self::Map(
                Keys::Entity,
                named(vec![
                    ("hyperedge", integer()),
                    ("role", text()),
                    ("member", integer()),
                ]),
            ),
            Value::Path(path) => Self::Map(
                Keys::Same,
                named(vec![
                    ("nodes", all(&path.nodes)),
                    ("relationships", all(&path.relationships)),
                ]),
            ),
            other => match other.type_of() {
                Type::Any => Self::Text,
                ty => Self::Plain(ty),
            },
        }
    }

    /// The shape that holds the values of both, unchanged, or their texts.
    pub(super) fn unify(self, other: Self) -> Self {
        match (self, other) {
            (Self::Null, shape) | (shape, Self::Null) => shape,
            (Self::Plain(a), Self::Plain(b)) if a == b => Self::Plain(a),
            (Self::Integers { exact: a }, Self::Integers { exact: b }) => {
                Self::Integers { exact: a && b }
            }
            (Self::Integers { exact: true } | Self::Numbers, other)
            | (other, Self::Integers { exact: true } | Self::Numbers)
                if other == Self::Numbers || other == Self::Plain(Type::Float64) =>
            {
                Self::Numbers
            }
            (Self::Local(a), Self::Local(b)) => a.and(b).map_or(Self::Text, Self::Local),
            (Self::Zoned(zone, a), Self::Zoned(other, b)) if zone == other => a
                .and(b)
                .map_or(Self::Text, |reach| Self::Zoned(zone, reach)),
            (Self::Duration { fixed: a }, Self::Duration { fixed: b }) => {
                Self::Duration { fixed: a && b }
            }
            (Self::List(a), Self::List(b)) => Self::List(Box::new(a.unify(*b))),
            (Self::Map(keys, a), Self::Map(others, b))
                if keys == others && (keys != Keys::Same || a.keys().eq(b.keys())) =>
            {
                let mut fields = a;
                for (key, shape) in b {
                    let before = fields.remove(&key).unwrap_or(Self::Null);
                    fields.insert(key, before.unify(shape));
                }
                Self::Map(keys, fields)
            }
            _ => Self::Text,
        }
    }
}

/// The zone as Arrow names it; `None` for an offset with seconds, which Arrow has not.
fn zone_name(zone: Option<&str>, offset: i32) -> Option<String> {
    if let Some(zone) = zone {
        return Some(zone.to_owned());
    }
    if offset == 0 {
        return Some("UTC".to_owned());
    }
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
    (offset % 60 == 0).then(|| format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60))
}

/// Months, days and nanoseconds of a duration; `None` where an interval of Arrow does not reach it.
pub(super) fn interval(duration: &Duration) -> Option<(i32, i32, i64)> {
    let nanos = duration
        .seconds
        .checked_mul(1_000_000_000)?
        .checked_add(i64::from(duration.nanos))?;
    Some((
        i32::try_from(duration.months).ok()?,
        i32::try_from(duration.days).ok()?,
        nanos,
    ))
}

/// The length of a duration without months in nanoseconds, where 64 bits reach it; a day has 24 hours.
pub(super) fn fixed_nanos(duration: &Duration) -> Option<i64> {
    let (months, days, nanos) = interval(duration)?;
    let days = i64::from(days).checked_mul(86_400_000_000_000)?;
    (months == 0).then_some(days.checked_add(nanos)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use grism_core::temporal::DateTime;
    use grism_core::{NodeContents, NodeValue};

    fn node(properties: &[(&str, Value)]) -> Value {
        let properties = properties.iter();
        let contents = NodeContents {
            labels: vec!["Port".to_owned()],
            properties: properties
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
        };
        Value::Node(Box::new(NodeValue {
            id: 1,
            contents: Some(contents),
        }))
    }

    fn both(a: &Value, b: &Value) -> Shape {
        Shape::of(a).unify(Shape::of(b))
    }

    #[test]
    fn nodes_with_different_properties_are_one_shape() {
        let shape = both(&node(&[("depth", Value::Int64(9))]), &node(&[]));
        let Shape::Map(Keys::Entity, fields) = shape else {
            panic!("{shape:?}");
        };
        let depth = BTreeMap::from([("depth".to_owned(), Shape::Integers { exact: true })]);
        assert_eq!(fields["properties"], Shape::Map(Keys::Properties, depth));
    }

    #[test]
    fn maps_of_different_keys_are_texts() {
        let map = |key: &str| Value::Map(BTreeMap::from([(key.to_owned(), Value::Null)]));
        assert_eq!(both(&map("a"), &map("b")), Shape::Text);
    }

    #[test]
    fn integers_beside_floats_are_floats_where_all_are_exact() {
        let (one, half) = (Value::Int64(1), Value::Float64(0.5));
        let long = Value::Int64((1 << 53) + 1);
        let all = |values: [&Value; 3]| {
            values
                .map(Shape::of)
                .into_iter()
                .fold(Shape::Null, Shape::unify)
        };
        assert_eq!(all([&one, &half, &one]), Shape::Numbers);
        assert_eq!(all([&half, &one, &half]), Shape::Numbers);
        assert_eq!(all([&one, &one, &long]), Shape::Integers { exact: false });
        for mixed in [[&one, &half, &long], [&long, &one, &half]] {
            assert_eq!(all(mixed), Shape::Text);
        }
        assert_eq!(all([&half, &one, &Value::Bool(true)]), Shape::Text);
    }

    #[test]
    fn instants_keep_one_zone_and_are_texts_in_several() {
        let at = |zone: Option<&str>, offset| {
            Value::DateTime(Box::new(DateTime {
                local: LocalDateTime { days: 0, nanos: 0 },
                offset,
                zone: zone.map(str::to_owned),
            }))
        };
        let reach = Reach::default();
        let berlin = at(Some("Europe/Berlin"), 3_600);
        assert_eq!(
            both(&berlin, &berlin),
            Shape::Zoned("Europe/Berlin".to_owned(), reach)
        );
        assert_eq!(
            Shape::of(&at(None, -5_400)),
            Shape::Zoned("-01:30".to_owned(), reach)
        );
        assert_eq!(both(&berlin, &at(None, 3_600)), Shape::Text);
    }

    #[test]
    fn times_that_no_unit_holds_together_are_texts() {
        let fine = Value::LocalDateTime(LocalDateTime { days: 0, nanos: 1 });
        let far = Value::LocalDateTime(LocalDateTime {
            days: 2_932_896,
            nanos: 0,
        });
        assert!(matches!(Shape::of(&far), Shape::Local(reach) if reach.is_far()));
        assert_eq!(both(&fine, &far), Shape::Text);
    }
}
