//! The functions that a query may call, by name, and the families that they are bound in.

use grism_logical::{AggregateFunction, ScalarFunction};

/// A function that a query may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionInfo {
    /// Its name.
    pub name: String,
    /// Whether it aggregates rows.
    pub aggregates: bool,
    /// The smallest and the largest number of arguments.
    pub arity: (usize, usize),
    /// What it gives.
    pub description: &'static str,
}

/// The functions that a query may call, by name.
#[must_use]
pub fn functions() -> Vec<FunctionInfo> {
    let mut all: Vec<FunctionInfo> = Vec::new();
    for function in ScalarFunction::ALL {
        let of_list = function
            .name()
            .strip_prefix('#')
            .filter(|name| over_list(name).is_some());
        if function.name().starts_with('#') && of_list.is_none() {
            continue;
        }
        all.push(FunctionInfo {
            name: of_list.unwrap_or(function.name()).to_owned(),
            aggregates: of_list.is_some(),
            arity: function.arity(),
            description: function.description(),
        });
    }
    for function in AggregateFunction::ALL {
        all.push(FunctionInfo {
            name: function.name().to_owned(),
            aggregates: true,
            arity: (1, 1),
            description: function.description(),
        });
    }
    for (name, description) in [
        (
            "exists",
            "Whether a value is not null, or a pattern has a match.",
        ),
        (
            "timestamp",
            "Milliseconds since 1970 at the start of the statement.",
        ),
    ] {
        all.push(FunctionInfo {
            name: name.to_owned(),
            aggregates: false,
            arity: if name == "exists" { (1, 1) } else { (0, 0) },
            description,
        });
    }
    all.sort_by_key(|function| function.name.to_lowercase());
    all
}

/// How calls of a function are bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// An aggregate of its own.
    Aggregate(AggregateFunction),
    /// An aggregate that is computed over a collected list, with so many arguments.
    ListAggregate(ScalarFunction, usize),
    /// `exists(n.key)` and `exists((n)-->())`, as older Cypher writes them.
    Exists,
    /// `timestamp()`.
    Timestamp,
    /// A function of an entity, whose answer may depend on its table.
    OfEntity(ScalarFunction),
    /// A temporal function that without arguments shows the statement's clock.
    Clock(ScalarFunction),
    /// Any other function of values.
    Scalar(ScalarFunction),
}

/// The aggregates that are computed over a collected list, and how many arguments they take.
const LIST_AGGREGATES: [(&str, ScalarFunction, usize); 4] = [
    ("percentileCont", ScalarFunction::PercentileCont, 2),
    ("percentileDisc", ScalarFunction::PercentileDisc, 2),
    ("stDev", ScalarFunction::StDev, 1),
    ("stDevP", ScalarFunction::StDevP, 1),
];

/// The functions whose answer may depend on the table of their argument.
const OF_ENTITIES: [ScalarFunction; 11] = [
    ScalarFunction::Type,
    ScalarFunction::Labels,
    ScalarFunction::Keys,
    ScalarFunction::Properties,
    ScalarFunction::Roles,
    ScalarFunction::Members,
    ScalarFunction::Arity,
    ScalarFunction::StartNode,
    ScalarFunction::EndNode,
    ScalarFunction::Kind,
    ScalarFunction::Position,
];

/// The temporal functions that show the statement's clock.
const CLOCKS: [ScalarFunction; 5] = [
    ScalarFunction::Date,
    ScalarFunction::LocalTime,
    ScalarFunction::Time,
    ScalarFunction::LocalDateTime,
    ScalarFunction::DateTime,
];

impl Family {
    /// The family of a call by the function's name and the number of its arguments; `None` for an unknown name.
    pub(super) fn of(name: &str, arguments: usize) -> Option<Self> {
        if let Some(function) = AggregateFunction::from_name(name) {
            return Some(Self::Aggregate(function));
        }
        if let Some((function, arguments)) = over_list(name) {
            return Some(Self::ListAggregate(function, arguments));
        }
        if name.eq_ignore_ascii_case("exists") && arguments == 1 {
            return Some(Self::Exists);
        }
        if name.eq_ignore_ascii_case("timestamp") && arguments == 0 {
            return Some(Self::Timestamp);
        }
        // `date.statement()` and the like: one clock for the statement, which is what `date()` is too.
        let plain = ["transaction", "statement", "realtime"]
            .iter()
            .find_map(|clock| name.strip_suffix(&format!(".{clock}")));
        let function = ScalarFunction::from_name(plain.unwrap_or(name))?;
        Some(if OF_ENTITIES.contains(&function) {
            Self::OfEntity(function)
        } else if arguments == 0 && CLOCKS.contains(&function) {
            Self::Clock(function)
        } else {
            Self::Scalar(function)
        })
    }
}

fn over_list(name: &str) -> Option<(ScalarFunction, usize)> {
    let mut aggregates = LIST_AGGREGATES.iter();
    let own = aggregates.find(|(own, ..)| own.eq_ignore_ascii_case(name));
    own.map(|(_, function, arguments)| (*function, *arguments))
}

/// Whether a function of this name aggregates.
pub(crate) fn is_aggregate(name: &str) -> bool {
    AggregateFunction::from_name(name).is_some() || over_list(name).is_some()
}
