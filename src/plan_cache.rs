//! Inputs that were parsed and queries that were planned before: one that comes again is not parsed again, and not planned
//! again while the schema stays as it is.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use grism_core::{GraphSchema, Result, Snapshot, Value, encode_any};
use grism_cypher::{Query, Statement, Warning, parse_statements};
use grism_logical::{LogicalPlan, SharedPlan};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::local_operators::LocalOperators;
use crate::{Prepared, QueryOptions};

/// Queries, and as many plans, that are expected to be kept.
const EXPECTED: usize = 256;

/// Bytes of parsed inputs, and of plans, that are kept at most; the ones used longest ago go first.
const INPUT_BYTES: u64 = 16 << 20;
const PLAN_BYTES: u64 = 32 << 20;

/// Bytes of an input, or of the values of its parameters, past which neither it nor its plan is kept.
const LARGE: usize = 1 << 20;

/// Bytes that a parsed input takes, about, for each byte of its text.
const PARSED_FACTOR: u64 = 32;

/// Bytes that a node of a plan takes, about, and those for each byte that its line in EXPLAIN has.
const NODE_BYTES: u64 = 512;
const SHOWN_FACTOR: u64 = 4;

/// A plan that is made anew where the graph has grown or shrunk by this factor: then another order may be better.
const GROWTH: u64 = 4;

/// The whole input, where the query starts in it, the values of the parameters, which stand in a plan as constants, which
/// functions are registered, since a plan keeps those that it calls, and which rules of the optimizer are left out.
type PlanKey = (
    String,
    usize,
    Vec<u8>,
    Vec<(String, usize)>,
    Vec<&'static str>,
);

/// Parsed inputs and plans of one graph.
pub(crate) struct PlanCache {
    inputs: Cache<String, Arc<Vec<Statement>>, InputWeighter>,
    plans: Cache<PlanKey, Arc<CachedPlan>, PlanWeighter>,
}

#[derive(Clone)]
struct InputWeighter;

impl Weighter<String, Arc<Vec<Statement>>> for InputWeighter {
    fn weight(&self, input: &String, _: &Arc<Vec<Statement>>) -> u64 {
        (input.len() as u64 + 64) * PARSED_FACTOR
    }
}

#[derive(Clone)]
struct PlanWeighter;

impl Weighter<PlanKey, Arc<CachedPlan>> for PlanWeighter {
    fn weight(&self, (input, _, parameters, ..): &PlanKey, plan: &Arc<CachedPlan>) -> u64 {
        (input.len() + parameters.len()) as u64 + plan.bytes
    }
}

/// A plan and what it was made for.
#[derive(Debug)]
pub(crate) struct CachedPlan {
    pub(crate) bound: SharedPlan,
    pub(crate) optimized: SharedPlan,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) operators: Arc<LocalOperators>,
    schema: Arc<GraphSchema>,
    rows: u64,
    /// Memory of the plans, about.
    bytes: u64,
}

impl PlanCache {
    pub(crate) fn new() -> Self {
        Self {
            inputs: cache(INPUT_BYTES, InputWeighter),
            plans: cache(PLAN_BYTES, PlanWeighter),
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
        if input.len() <= LARGE {
            self.inputs
                .insert(input.to_owned(), Arc::clone(&statements));
        }
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
    pub(crate) fn keep(&self, key: PlanKey, prepared: &Prepared) {
        let (bound, optimized) = (&prepared.bound, &prepared.optimized);
        let snapshot = prepared.snapshot.as_ref();
        let plan = CachedPlan {
            // The operators take about as much as what they are made of.
            bytes: bytes_of(bound) + 2 * bytes_of(optimized),
            bound: bound.clone(),
            optimized: optimized.clone(),
            warnings: prepared.warnings.clone(),
            operators: Arc::clone(&prepared.operators),
            schema: Arc::clone(snapshot.schema()),
            rows: rows_of(snapshot),
        };
        self.plans.insert(key, Arc::new(plan));
    }
}

/// A cache of one shard: of several, each would refuse what is larger than its part of the bytes.
fn cache<K: Eq + Hash, V: Clone, W: Weighter<K, V> + Clone>(
    bytes: u64,
    weighter: W,
) -> Cache<K, V, W> {
    let options = OptionsBuilder::new()
        .estimated_items_capacity(EXPECTED)
        .weight_capacity(bytes)
        .shards(1)
        .build()
        .expect("both capacities are given");
    Cache::with_options(
        options,
        weighter,
        DefaultHashBuilder::default(),
        DefaultLifecycle::default(),
    )
}

/// The key of the plan of a query with these parameters and functions; `None` where they are too large to be kept.
pub(crate) fn plan_key(query: &Query, options: &QueryOptions) -> Option<PlanKey> {
    let parameters = encode_any(&Value::Map(options.parameters.clone()));
    let is_large = query.input().len().max(parameters.len()) > LARGE;
    (!is_large).then(|| {
        (
            query.input().to_owned(),
            query.offset(),
            parameters,
            options.functions.identity(),
            options.rewrites.left_out().collect(),
        )
    })
}

/// Bytes that a plan takes, about: those of its nodes, and of what their lines in EXPLAIN show. Its nodes are walked in a loop,
/// since a plan may nest as deep as its query is long.
fn bytes_of(plan: &LogicalPlan) -> u64 {
    let mut bytes = 0;
    let mut pending = vec![plan];
    while let Some(node) = pending.pop() {
        bytes += NODE_BYTES + node.describe().len() as u64 * SHOWN_FACTOR;
        let below = node.inputs().into_iter().chain(node.subplan());
        pending.extend(below.map(SharedPlan::as_ref));
    }
    bytes
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

#[cfg(test)]
mod tests {
    use grism_core::SnapshotSelector;

    use super::*;
    use crate::Graph;

    #[tokio::test]
    async fn what_is_kept_is_bounded_in_bytes() {
        let graph = Graph::in_memory();
        let options = QueryOptions::default();
        for number in 0..200 {
            let text = format!("RETURN {number} AS n, '{}' AS t", "x".repeat(200_000));
            graph.prepare(&text, &options).await.unwrap();
        }
        let cache = &graph.plans;
        assert!(cache.inputs.weight() <= INPUT_BYTES);
        assert!(cache.plans.weight() <= PLAN_BYTES);
        assert!(!cache.plans.is_empty());
        let before = (cache.inputs.len(), cache.plans.len());
        let text = format!("RETURN '{}' AS t", "y".repeat(LARGE));
        graph.prepare(&text, &options).await.unwrap();
        assert_eq!((cache.inputs.len(), cache.plans.len()), before);
        // A short query that comes again is planned once.
        graph.prepare("RETURN 1 AS n", &options).await.unwrap();
        let query = graph.parsed("RETURN 1 AS n").unwrap();
        let key = plan_key(&query, &options).unwrap();
        let snapshot = graph.snapshot(SnapshotSelector::Newest).await.unwrap();
        assert!(cache.plan(&key, snapshot.as_ref()).is_some());
    }
}
