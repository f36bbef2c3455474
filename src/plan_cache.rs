//! Inputs that were parsed and queries that were planned before: one that comes again is not parsed again, and not planned
//! again while the schema stays as it is.

use std::fmt;
use std::sync::Arc;

use grism_core::{GraphSchema, Result, Snapshot, Value, encode_any};
use grism_cypher::{Query, Statement, Warning, parse_statements};
use grism_logical::LogicalPlan;
use quick_cache::sync::Cache;

use crate::query::QueryOptions;

/// Queries, and as many plans, that are kept; the ones used longest ago go first.
const KEPT: usize = 256;

/// A plan that is made anew where the graph has grown or shrunk by this factor: then another order may be better.
const GROWTH: u64 = 4;

/// The whole input, where the query starts in it, and the values of the parameters, which stand in a plan as constants.
type PlanKey = (String, usize, Vec<u8>);

/// Parsed inputs and plans of one graph.
pub(crate) struct PlanCache {
    inputs: Cache<String, Arc<Vec<Statement>>>,
    plans: Cache<PlanKey, Arc<CachedPlan>>,
}

/// A plan and what it was made for.
#[derive(Debug)]
pub(crate) struct CachedPlan {
    pub(crate) bound: LogicalPlan,
    pub(crate) optimized: LogicalPlan,
    pub(crate) warnings: Vec<Warning>,
    schema: Arc<GraphSchema>,
    rows: u64,
}

impl PlanCache {
    pub(crate) fn new() -> Self {
        Self {
            inputs: Cache::new(KEPT),
            plans: Cache::new(KEPT),
        }
    }

    /// The statements of an input.
    ///
    /// # Errors
    /// Those of [`parse_statements`].
    pub(crate) fn statements(&self, input: &str) -> Result<Arc<Vec<Statement>>> {
        if let Some(known) = self.inputs.get(input) {
            return Ok(known);
        }
        let statements = Arc::new(parse_statements(input)?);
        self.inputs
            .insert(input.to_owned(), Arc::clone(&statements));
        Ok(statements)
    }

    /// The plan for `key`, where it was made for a graph like the one of `snapshot`.
    pub(crate) fn plan(&self, key: &PlanKey, snapshot: &dyn Snapshot) -> Option<Arc<CachedPlan>> {
        let plan = self.plans.get(key)?;
        let same =
            Arc::ptr_eq(&plan.schema, snapshot.schema()) || plan.schema == *snapshot.schema();
        let (before, now) = (plan.rows.max(1), rows_of(snapshot).max(1));
        (same && before / GROWTH <= now && now / GROWTH <= before).then_some(plan)
    }

    /// Keeps a plan.
    pub(crate) fn keep(
        &self,
        key: PlanKey,
        bound: LogicalPlan,
        optimized: LogicalPlan,
        warnings: Vec<Warning>,
        snapshot: &dyn Snapshot,
    ) {
        let plan = CachedPlan {
            bound,
            optimized,
            warnings,
            schema: Arc::clone(snapshot.schema()),
            rows: rows_of(snapshot),
        };
        self.plans.insert(key, Arc::new(plan));
    }
}

/// The key of a query's plan; `None` where its plan depends on more than the key holds.
pub(crate) fn plan_key(query: &Query, options: &QueryOptions) -> Option<PlanKey> {
    if !options.procedures.is_empty() {
        return None;
    }
    let parameters = Value::Map(options.parameters.clone());
    Some((
        query.input().to_owned(),
        query.offset(),
        encode_any(&parameters),
    ))
}

fn rows_of(snapshot: &dyn Snapshot) -> u64 {
    let tables = snapshot.statistics().tables.values();
    tables.map(|table| table.rows).sum()
}

impl fmt::Debug for PlanCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanCache")
            .field("inputs", &self.inputs.len())
            .field("plans", &self.plans.len())
            .finish()
    }
}
