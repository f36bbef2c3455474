//! A pattern with all of its orders, and what the plan of one costs when it runs.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::StreamExt;
use grism::{Error, Graph, LogicalPlan, RuntimeConfig, Snapshot, SnapshotSelector, Value};
use grism_cypher::{BindContext, ParameterTypes, Query};
use grism_engine::{OperatorId, OperatorIds, PlannerConfig};
use grism_functions::Functions;
use grism_local::{LocalExecutor, LocalPhysicalPlanner};
use grism_logical::optimizer::{Facts, optimize};
use grism_logical::pattern::PatternOrder;

/// What a row costs that a scan reads and drops, where one that it outputs costs 1.
const DROPPED: f64 = 1.0 / 32.0;
/// What a row costs that an expansion outputs.
const EXPANDED: f64 = 3.0;
/// What a row costs for which an edge between two entities is looked for.
const CLOSED: f64 = 6.0;
/// What a row costs that goes from a member to a hyperedge.
const TO_HYPEREDGE: f64 = 9.0;
/// What each member costs that is looked up for a row.
const MEMBER: f64 = 6.0;
/// What each member costs that a scan reads.
const SCANNED_MEMBER: f64 = 1.0;
/// What a row costs whose properties are read, or that a predicate is computed for.
const FILTERED: f64 = 0.5;

/// The orders of one pattern.
pub(super) struct Orders {
    graph: Graph,
    snapshot: Arc<dyn Snapshot>,
    query: Arc<Query>,
}

/// A plan that has run.
#[derive(Clone)]
pub(super) struct Measured {
    pub(super) cost: f64,
    /// The operators with the rows that they made.
    pub(super) plan: String,
}

impl Orders {
    /// Those of `pattern`, of which nothing but the ids of `variables` is returned.
    pub(super) async fn new(graph: &Graph, pattern: &str, variables: &[&str]) -> Self {
        let returned: Vec<String> = variables.iter().map(|name| format!("id({name})")).collect();
        let text = format!("{pattern} RETURN {}", returned.join(", "));
        Self {
            graph: graph.clone(),
            snapshot: graph.snapshot(SnapshotSelector::Newest).await.unwrap(),
            query: Query::parse(&text).unwrap(),
        }
    }

    /// The plan that the planner chooses.
    pub(super) fn planned(&self) -> LogicalPlan {
        self.bound(PatternOrder::Cheapest)
    }

    /// What the planner chooses, measured.
    pub(super) async fn chosen(&self) -> Measured {
        self.measure(&self.planned(), f64::INFINITY).await.unwrap()
    }

    /// The plans of all orders, each once; the first `most` of them.
    pub(super) fn all(&self, most: usize) -> Vec<LogicalPlan> {
        let mut plans = Vec::new();
        let mut choices: Vec<(usize, usize)> = Vec::new();
        loop {
            // The choices that are fixed are made again, and behind them always the first way is taken.
            let (taken, made) = (RefCell::new(choices.clone()), RefCell::new(0));
            let pick = |ways: usize| {
                let (mut taken, mut made) = (taken.borrow_mut(), made.borrow_mut());
                if *made == taken.len() {
                    taken.push((0, ways));
                }
                *made += 1;
                taken[*made - 1].0
            };
            let plan = self.bound(PatternOrder::Picked(&pick));
            if !plans.contains(&plan) {
                plans.push(plan);
            }
            choices = taken.into_inner();
            while choices.last().is_some_and(|(way, ways)| way + 1 == *ways) {
                choices.pop();
            }
            let Some((way, _)) = choices.last_mut() else {
                return plans;
            };
            *way += 1;
            if plans.len() == most {
                return plans;
            }
        }
    }

    /// Runs a plan; `None` where it is known to cost more than `bound` before it ends.
    pub(super) async fn measure(&self, plan: &LogicalPlan, bound: f64) -> Option<Measured> {
        let plan = optimize(plan.clone(), self.facts()).unwrap();
        let read = DROPPED * self.scanned(&plan);
        let planner = LocalPhysicalPlanner::with_config(PlannerConfig { threads: 1 });
        let plan = planner.plan(&plan).unwrap();
        let executor = LocalExecutor::with_config(RuntimeConfig::default().with_threads(1));
        let storage = Arc::clone(self.graph.storage());
        let snapshot = Arc::clone(&self.snapshot);
        let result = executor
            .execute_at(plan.clone(), storage, snapshot)
            .unwrap();
        let run = result.run().clone();
        let ids = OperatorIds::of(&plan.root, OperatorId::default());
        let cost = || {
            let rows: BTreeMap<OperatorId, f64> = run
                .operators()
                .iter()
                .map(|own| (own.id, own.rows as f64))
                .collect();
            let rows_of = |id: OperatorId| rows.get(&id).copied().unwrap_or_default();
            let (mut cost, mut text) = (read, String::new());
            for (id, operator) in ids.operators() {
                let inputs = operator.children().into_iter();
                let inputs: f64 = inputs.filter_map(|input| ids.id(input)).map(rows_of).sum();
                let described = operator.describe();
                cost += match described.split('(').next().unwrap_or_default() {
                    "AdjacencyExpandInto" => inputs * CLOSED + rows_of(id) * EXPANDED,
                    "AdjacencyExpand" | "PathExpand" => rows_of(id) * EXPANDED,
                    "RoleExpand" if described.contains("<-[") => {
                        rows_of(id) * (TO_HYPEREDGE + members_of(&described) * MEMBER)
                    }
                    "RoleExpand" => rows_of(id) * members_of(&described) * MEMBER,
                    "HyperedgeScan" => {
                        rows_of(id) * (1.0 + members_of(&described) * SCANNED_MEMBER)
                    }
                    "NodeScan" | "CrossJoin" => rows_of(id),
                    "Filter" | "Fetch" => inputs * FILTERED,
                    _ => 0.0,
                };
                text.push_str(&format!("  {:8} {described}\n", rows_of(id)));
            }
            Measured { cost, plan: text }
        };
        let mut stream = result.into_stream();
        while let Some(batch) = stream.next().await {
            batch.unwrap();
            if cost().cost > bound {
                return None;
            }
        }
        Some(cost())
    }

    fn bound(&self, order: PatternOrder<'_>) -> LogicalPlan {
        let (parameters, tables) = (BTreeMap::new(), BTreeSet::new());
        let (functions, now) = (Functions::default(), Value::Null);
        let constant = |_: &grism::LogicalExpr| Err(Error::internal("a pattern has no such value"));
        let context = BindContext {
            schema: self.snapshot.schema(),
            statistics: self.snapshot.statistics(),
            parameters: &parameters,
            tables: &tables,
            parameter_types: ParameterTypes::Known,
            functions: &functions,
            may_hold_deleted: false,
            now: &now,
            constant: &constant,
            order,
        };
        self.query.bind(context).unwrap().plan
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            schema: self.snapshot.schema(),
            statistics: self.snapshot.statistics(),
        }
    }

    /// The rows of the tables that the scans of a plan read.
    fn scanned(&self, plan: &LogicalPlan) -> f64 {
        let tables = match plan {
            LogicalPlan::NodeScan(scan) => &scan.tables[..],
            LogicalPlan::HyperedgeScan(scan) => &scan.tables[..],
            _ => &[],
        };
        let statistics = self.snapshot.statistics();
        let own: u64 = tables.iter().map(|table| statistics.rows(*table)).sum();
        let inputs = plan.inputs().into_iter().map(|input| self.scanned(input));
        own as f64 + inputs.sum::<f64>()
    }
}

/// How many members an operator binds, by its description.
fn members_of(described: &str) -> f64 {
    let mut parts = described.split("; ");
    let roles = parts.find_map(|part| part.strip_prefix("roles "));
    roles.map_or(0.0, |roles| roles.split(", ").count() as f64)
}
