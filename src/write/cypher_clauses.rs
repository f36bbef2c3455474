//! The clauses of openCypher, as the engine's writer asks for them.

use std::borrow::Cow;
use std::sync::Arc;

use grism_core::{Error, Result, Value};
use grism_cypher::{
    BindContext, BindState, NestedQuery, ParameterTypes, Query, QueryPart, Scope, Warning,
    bind_results,
};
use grism_engine::operators::write::{
    BoundClause, ClauseBinder, ClausePlace, GraphState, NestedClause, NestedRows,
};
use grism_logical::pattern::PatternOrder;
use grism_logical::{LogicalPlan, PlanSchema};

use crate::entity_columns::EntityColumns;
use crate::query::{QueryOptions, constant, now};

/// Binds the clauses of a query, and collects what its result has beside rows.
#[derive(Debug)]
pub(super) struct CypherClauses<'a> {
    options: &'a QueryOptions,
    /// The instant that the statement's clocks show.
    now: Value,
    /// What the binder may know of parameters.
    parameter_types: ParameterTypes,
    /// What is odd about the query.
    pub(super) warnings: Vec<Warning>,
    /// The columns of entities of what was read last.
    pub(super) entities: EntityColumns,
}

/// A query, and the parts of each of its branches.
#[derive(Clone, Debug)]
pub(super) struct QueryParts<'q> {
    query: Cow<'q, Query>,
    parts: Arc<[Vec<QueryPart>]>,
}

impl<'q> QueryParts<'q> {
    pub(super) fn new(query: Cow<'q, Query>) -> Self {
        let parts = (0..query.branches()).map(|branch| query.parts(branch));
        Self {
            parts: parts.collect(),
            query,
        }
    }

    /// The parts of a branch.
    fn branch(&self, branch: usize) -> &[QueryPart] {
        self.parts.get(branch).map_or(&[], Vec::as_slice)
    }
}

impl<'a> CypherClauses<'a> {
    pub(super) fn new(options: &'a QueryOptions) -> Self {
        Self {
            options,
            now: now(),
            parameter_types: ParameterTypes::Known,
            warnings: Vec::new(),
            entities: EntityColumns::default(),
        }
    }

    /// What clauses are bound against.
    fn context<'c>(&'c self, graph: &'c GraphState) -> BindContext<'c> {
        BindContext {
            schema: &graph.schema,
            statistics: &graph.statistics,
            parameters: &self.options.parameters,
            tables: self.options.tables.parameter_names(),
            parameter_types: self.parameter_types,
            may_hold_deleted: graph.may_hold_deleted,
            functions: &self.options.functions,
            now: &self.now,
            constant: &constant,
            order: PatternOrder::Cheapest,
        }
    }

    /// Notes warnings, each once: what runs row by row is bound for each row.
    fn warn(&mut self, warnings: Vec<Warning>) {
        for warning in warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }
}

impl<'a> ClauseBinder for CypherClauses<'a> {
    type Query = QueryParts<'a>;
    type Bound = BindState;

    fn restart(&mut self) {
        self.warnings.clear();
        self.entities = EntityColumns::default();
    }

    fn begin(&mut self) {
        self.now = now();
    }

    fn binds_again(&mut self, error: &Error, graph: &GraphState) -> bool {
        let again = self.context(graph).may_fit_at_run_time(error);
        if again {
            self.parameter_types = ParameterTypes::AtRunTime;
        }
        again
    }

    fn is_settled(&self) -> bool {
        self.options.parameters.is_empty()
    }

    fn check(&self, query: &QueryParts<'a>, graph: &GraphState) -> Result<()> {
        query.query.check(&graph.schema)
    }

    fn branches(&self, query: &QueryParts<'a>) -> usize {
        query.parts.len()
    }

    fn is_distinct_union(&self, query: &QueryParts<'a>) -> bool {
        query.query.is_distinct_union()
    }

    fn clauses(&self, query: &QueryParts<'a>, branch: usize) -> usize {
        query.branch(branch).len()
    }

    fn returns(&self, query: &QueryParts<'a>, branch: usize) -> bool {
        matches!(query.branch(branch).last(), Some(QueryPart::Return(_)))
    }

    fn transactions(&self, query: &QueryParts<'a>) -> Result<Option<usize>> {
        let Some(own) = query.query.transactions()? else {
            return Ok(None);
        };
        let mut parts = query.branch(0).iter();
        let clause =
            parts.position(|part| matches!(part, QueryPart::Nested { clause } if *clause == own));
        let clause = clause.ok_or_else(|| Error::internal("a subquery that is no clause"))?;
        Ok(Some(clause))
    }

    fn bind(
        &mut self,
        place: ClausePlace<'_, QueryParts<'a>>,
        bound: &BindState,
        graph: &GraphState,
    ) -> Result<BoundClause<QueryParts<'a>, BindState>> {
        let (query, branch) = (&place.query.query, place.branch);
        let part = place.query.branch(branch).get(place.clause);
        let part = part.ok_or_else(|| Error::internal("a clause that the query does not have"))?;
        let context = self.context(graph);
        match part {
            QueryPart::Write { clause, patterns } => {
                let write = query.bind_write(branch, *clause, patterns.as_ref(), bound, context)?;
                self.warn(write.warnings);
                Ok(BoundClause::Plan {
                    plan: Box::new(LogicalPlan::Write(write.write)),
                    bound: BindState {
                        scope: write.scope,
                        columns: PlanSchema::default(),
                        counter: write.counter,
                    },
                })
            }
            QueryPart::Nested { clause } => {
                let nested = query.bind_nested(branch, *clause, bound, context)?;
                Ok(BoundClause::Nested(Box::new(nested_clause(nested))))
            }
            QueryPart::Read(_) | QueryPart::Return(_) => {
                let read = query.bind_read(branch, part, bound, context)?;
                self.warn(read.warnings);
                self.entities = EntityColumns::of(&read.plan)?;
                Ok(BoundClause::Plan {
                    plan: Box::new(read.plan),
                    bound: read.state,
                })
            }
        }
    }

    fn results(&mut self, rows: &LogicalPlan, graph: &GraphState) -> Result<LogicalPlan> {
        let results = bind_results(rows, self.context(graph))?;
        self.entities = EntityColumns::of(&results)?;
        Ok(results)
    }

    fn columns<'b>(&self, bound: &'b BindState) -> &'b PlanSchema {
        &bound.columns
    }

    fn variables(&self, bound: &BindState) -> Vec<(String, String)> {
        let variables = bound.scope.variables.iter();
        variables
            .map(|own| (own.name.clone(), own.column.clone()))
            .collect()
    }

    fn with_columns(&self, mut bound: BindState, columns: &PlanSchema) -> BindState {
        set_types(&mut bound.scope, columns);
        bound.columns = columns.clone();
        bound
    }

    fn check_returned(&self, outer: &BindState, returned: &BindState) -> Result<()> {
        let mut variables = returned.scope.variables.iter();
        match variables.find(|own| outer.scope.find(&own.name).is_some()) {
            None => Ok(()),
            Some(variable) => Err(Error::invalid_query(format!(
                "the variable `{}` is bound outside of the subquery; return it by another name with AS",
                variable.name
            ))
            .with_code("SyntaxError:VariableAlreadyBound")),
        }
    }

    fn with_returned(
        &self,
        mut outer: BindState,
        mut returned: BindState,
        columns: &PlanSchema,
    ) -> BindState {
        set_types(&mut returned.scope, columns);
        for own in returned.scope.variables {
            outer.scope.put(&own.name, &own.column, own.ty);
        }
        outer.columns = columns.clone();
        outer.counter = outer.counter.max(returned.counter);
        outer
    }
}

/// Gives variables the types of the columns that hold them.
fn set_types(scope: &mut Scope, columns: &PlanSchema) {
    for variable in &mut scope.variables {
        if let Some(column) = columns.find(&variable.column) {
            variable.ty = column.ty.clone();
        }
    }
}

fn nested_clause<'q>(nested: NestedQuery) -> NestedClause<QueryParts<'q>, BindState> {
    NestedClause {
        query: QueryParts::new(Cow::Owned(nested.query)),
        bound: nested.states,
        is_foreach: nested.is_foreach,
        rows: match nested.by_row {
            true => NestedRows::One,
            false => NestedRows::All,
        },
        returns: nested.returns,
        optional: nested.optional,
        transaction_rows: nested.transaction_rows,
    }
}
