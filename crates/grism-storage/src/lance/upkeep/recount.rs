//! Counting anew what updates and deletes have left inexact in the statistics, or what older graphs never counted.

use futures::TryStreamExt;
use grism_core::{
    DegreeCounter, DegreeDistribution, GraphStatistics, Property, Result, SortedIncidences, Table,
    TableStatistics,
};

use crate::all_rows::all_rows;
use crate::collector::StatisticsCollector;
use crate::lance::history::log::AdjacencyEntry;
use crate::lance::reading::snapshot::LanceSnapshot;

/// Reads the properties of a table whose statistics are not exact, and counts them. How many there were.
pub(in crate::lance) async fn recount_properties(
    snapshot: &LanceSnapshot,
    table: &Table,
    statistics: &mut TableStatistics,
) -> Result<u64> {
    let is_inexact = |property: &&Property| {
        let known = statistics.properties.get(&property.name);
        known.is_none_or(|known| !known.is_exact)
    };
    let inexact: Vec<&Property> = table.properties.iter().filter(is_inexact).collect();
    if inexact.is_empty() {
        return Ok(0);
    }
    let columns = inexact.iter().map(|property| property.column().to_owned());
    let columns: Vec<String> = columns.collect();
    let mut found = StatisticsCollector::default();
    let mut batches = all_rows(snapshot, table.id, &columns);
    while let Some(batch) = batches.try_next().await? {
        found.add_rows(table, &batch)?;
    }
    let count = inexact.len() as u64;
    for property in inexact {
        let own = found.take(&property.name);
        statistics.properties.insert(property.name.clone(), own);
    }
    Ok(count)
}

/// Whether the degrees of a role are known exactly.
pub(in crate::lance) fn has_degrees(statistics: &GraphStatistics, lists: &AdjacencyEntry) -> bool {
    let degrees = statistics
        .role(lists.table, &lists.role)
        .and_then(|role| role.degrees.as_ref());
    degrees.is_some_and(|degrees| degrees.is_exact)
}

/// The degrees of the members of incidences.
pub(in crate::lance) fn count_degrees(incidences: SortedIncidences) -> Result<DegreeDistribution> {
    let mut counter = DegreeCounter::default();
    for columns in incidences.batches() {
        counter.add(&columns?.members);
    }
    Ok(counter.finish())
}
