//! The clauses of a query, one after the other.

use grism_core::{Error, Result, WriteTarget, on_stack};
use grism_logical::{LogicalPlan, PlanSchema, SharedPlan};

use super::clause_binder::{BoundClause, ClauseBinder, ClausePlace, ClauseRange};
use super::clause_rows::ClauseRows;
use super::writer::{OutputRows, Writer};

/// The number that a branch behind all others would have.
const BEHIND_BRANCHES: usize = usize::MAX;

/// Clauses that are bound and run one after the other, on one set of changes.
#[derive(Debug)]
pub(super) struct Clauses<'a, B: ClauseBinder> {
    pub(super) binder: &'a mut B,
    pub(super) writer: Writer<'a>,
}

impl<'a, B: ClauseBinder> Clauses<'a, B> {
    pub(super) fn new(binder: &'a mut B, writer: Writer<'a>) -> Self {
        Self { binder, writer }
    }

    /// What the clauses changed.
    pub(super) fn into_target(self) -> Box<dyn WriteTarget> {
        self.writer.target
    }

    /// Whether the query is worth another try after an error of binding.
    pub(super) fn binds_again(&mut self, error: &Error) -> bool {
        let graph = self.writer.graph();
        self.binder.binds_again(error, &graph)
    }

    /// Runs every branch; the rows of the result.
    pub(super) async fn run(&mut self, query: &B::Query) -> Result<ClauseRows> {
        self.binder.check(query, &self.writer.graph())?;
        let mut branches = Vec::new();
        for branch in 0..self.binder.branches(query) {
            branches.push(self.branch(query, branch).await?);
        }
        if branches.len() == 1 {
            return Ok(branches.swap_remove(0));
        }
        self.writer.enter(BEHIND_BRANCHES, 0);
        self.writer.describe("Union", || "Union".to_owned());
        let rows = self.united(query, branches).await?;
        let results = self.binder.results(&rows.leaf(), &self.writer.graph())?;
        let rows = self.writer.evaluate(&results).await?;
        self.writer.leave(rows.len());
        Ok(rows)
    }

    /// The rows of all branches of a UNION.
    pub(super) async fn united(
        &self,
        query: &B::Query,
        branches: Vec<ClauseRows>,
    ) -> Result<ClauseRows> {
        let names: Vec<&str> = branches[0].schema.names().collect();
        for other in &branches[1..] {
            if !other.schema.names().eq(names.iter().copied()) {
                return Err(Error::invalid_query(
                    "the branches of a UNION need the same columns in the same order",
                )
                .with_code("SyntaxError:DifferentColumnsInUnion"));
            }
        }
        let leaves = branches.iter().map(|branch| SharedPlan::new(branch.leaf()));
        let inputs = LogicalPlan::same_types(leaves.collect())?;
        let mut plan = LogicalPlan::Union { inputs };
        if self.binder.is_distinct_union(query) {
            plan = LogicalPlan::Distinct {
                input: SharedPlan::new(plan),
            };
        }
        self.writer.evaluate(&plan).await
    }

    async fn branch(&mut self, query: &B::Query, branch: usize) -> Result<ClauseRows> {
        let mut rows = ClauseRows::unit()?;
        if self.writer.plans_only() {
            rows = ClauseRows::none(rows.schema);
        }
        let clauses = ClauseRange::all(self.binder, query, branch);
        let (rows, _) = self.clauses(clauses, rows, B::Bound::default()).await?;
        if self.binder.returns(query, branch) {
            return Ok(rows);
        }
        // A query that ends with a write has no columns and no rows.
        Ok(ClauseRows::none(PlanSchema::default()))
    }

    /// Runs clauses of a branch on top of the rows so far.
    pub(super) async fn clauses(
        &mut self,
        range: ClauseRange<'_, B::Query>,
        mut rows: ClauseRows,
        mut bound: B::Bound,
    ) -> Result<(ClauseRows, B::Bound)> {
        let ClauseRange {
            query,
            branch,
            clauses,
        } = range;
        for clause in clauses.clone() {
            let place = ClausePlace {
                query,
                branch,
                clause,
            };
            self.writer.enter(branch, clause);
            let mut taken = rows.len();
            match self.bind(place, &bound)? {
                BoundClause::Plan { plan, bound: after } => match plan.as_ref() {
                    LogicalPlan::Write(write) => {
                        self.writer.describe(write.kind.name(), || write.describe());
                        let output = match clause + 1 < clauses.end {
                            true => OutputRows::Kept,
                            false => OutputRows::Dropped,
                        };
                        rows = self.writer.write(write, rows, output).await?;
                        bound = self.binder.with_columns(after, &rows.schema);
                    }
                    plan => {
                        self.writer.describe("Read", || "Read".to_owned());
                        rows = self.writer.read(plan, &rows).await?;
                        taken = rows.len();
                        bound = after;
                    }
                },
                BoundClause::Nested(nested) => {
                    let run = self.nested(&nested, rows, bound);
                    (rows, bound) = on_stack(run).await?;
                }
            }
            self.writer.leave(taken);
        }
        Ok((rows, bound))
    }

    /// Binds a clause over the graph as it is now.
    pub(super) fn bind(
        &mut self,
        place: ClausePlace<'_, B::Query>,
        bound: &B::Bound,
    ) -> Result<BoundClause<B::Query, B::Bound>> {
        let graph = self.writer.graph();
        self.binder.bind(place, bound, &graph)
    }
}
