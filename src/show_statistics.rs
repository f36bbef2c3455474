//! `SHOW STATISTICS`: what the planners know of each table, its roles and its properties.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use grism_core::{
    PropertyStatistics, Result, RoleStatistics, Snapshot, Table, TableStatistics, Type, Value,
};

/// One row; `None` is what there is not, or what was not counted.
#[derive(Debug, Default)]
struct Line {
    owner: String,
    kind: &'static str,
    name: Option<String>,
    /// Rows, values of a property, or incidences of a role.
    count: Option<u64>,
    nulls: Option<u64>,
    distinct: Option<u64>,
    least: Option<Value>,
    greatest: Option<Value>,
    members: Option<u64>,
    average_degree: Option<f64>,
    greatest_degree: Option<u64>,
    is_exact: Option<bool>,
}

/// The columns of the result, with their names.
///
/// # Errors
/// `InvalidData` where a value does not stand in a column of values of any type, which all do.
pub(crate) fn columns(snapshot: &dyn Snapshot) -> Result<Vec<(&'static str, ArrayRef)>> {
    let mut lines = Vec::new();
    for table in snapshot.schema().tables() {
        let known = snapshot.statistics().tables.get(&table.id);
        add_table(
            table,
            known.unwrap_or(&TableStatistics::default()),
            &mut lines,
        );
    }
    let numbers = |pick: fn(&Line) -> Option<u64>| -> ArrayRef {
        let number = |line: &Line| pick(line).map(|number| number as i64);
        Arc::new(lines.iter().map(number).collect::<Int64Array>())
    };
    let values = |pick: fn(&Line) -> Option<&Value>| -> Result<ArrayRef> {
        let value = |line: &Line| pick(line).cloned().unwrap_or(Value::Null);
        let values: Vec<Value> = lines.iter().map(value).collect();
        Value::column(&values, &Type::Any.to_arrow())
    };
    let owners = lines.iter().map(|line| &line.owner);
    let names = lines.iter().map(|line| line.name.as_deref());
    let degrees = lines.iter().map(|line| line.average_degree);
    let exact = lines.iter().map(|line| line.is_exact);
    let kinds = lines.iter().map(|line| line.kind);
    let columns: Vec<(&'static str, ArrayRef)> = vec![
        ("owner", Arc::new(StringArray::from_iter_values(owners))),
        ("kind", Arc::new(StringArray::from_iter_values(kinds))),
        ("name", Arc::new(names.collect::<StringArray>())),
        ("count", numbers(|line| line.count)),
        ("nulls", numbers(|line| line.nulls)),
        ("distinct", numbers(|line| line.distinct)),
        ("least", values(|line| line.least.as_ref())?),
        ("greatest", values(|line| line.greatest.as_ref())?),
        ("members", numbers(|line| line.members)),
        (
            "average_degree",
            Arc::new(degrees.collect::<Float64Array>()),
        ),
        ("greatest_degree", numbers(|line| line.greatest_degree)),
        ("exact", Arc::new(exact.collect::<BooleanArray>())),
    ];
    Ok(columns)
}

fn add_table(table: &Table, statistics: &TableStatistics, lines: &mut Vec<Line>) {
    let is_hyperedge = table.hyperedge_type().is_some();
    lines.push(Line {
        owner: table.display_name(),
        kind: if is_hyperedge { "hyperedges" } else { "nodes" },
        count: Some(statistics.rows),
        ..Line::default()
    });
    for role in table.hyperedge_type().into_iter().flat_map(|ty| &ty.roles) {
        let none = RoleStatistics::default();
        let known = statistics.roles.get(&role.name).unwrap_or(&none);
        lines.push(Line {
            owner: table.display_name(),
            name: Some(role.name.clone()),
            ..role_line(known)
        });
    }
    for property in &table.properties {
        let known = statistics.properties.get(&property.name);
        lines.push(Line {
            owner: table.display_name(),
            kind: "property",
            name: Some(property.name.clone()),
            ..known.map_or_else(Line::default, |known| property_line(known, statistics.rows))
        });
    }
}

fn role_line(statistics: &RoleStatistics) -> Line {
    let count = statistics.total();
    let degrees = statistics.degrees.as_ref();
    let average = |members: u64| (members > 0).then(|| count as f64 / members as f64);
    Line {
        kind: "role",
        count: Some(count),
        members: degrees.map(|degrees| degrees.members),
        average_degree: degrees.and_then(|degrees| average(degrees.members)),
        greatest_degree: degrees.map(|degrees| degrees.greatest),
        is_exact: degrees.map(|degrees| degrees.is_exact),
        ..Line::default()
    }
}

fn property_line(statistics: &PropertyStatistics, rows: u64) -> Line {
    let distinct = statistics.distinct_values();
    Line {
        count: Some(statistics.values),
        nulls: Some(rows.saturating_sub(statistics.values)),
        distinct: distinct.map(|distinct| distinct.round() as u64),
        least: statistics.least.clone(),
        greatest: statistics.greatest.clone(),
        is_exact: Some(statistics.is_exact),
        ..Line::default()
    }
}
