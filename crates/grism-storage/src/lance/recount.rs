//! Counting anew what updates and deletes have left inexact in the statistics, or what older graphs never counted.

use futures::TryStreamExt;
use grism_core::{
    DegreeCounter, DegreeDistribution, GraphStatistics, Result, SortedIncidences, Table,
    TableStatistics,
};

use super::log::AdjacencyEntry;
use super::snapshot::LanceSnapshot;
use crate::all_rows::all_rows;
use crate::collector::StatisticsCollector;

/// Reads the properties of a table whose statistics are not exact, and counts them. How many there were.
pub(super) async fn recount_properties(
    snapshot: &LanceSnapshot,
    table: &Table,
    statistics: &mut TableStatistics,
) -> Result<u64> {
    let names = table.properties.iter().map(|property| &property.name);
    let is_inexact = |name: &&String| {
        let known = statistics.properties.get(*name);
        known.is_none_or(|known| !known.is_exact)
    };
    let inexact: Vec<String> = names.filter(is_inexact).cloned().collect();
    if inexact.is_empty() {
        return Ok(0);
    }
    let mut found = StatisticsCollector::default();
    let mut batches = all_rows(snapshot, table.id, &inexact);
    while let Some(batch) = batches.try_next().await? {
        found.add_rows(table, &batch)?;
    }
    let count = inexact.len() as u64;
    for name in inexact {
        let own = found.take(&name);
        statistics.properties.insert(name, own);
    }
    Ok(count)
}

/// Whether the degrees of a role are known exactly.
pub(super) fn has_degrees(statistics: &GraphStatistics, lists: &AdjacencyEntry) -> bool {
    let degrees = statistics
        .role(lists.table, &lists.role)
        .and_then(|role| role.degrees.as_ref());
    degrees.is_some_and(|degrees| degrees.is_exact)
}

/// The degrees of the members of incidences.
pub(super) fn count_degrees(incidences: SortedIncidences) -> Result<DegreeDistribution> {
    let mut counter = DegreeCounter::default();
    for columns in incidences.batches() {
        counter.add(&columns?.members);
    }
    Ok(counter.finish())
}
