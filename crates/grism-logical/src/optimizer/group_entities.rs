//! `group_entities`: rows are grouped by entities before a property of these is read, and the few groups by the properties.
//!
//! ```text
//! count(*) by o.faa, d.faa   ──►   sum(n) by o.faa, d.faa  over  count(*) AS n by o, d
//! ```
//!
//! A property is fetched once for each group then, not for each row, and rows are grouped by numbers, whatever the type of the
//! property. Conditions on the entities alone are asked of the groups.

use std::collections::BTreeSet;

use grism_core::{Result, Type, with_stack};

use super::Facts;
use super::estimate_rows::{estimate_rows, most_different};
use super::partial_aggregate::PartialAggregate;
use crate::{
    Aggregate, Internal, LogicalExpr, LogicalPlan, NamedExpr, PlanSchema, SharedPlan,
    property_of_key,
};

/// How many rows an entity must be expected to have at least, on average, where groups are made by it.
const ROWS_OF_ENTITY: f64 = 4.0;
/// How many rows must be expected to make a group, on average, for a condition on numbers to be asked of groups: otherwise rows that
/// it drops are better not grouped at all.
const ROWS_OF_TEST: f64 = 8.0;
/// How many rows a group must be expected to have at least, on average.
const ROWS_OF_GROUP: f64 = 2.0;

/// Rewrites every aggregate that is expected to gain by it.
///
/// # Errors
/// Those of type inference.
pub(super) fn group_entities(plan: LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    rewrite(&plan, facts)
}

fn rewrite(plan: &LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    let plan = plan.try_map_outer(&mut |input| rewrite(input, facts))?;
    if let LogicalPlan::Aggregate(aggregate) = &plan
        && let Some(grouped) = grouped(aggregate, facts)?
    {
        return Ok(grouped);
    }
    Ok(plan)
}

/// The aggregate over groups of entities; `None` where it stays.
fn grouped(aggregate: &Aggregate, facts: Facts<'_>) -> Result<Option<LogicalPlan>> {
    let (rows, conjuncts) = filtered_rows(&aggregate.input);
    let schema = rows.schema()?;
    let count = estimate_rows(rows, facts);
    let is_volatile = aggregate
        .keys
        .iter()
        .any(|key| key.expression.is_volatile());
    // Counts by weights are one row for each entity already, and other rules look for what is at the ends of paths.
    let is_known = matches!(
        rows,
        LogicalPlan::WeightedCount(_) | LogicalPlan::PathExpand(_) | LogicalPlan::Repeat(_)
    );
    if is_volatile || is_known {
        return Ok(None);
    }
    let rows_of = |entities: &BTreeSet<String>| {
        let of = |name: &String| {
            let column = schema.find(name).filter(|own| own.ty.tables().is_some());
            let columns = column.map(|own| PlanSchema::new(vec![own.clone()]));
            columns.map_or(f64::INFINITY, |own| most_different(&own, facts))
        };
        count / entities.iter().map(of).product::<f64>()
    };
    let Some(groups) = EntityGroups::of(aggregate, &conjuncts, &schema, rows_of) else {
        return Ok(None);
    };
    let Some(steps) = PartialAggregate::of(&aggregate.aggregates, &schema, facts)? else {
        return Ok(None);
    };
    let above = groups.above_them(&schema, facts);
    let pays =
        above == Above::Names || groups.rows_of_group(count, &schema, facts) >= ROWS_OF_GROUP;
    if !pays || is_counted(rows, aggregate, &conjuncts) {
        return Ok(None);
    }
    let names = aggregate.keys.iter();
    let names: Vec<NamedExpr> = names.map(|key| NamedExpr::column(&key.name)).collect();
    Ok(Some(groups.plan(rows.clone(), above, names, steps)))
}

/// The rows below the filters of an aggregate's input, and what the filters ask.
fn filtered_rows(plan: &LogicalPlan) -> (&LogicalPlan, Vec<LogicalExpr>) {
    let LogicalPlan::Filter { input, predicate } = plan else {
        return (plan, Vec::new());
    };
    let (rows, mut conjuncts) = with_stack(|| filtered_rows(input));
    conjuncts.extend(predicate.clone().conjuncts());
    (rows, conjuncts)
}

/// Whether the last step leads to what nothing reads: it is counted by the lengths of lists, which leaves one row for each of
/// its starts.
fn is_counted(rows: &LogicalPlan, aggregate: &Aggregate, conjuncts: &[LogicalExpr]) -> bool {
    let made: Vec<&String> = match rows {
        LogicalPlan::EdgeExpand(expand) => expand.edge.iter().chain([&expand.to]).collect(),
        LogicalPlan::RoleExpand(expand) if expand.bindings.is_empty() => vec![&expand.hyperedge],
        _ => return false,
    };
    let mut read = BTreeSet::new();
    let keys = aggregate.keys.iter().map(|key| &key.expression);
    let calls = aggregate.aggregates.iter();
    let arguments = calls.flat_map(|own| &own.call.arguments);
    let all = keys.chain(arguments).chain(conjuncts);
    all.for_each(|own| own.collect_columns(&mut read));
    !made.into_iter().any(|column| read.contains(column))
}

/// Whether values of the type take longer to be fetched and compared than numbers.
fn is_slow(ty: &Type) -> bool {
    !matches!(ty, Type::Int64 | Type::Bool)
}

/// What stands above groups of entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Above {
    /// Groups of the keys.
    Groups,
    /// The keys alone, since each group has other ones.
    Names,
}

/// What rows are grouped by first.
struct EntityGroups {
    /// Columns of entities, and others that keys read beside their properties.
    columns: BTreeSet<String>,
    /// Keys that read no property of a repeated entity: they are computed for each row.
    kept: Vec<NamedExpr>,
    /// The keys of the whole groups, over those columns.
    keys: Vec<NamedExpr>,
    /// Conditions on rows.
    below: Vec<LogicalExpr>,
    /// Conditions on groups.
    above: Vec<LogicalExpr>,
    /// The types of the properties that are read of groups.
    properties: Vec<Type>,
}

impl EntityGroups {
    /// `None` where no property of an entity is read that has many rows. `rows_of` says how many rows entities of several columns
    /// have together, on average.
    fn of(
        aggregate: &Aggregate,
        conjuncts: &[LogicalExpr],
        schema: &PlanSchema,
        rows_of: impl Fn(&BTreeSet<String>) -> f64,
    ) -> Option<Self> {
        let is_repeated =
            |name: &String| rows_of(&BTreeSet::from([name.clone()])) >= ROWS_OF_ENTITY;
        let mut own = Self {
            columns: BTreeSet::new(),
            kept: Vec::new(),
            keys: Vec::new(),
            below: Vec::new(),
            above: Vec::new(),
            properties: Vec::new(),
        };
        for (number, own_key) in aggregate.keys.iter().enumerate() {
            let (key, name) = (&own_key.expression, &own_key.name);
            let entities = entities(key);
            if !entities.is_empty() && key.columns().iter().all(&is_repeated) {
                own.columns.extend(key.columns());
                own.properties
                    .extend(entities.into_iter().map(|(_, ty)| ty));
                own.keys.push(own_key.clone());
                continue;
            }
            let column = Internal::Grouped(number).column();
            own.kept.push(key.clone().named(&column));
            own.keys.push(LogicalExpr::Column(column).named(name));
        }
        // What may fail is not computed for a row that a condition drops.
        let calls = aggregate.aggregates.iter();
        let arguments = calls.flat_map(|own| &own.call.arguments);
        let kept = own.kept.iter().map(|key| &key.expression);
        let computed = kept.chain(arguments);
        let may_move = computed.chain(conjuncts).all(|own| !own.may_fail(schema));
        for conjunct in conjuncts {
            let entities = entities(conjunct);
            let (read, has_keys) = (conjunct.columns(), !aggregate.keys.is_empty());
            let is_of_groups = may_move
                && !entities.is_empty()
                && !conjunct.is_volatile()
                && (entities.iter().any(|(_, ty)| is_slow(ty)) || rows_of(&read) >= ROWS_OF_TEST)
                && read.iter().all(|column| match has_keys {
                    true => own.columns.contains(column),
                    false => is_repeated(column),
                });
            if !is_of_groups {
                own.below.push(conjunct.clone());
                continue;
            }
            own.columns.extend(read);
            own.properties
                .extend(entities.into_iter().map(|(_, ty)| ty));
            own.above.push(conjunct.clone());
        }
        (!own.properties.is_empty()).then_some(own)
    }

    /// How many of `rows` rows a group has on average, about. Where a property is compared slowly it may be little: then the
    /// entities alone count that have most different values, since those of several mostly belong together.
    fn rows_of_group(&self, rows: f64, schema: &PlanSchema, facts: Facts<'_>) -> f64 {
        let different = |name: &String| {
            let column = schema.find(name).cloned();
            most_different(&PlanSchema::new(column.into_iter().collect()), facts)
        };
        let entities = self.columns.iter().map(different);
        let entities: f64 = match self.properties.iter().any(is_slow) {
            true => entities.fold(1.0, f64::max),
            false => entities.product(),
        };
        let kept = self.kept.iter();
        let kept = kept.map(|key| different_values(&key.expression, schema, facts));
        rows / (entities * kept.product::<f64>()).max(1.0)
    }

    /// What is done above groups of entities: they are those of the keys where each entity's own key is among them. A graph keeps
    /// its constraints at the end of each statement.
    fn above_them(&self, schema: &PlanSchema, facts: Facts<'_>) -> Above {
        let are_whole = self.columns.iter().all(|column| {
            let mut keys = self.keys.iter().map(|own| &own.expression);
            keys.any(|key| names_entity(key, column, schema, facts))
        });
        match are_whole {
            true => Above::Names,
            false => Above::Groups,
        }
    }

    /// The keys, called by `names`, and the results of the groups.
    fn plan(
        self,
        rows: LogicalPlan,
        above: Above,
        names: Vec<NamedExpr>,
        steps: PartialAggregate,
    ) -> LogicalPlan {
        let columns = self.columns.into_iter().map(NamedExpr::column);
        let groups = LogicalPlan::Aggregate(Aggregate {
            input: SharedPlan::new(rows.filtered(self.below)),
            keys: columns.chain(self.kept).collect(),
            aggregates: steps.parts,
        });
        let groups = SharedPlan::new(groups.filtered(self.above));
        let whole = match above {
            Above::Names => {
                let results = steps.whole.into_iter().filter_map(|mut own| {
                    // What is added up, or compared, is one value.
                    Some(own.call.arguments.pop()?.named(own.name))
                });
                LogicalPlan::Project {
                    input: groups,
                    expressions: self.keys.into_iter().chain(results).collect(),
                }
            }
            Above::Groups => LogicalPlan::Aggregate(Aggregate {
                input: groups,
                keys: self.keys,
                aggregates: steps.whole,
            }),
        };
        LogicalPlan::Project {
            input: SharedPlan::new(whole),
            expressions: names.into_iter().chain(steps.results).collect(),
        }
    }
}

/// Whether rows with equal values of `key` have the same entity in `column`: it is the entity, or the key of all that may be there.
pub(super) fn names_entity(
    key: &LogicalExpr,
    column: &str,
    schema: &PlanSchema,
    facts: Facts<'_>,
) -> bool {
    let LogicalExpr::Property { entity, key, ty } = key else {
        return matches!(key, LogicalExpr::Column(own) if own == column);
    };
    let tables = schema.find(column).and_then(|own| own.ty.tables());
    let Some([table]) = tables.map(|tables| &tables[..]) else {
        return false;
    };
    let table = facts.schema.table(*table).ok();
    let known_by = table.and_then(|table| table.key.as_deref());
    let is_known = known_by.is_some() && property_of_key(key) == known_by;
    // Not-a-number is one group, and no two of them are equal.
    entity == column && is_known && matches!(ty, Type::Int64 | Type::String)
}

/// How many different values a key has, about; infinite where that is not known.
fn different_values(key: &LogicalExpr, schema: &PlanSchema, facts: Facts<'_>) -> f64 {
    let known = match key {
        LogicalExpr::Literal(_) => Some(1.0),
        LogicalExpr::Column(name) => {
            let columns = schema.find(name).cloned().into_iter().collect();
            Some(most_different(&PlanSchema::new(columns), facts))
        }
        LogicalExpr::Property { entity, key, .. } => schema
            .find(entity)
            .and_then(|column| column.ty.tables())
            .and_then(|tables| {
                let name = property_of_key(key)?;
                let values = tables.iter().map(|table| {
                    let statistics = facts.statistics.tables.get(table)?;
                    statistics.properties.get(name)?.distinct_values()
                });
                values.sum::<Option<f64>>()
            }),
        _ => None,
    };
    known.unwrap_or(f64::INFINITY)
}

/// The entities whose properties an expression reads, and the types of these.
fn entities(expression: &LogicalExpr) -> Vec<(String, Type)> {
    match expression {
        LogicalExpr::Property { entity, ty, .. } => vec![(entity.clone(), ty.clone())],
        other => {
            let parts = other.children().into_iter();
            parts
                .flat_map(|part| with_stack(|| entities(part)))
                .collect()
        }
    }
}
