//! `a.id <> b.id` becomes `a <> b` where `id` is the key of what both may be: two entities differ as their keys do, and no
//! property is read for it.

use grism_core::{EntityKind, GraphSchema, Result, Table, Type};

use super::Facts;
use super::drop_implied_uniqueness::equals_itself;
use crate::{BinaryOperator, LogicalExpr, LogicalPlan, PlanSchema, property_of_key};

/// Rewrites every filter.
///
/// # Errors
/// Those of type inference.
pub(super) fn compare_keys(plan: LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    rewrite(&plan, facts)
}

fn rewrite(plan: &LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    let plan = plan.try_map_inputs(&mut |input| rewrite(input, facts))?;
    let LogicalPlan::Filter { input, predicate } = &plan else {
        return Ok(plan);
    };
    let conjuncts = predicate.clone().conjuncts();
    let columns = input.schema()?;
    let compared = |conjunct: &LogicalExpr| different_keys(conjunct, columns, facts.schema);
    if !conjuncts.iter().any(|own| compared(own).is_some()) {
        return Ok(plan);
    }
    let conjuncts = conjuncts
        .into_iter()
        .map(|own| compared(&own).unwrap_or(own))
        .collect();
    Ok(LogicalPlan::clone(input).filtered(conjuncts))
}

/// That two entities differ, where the conjunct says that their keys do.
fn different_keys(
    conjunct: &LogicalExpr,
    columns: &PlanSchema,
    schema: &GraphSchema,
) -> Option<LogicalExpr> {
    let LogicalExpr::Binary {
        operator: BinaryOperator::NotEqual,
        left,
        right,
    } = conjunct
    else {
        return None;
    };
    let (
        LogicalExpr::Property { entity: a, key, ty },
        LogicalExpr::Property {
            entity: b,
            key: other,
            ..
        },
    ) = (&**left, &**right)
    else {
        return None;
    };
    let tables = [a, b].map(|own| tables_of(&columns.find(own)?.ty, schema));
    let [Some(mut tables), Some(others)] = tables else {
        return None;
    };
    tables.extend(others);
    let property = property_of_key(key)?;
    (key == other && equals_itself(ty) && is_key_of_all(&tables, property, schema))
        .then(|| LogicalExpr::column(a).binary(BinaryOperator::NotEqual, LogicalExpr::column(b)))
}

fn tables_of<'a>(ty: &Type, schema: &'a GraphSchema) -> Option<Vec<&'a Table>> {
    let tables = ty.tables()?.iter();
    tables.map(|table| schema.table(*table).ok()).collect()
}

/// Whether the tables hold nothing but what one constraint makes the property the key of.
fn is_key_of_all(tables: &[&Table], property: &str, schema: &GraphSchema) -> bool {
    let Some(first) = tables.first() else {
        return false;
    };
    match first.hyperedge_type() {
        Some(ty) => {
            let is_own = |table: &&Table| {
                table
                    .hyperedge_type()
                    .is_some_and(|own| own.name == ty.name)
            };
            schema.key(EntityKind::Hyperedge, &ty.name) == Some(property)
                && tables.iter().all(is_own)
        }
        None => first.labels().iter().any(|label| {
            schema.key(EntityKind::Node, label) == Some(property)
                && tables.iter().all(|table| table.always_has(label))
        }),
    }
}

#[cfg(test)]
mod tests {
    use grism_core::{GraphStatistics, TableId};

    use super::*;
    use crate::NodeScan;

    fn page(variable: &str, schema: &GraphSchema, table: TableId) -> LogicalPlan {
        let label = schema.table(table).unwrap().labels()[0].clone();
        LogicalPlan::NodeScan(NodeScan {
            variable: variable.to_owned(),
            ty: Type::Node([table].into()),
            tables: [table].into(),
            label,
            properties: Vec::new(),
            predicate: Vec::new(),
            index: None,
        })
    }

    fn property(entity: &str, key: &str) -> LogicalExpr {
        LogicalExpr::Property {
            entity: entity.to_owned(),
            key: key.to_owned(),
            ty: Type::Int64,
        }
    }

    #[test]
    fn only_a_key_stands_for_its_entity() {
        let mut schema = GraphSchema::default();
        let table = schema.ensure_node_table(&["Page".to_owned()]).unwrap();
        schema.set_key(table, "id");
        let statistics = GraphStatistics::default();
        let facts = Facts {
            schema: &schema,
            statistics: &statistics,
        };
        let pair = LogicalPlan::Join(crate::Join {
            kind: crate::JoinKind::Inner,
            left: crate::SharedPlan::new(page("a", &schema, table)),
            right: crate::SharedPlan::new(page("b", &schema, table)),
            on: Vec::new(),
        });
        let differ = |a: LogicalExpr, b| a.binary(BinaryOperator::NotEqual, b);
        let by = |key: &str| {
            pair.clone()
                .filtered(vec![differ(property("a", key), property("b", key))])
        };
        let entities = differ(LogicalExpr::column("a"), LogicalExpr::column("b"));
        assert_eq!(
            compare_keys(by("id"), facts).unwrap(),
            pair.clone().filtered(vec![entities])
        );
        assert_eq!(compare_keys(by("age"), facts).unwrap(), by("age"));
    }
}
