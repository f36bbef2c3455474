//! `use_indexes`: scans for rows with a given value find them by an index, where the property has one.

use grism_core::{ComparisonOperator, GraphSchema, Result, ScanPredicate, TableId, Type};

use super::Facts;
use crate::LogicalPlan;

/// Names the index of each scan that compares an indexed property with a value.
pub(super) fn use_indexes(plan: LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    if facts.schema.indexes().is_empty() {
        return Ok(plan);
    }
    indexed(&plan, facts.schema)
}

fn indexed(plan: &LogicalPlan, schema: &GraphSchema) -> Result<LogicalPlan> {
    let plan = plan.try_map_inputs(&mut |input| indexed(input, schema))?;
    Ok(match plan {
        LogicalPlan::NodeScan(mut scan) => {
            scan.index = index_for(schema, &scan.tables, &scan.predicate);
            LogicalPlan::NodeScan(scan)
        }
        LogicalPlan::HyperedgeScan(mut scan) => {
            scan.index = index_for(schema, &scan.tables, &scan.predicate);
            LogicalPlan::HyperedgeScan(scan)
        }
        other => other,
    })
}

/// An index that every table that is read has.
fn index_for(
    schema: &GraphSchema,
    tables: &[TableId],
    predicate: &ScanPredicate,
) -> Option<String> {
    let compared = |property: &str| {
        predicate
            .iter()
            .any(|own| own.operator == ComparisonOperator::Equal && own.column == property)
    };
    let index = schema.indexes().iter().find(|index| {
        compared(&index.property)
            && tables.iter().all(|table| {
                // Values of any type stand in several columns, which no index covers.
                schema.table(*table).is_ok_and(|table| {
                    schema.indexes_of(table).any(|own| own == *index)
                        && table
                            .property(&index.property)
                            .is_some_and(|own| own.value_type != Type::Any)
                })
            })
    })?;
    Some(index.name.clone())
}
