//! `use_indexes`: scans for rows with a given value, or for few enough between values, find them by an index, where the
//! property has one.

use grism_core::{
    Comparison, ComparisonOperator, IndexDefinition, IndexKind, Result, ScanPredicate, TableId,
};

use super::Facts;
use super::planted::is_planted;
use crate::{LogicalPlan, property_of_key};

/// The share of a table's rows up to which those of a range are looked up one by one instead of scanned.
const LOOKED_UP: f64 = 0.02;

/// Names the index of each scan that compares an indexed property with a value.
pub(super) fn use_indexes(plan: LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    if facts.schema.indexes().is_empty() {
        return Ok(plan);
    }
    indexed(&plan, facts)
}

fn indexed(plan: &LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    let plan = plan.try_map_inputs(&mut |input| indexed(input, facts))?;
    Ok(match plan {
        LogicalPlan::NodeScan(mut scan) => {
            scan.index = index_for(facts, &scan.tables, &scan.predicate);
            if scan.index.is_some() && is_planted("use_indexes") {
                scan.predicate.truncate(1);
            }
            LogicalPlan::NodeScan(scan)
        }
        LogicalPlan::HyperedgeScan(mut scan) => {
            scan.index = index_for(facts, &scan.tables, &scan.predicate);
            LogicalPlan::HyperedgeScan(scan)
        }
        other => other,
    })
}

/// An index that every table that is read has: one that finds a value, or else one that finds a range.
fn index_for(facts: Facts<'_>, tables: &[TableId], predicate: &ScanPredicate) -> Option<String> {
    let usable = || {
        facts
            .schema
            .indexes()
            .iter()
            .filter(|index| is_usable(facts, index, tables))
    };
    let compared = |index: &&IndexDefinition| {
        predicate
            .iter()
            .any(|own| own.operator == ComparisonOperator::Equal && is_of(own, index))
    };
    let few = |index: &&IndexDefinition| {
        share_between(facts, index, tables, predicate).is_some_and(|share| share <= LOOKED_UP)
    };
    let index = usable().find(compared).or_else(|| usable().find(few))?;
    Some(index.name.clone())
}

/// Whether the comparison is of the property that the index is of.
fn is_of(comparison: &Comparison, index: &IndexDefinition) -> bool {
    property_of_key(&comparison.column) == Some(index.property.as_str())
}

/// Whether every table has the index, over values of a type that it is of.
fn is_usable(facts: Facts<'_>, index: &IndexDefinition, tables: &[TableId]) -> bool {
    index.kind == IndexKind::Range
        && tables.iter().all(|table| {
            facts.schema.table(*table).is_ok_and(|table| {
                facts.schema.indexes_of(table).any(|own| own == index)
                    && table
                        .property(&index.property)
                        .is_some_and(|own| index.kind.fits(&own.value_type))
            })
        })
}

/// The share of the rows that the bounds in a predicate are expected to leave; `None` where there are none, or where the
/// statistics do not tell.
fn share_between(
    facts: Facts<'_>,
    index: &IndexDefinition,
    tables: &[TableId],
    predicate: &ScanPredicate,
) -> Option<f64> {
    // The least share that the bounds of either side leave.
    let (mut below, mut above): (Option<f64>, Option<f64>) = (None, None);
    for bound in predicate.iter().filter(|own| is_of(own, index)) {
        let side = match bound.operator {
            ComparisonOperator::Less | ComparisonOperator::LessOrEqual => &mut below,
            ComparisonOperator::Greater | ComparisonOperator::GreaterOrEqual => &mut above,
            _ => continue,
        };
        let share = facts.statistics.selectivity(
            facts.schema,
            tables,
            &index.property,
            bound.operator,
            Some(&bound.value),
        )?;
        *side = Some(side.map_or(share, |own| own.min(share)));
    }
    match (below, above) {
        (Some(below), Some(above)) => Some((below + above - 1.0).max(0.0)),
        (one, other) => one.or(other),
    }
}
