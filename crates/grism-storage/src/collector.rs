//! Statistics of properties, gathered from rows as they are written, changed or read.

use std::collections::BTreeMap;

use arrow::array::Array;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{PropertyStatistics, Result, Table, TableStatistics};

use crate::columns::column_or_null;

/// Gathers what batches of a table's rows say of its properties.
#[derive(Debug, Default)]
pub(crate) struct StatisticsCollector {
    /// Of the properties that some batch had.
    properties: BTreeMap<String, PropertyStatistics>,
}

impl StatisticsCollector {
    /// Adds the rows of a batch with columns of the properties. Other columns are passed over.
    pub(crate) fn add_rows(&mut self, table: &Table, batch: &RecordBatch) -> Result<()> {
        for property in &table.properties {
            let Some(column) = batch.column_by_name(property.column()) else {
                continue;
            };
            let own = self.properties.entry(property.name.clone()).or_default();
            if PropertyStatistics::describes(&property.value_type) {
                let data_type = property.value_type.to_arrow();
                own.add_column(&column_or_null(batch, property.column(), &data_type)?);
            } else {
                own.add_number(column);
            }
        }
        Ok(())
    }

    /// Adds what was gathered to the statistics of the table.
    pub(crate) fn merge_into(&self, statistics: &mut TableStatistics) {
        for (name, found) in &self.properties {
            if let Some(own) = statistics.properties.get_mut(name) {
                own.merge(found);
            }
        }
    }

    /// What was gathered of one property.
    pub(crate) fn take(&mut self, property: &str) -> PropertyStatistics {
        self.properties.remove(property).unwrap_or_default()
    }
}

/// Brings the statistics of a table to the roles and properties that it has by now; `before` is the table as it was.
///
/// What was renamed keeps its statistics, and those of what was dropped go. A new property has no values yet. Where the type of one was widened, only the number of its values is known from then on.
pub(crate) fn settle(statistics: &mut TableStatistics, table: &Table, before: Option<&Table>) {
    if let Some(before) = before.filter(|before| *before != table) {
        rename(statistics, table, before);
    }
    for property in &table.properties {
        let is_new = before.is_none_or(|before| before.property_in(property.column()).is_none());
        if is_new || statistics.rows == 0 {
            statistics
                .properties
                .entry(property.name.clone())
                .or_default();
        }
        if let Some(own) = statistics.properties.get_mut(&property.name)
            && !PropertyStatistics::describes(&property.value_type)
        {
            own.forget_values();
        }
    }
}

/// Gives statistics of a table the names that its roles and properties have by now.
fn rename(statistics: &mut TableStatistics, table: &Table, before: &Table) {
    let properties = std::mem::take(&mut statistics.properties);
    let later = |name: &str| table.later_name(before, name).map(str::to_owned);
    statistics.properties = properties
        .into_iter()
        .filter_map(|(name, own)| Some((later(&name)?, own)))
        .collect();
    let roles = std::mem::take(&mut statistics.roles);
    let types = before.hyperedge_type().zip(table.hyperedge_type());
    let later = |name: &str| {
        let (before, ty) = types?;
        ty.later_name(before, name).map(str::to_owned)
    };
    statistics.roles = roles
        .into_iter()
        .filter_map(|(name, own)| Some((later(&name)?, own)))
        .collect();
}

/// Notes that rows of a table get the values of `batch`; `held` tells how many of them had a value in a column.
pub(crate) fn count_update(
    statistics: &mut TableStatistics,
    table: &Table,
    batch: &RecordBatch,
    held: impl Fn(&str) -> u64,
) -> Result<()> {
    let mut found = StatisticsCollector::default();
    found.add_rows(table, batch)?;
    for property in &table.properties {
        if found.properties.contains_key(&property.name)
            && let Some(own) = statistics.properties.get_mut(&property.name)
        {
            own.remove(held(property.column()));
        }
    }
    found.merge_into(statistics);
    Ok(())
}

/// Notes that rows of a table go; `held` tells how many of them had a value in a column.
pub(crate) fn count_delete(
    statistics: &mut TableStatistics,
    table: &Table,
    held: impl Fn(&str) -> u64,
) {
    for property in &table.properties {
        if let Some(own) = statistics.properties.get_mut(&property.name) {
            own.remove(held(property.column()));
        }
    }
}

/// Whether one of some columns of a batch has a value in `row`.
pub(crate) fn has_value(batch: &RecordBatch, columns: &[impl AsRef<str>], row: usize) -> bool {
    columns
        .iter()
        .filter_map(|name| batch.column_by_name(name.as_ref()))
        // A column of the null type has no values, though it has no null buffer either.
        .any(|column| column.data_type() != &DataType::Null && column.is_valid(row))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array};
    use grism_core::{GraphSchema, Type, Value};

    use super::*;
    use crate::columns::named_batch;

    fn batch(values: &[Option<i64>]) -> RecordBatch {
        let column = Arc::new(Int64Array::from(values.to_vec())) as ArrayRef;
        named_batch(&["x".to_owned()], vec![column], values.len()).unwrap()
    }

    #[test]
    fn statistics_follow_rows_that_come_change_and_go() {
        let mut schema = GraphSchema::default();
        let id = schema.ensure_node_table(&["A".to_owned()]).unwrap();
        schema.ensure_property(id, "x", &Type::Int64).unwrap();
        let table = schema.table(id).unwrap().clone();
        let mut statistics = TableStatistics::default();
        settle(&mut statistics, &table, None);
        let rows = batch(&[Some(1), None, Some(5)]);
        let mut found = StatisticsCollector::default();
        found.add_rows(&table, &rows).unwrap();
        found.merge_into(&mut statistics);
        statistics.rows = 3;
        let own = &statistics.properties["x"];
        assert_eq!((own.values, own.is_exact), (2, true));
        // The row without a value gets one: nothing is lost.
        count_update(&mut statistics, &table, &batch(&[Some(9)]), |_| 0).unwrap();
        let own = &statistics.properties["x"];
        assert_eq!((own.values, own.is_exact), (3, true));
        assert_eq!(own.greatest, Some(Value::Int64(9)));
        count_update(&mut statistics, &table, &batch(&[None]), |_| 1).unwrap();
        let own = &statistics.properties["x"];
        assert_eq!((own.values, own.is_exact), (2, false));
        schema.ensure_property(id, "x", &Type::String).unwrap();
        let before = table;
        let table = schema.table(id).unwrap();
        settle(&mut statistics, table, Some(&before));
        let own = &statistics.properties["x"];
        assert_eq!((own.values, own.is_exact, &own.greatest), (2, true, &None));
        count_delete(&mut statistics, table, |_| 2);
        assert_eq!(statistics.properties["x"], PropertyStatistics::default());
    }

    #[test]
    fn what_an_older_graph_did_not_count_stays_unknown() {
        let mut schema = GraphSchema::default();
        let id = schema.ensure_node_table(&["A".to_owned()]).unwrap();
        schema.ensure_property(id, "x", &Type::Int64).unwrap();
        let before = schema.table(id).unwrap().clone();
        schema.ensure_property(id, "y", &Type::Int64).unwrap();
        let mut statistics = TableStatistics {
            rows: 7,
            ..TableStatistics::default()
        };
        settle(&mut statistics, schema.table(id).unwrap(), Some(&before));
        assert!(!statistics.properties.contains_key("x"));
        assert!(statistics.properties.contains_key("y"));
    }
}
