//! FOREACH and subqueries that write: their clauses run for each row, or for all rows at once where that gives the same.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array, new_null_array};
use arrow::compute::take;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::{Error, Result, Snapshot, on_stack};
use grism_cypher::{BindState, NestedQuery, Query, QueryPart};
use grism_engine::PhysicalSchema;
use grism_logical::{Column, LogicalExpr, LogicalPlan, PlanSchema, Rows};

use super::Writer;
use super::found::{Found, FoundBuffer};

impl Writer<'_> {
    /// Binds a clause that runs clauses of its own over the graph as it is now.
    pub(super) fn bind_nested(
        &self,
        query: &Query,
        clause: usize,
        state: &BindState,
    ) -> Result<NestedQuery> {
        let schema = Arc::new(self.transaction.schema().clone());
        let statistics = Arc::clone(self.transaction.snapshot().statistics());
        query.bind_nested(0, clause, state, self.context(&schema, &statistics))
    }

    /// Runs a nested query on the rows so far: the rows afterwards, and what is bound.
    pub(super) async fn nested(
        &mut self,
        nested: &NestedQuery,
        rows: Found,
        state: BindState,
    ) -> Result<(Found, BindState)> {
        let mut inner = Vec::new();
        for state in &nested.states {
            inner.push(self.imported(state, &rows).await?);
        }
        if nested.returns {
            return self.nested_rows(nested, rows, &inner, state).await;
        }
        // Where the query is planned over no rows, its clauses are planned too.
        let by_row = nested.by_row && self.explained.is_none();
        if nested.is_foreach {
            // The list is read for all rows before anything is written.
            let (query, mut parts) = (&nested.query, nested.query.parts(0));
            let unwind: Vec<QueryPart> = parts.drain(..parts.len().min(1)).collect();
            let (first, state) = (inner.swap_remove(0), nested.states[0].clone());
            let (elements, state) = on_stack(self.parts(query, 0, unwind, first, state)).await?;
            for piece in pieces(&elements, by_row) {
                let run = self.parts(query, 0, parts.clone(), piece?, state.clone());
                on_stack(run).await?;
            }
        } else {
            for piece in branch_pieces(&inner, by_row) {
                self.nested_branches(nested, piece?).await?;
            }
        }
        Ok((rows, state))
    }

    /// The rows with the columns that a branch of a nested query sees.
    async fn imported(&self, state: &BindState, rows: &Found) -> Result<Found> {
        let names: Vec<String> = state.columns.names().map(str::to_owned).collect();
        if rows.schema.names().eq(names.iter().map(String::as_str)) {
            return Ok(rows.clone());
        }
        let plan = LogicalPlan::Argument(rows.schema.clone()).keep_columns(&names)?;
        self.evaluate_in_order(&plan, rows).await
    }

    /// Runs every branch of a nested query on its rows: what each leaves, and what is bound there.
    async fn nested_branches(
        &mut self,
        nested: &NestedQuery,
        rows: Vec<Found>,
    ) -> Result<Vec<(Found, BindState)>> {
        let mut found = Vec::new();
        for (branch, rows) in rows.into_iter().enumerate() {
            let (query, state) = (&nested.query, nested.states[branch].clone());
            let run = self.parts(query, branch, query.parts(branch), rows, state);
            found.push(on_stack(run).await?);
        }
        Ok(found)
    }

    /// What a nested query returns for some rows of the outer query, and what it binds.
    async fn returned(
        &mut self,
        nested: &NestedQuery,
        rows: Vec<Found>,
    ) -> Result<(Found, BindState)> {
        let mut found = self.nested_branches(nested, rows).await?;
        if found.len() == 1 {
            return Ok(found.swap_remove(0));
        }
        // The branches return the same variables, each in columns of its own.
        let mut branches = Vec::new();
        for (rows, bound) in &found {
            let variables = bound.scope.variables.iter();
            let expressions =
                variables.map(|own| (LogicalExpr::column(&own.column), own.name.clone()));
            let named = LogicalPlan::Project {
                input: Arc::new(LogicalPlan::Argument(rows.schema.clone())),
                expressions: expressions.collect(),
            };
            branches.push(self.evaluate_in_order(&named, rows).await?);
        }
        let united = self.united(&nested.query, branches).await?;
        let (_, bound) = found.swap_remove(0);
        let columns = united.schema.names().zip(&bound.scope.variables);
        let expressions =
            columns.map(|(name, own)| (LogicalExpr::column(name), own.column.clone()));
        let renamed = LogicalPlan::Project {
            input: Arc::new(LogicalPlan::Argument(united.schema.clone())),
            expressions: expressions.collect(),
        };
        Ok((self.evaluate_in_order(&renamed, &united).await?, bound))
    }

    /// Runs a nested query that returns rows, for one row after the other: each row with what is returned for it.
    async fn nested_rows(
        &mut self,
        nested: &NestedQuery,
        rows: Found,
        inner: &[Found],
        mut state: BindState,
    ) -> Result<(Found, BindState)> {
        let mut made: Option<(PlanSchema, BindState)> = None;
        let mut answers: Vec<(RecordBatch, Option<Found>)> = Vec::new();
        for (outer, inner) in pieces(&rows, true).zip(branch_pieces(inner, true)) {
            let outer = outer?.concat()?.batch;
            let (found, bound) = self.returned(nested, inner?).await?;
            check_returned(&state, &bound)?;
            made = Some(match made {
                None => (found.schema.clone(), bound),
                // A later row may find or make entities of tables that an earlier one did not know.
                Some((known, bound)) => (unified(&known, &found.schema)?, bound),
            });
            if !found.is_empty() || nested.optional {
                answers.push((outer, Some(found).filter(|found| !found.is_empty())));
            }
        }
        let Some((returned, bound)) = made else {
            // Without rows the types of what would be returned are not known.
            let none = inner.iter().map(|rows| Found::none(rows.schema.clone()));
            let (found, bound) = self.returned(nested, none.collect()).await?;
            check_returned(&state, &bound)?;
            let schema = joined(&rows.schema, &found.schema);
            add_variables(&mut state, bound, &schema);
            return Ok((Found::none(schema), state));
        };
        let schema = joined(&rows.schema, &returned);
        let physical = PhysicalSchema::from(schema.clone());
        let mut output = FoundBuffer::new(self.storage.memory());
        for (outer, found) in answers {
            match found {
                Some(found) => {
                    for batch in found.batches() {
                        let batch = batch?.converted(&returned)?;
                        let mut columns = repeated(&outer, batch.num_rows())?;
                        columns.extend(batch.columns().iter().cloned());
                        output.push(with_rows(&physical, columns, batch.num_rows())?)?;
                    }
                }
                None => {
                    let mut columns = outer.columns().to_vec();
                    for column in &returned.columns {
                        columns.push(new_null_array(&column.ty.to_arrow(), 1));
                    }
                    output.push(with_rows(&physical, columns, 1)?)?;
                }
            }
        }
        add_variables(&mut state, bound, &schema);
        Ok((output.finish(schema)?, state))
    }
}

/// The rows one by one, or all of them.
fn pieces(rows: &Found, by_row: bool) -> Box<dyn Iterator<Item = Result<Found>> + Send> {
    if !by_row {
        return Box::new(std::iter::once(Ok(rows.clone())));
    }
    let schema = rows.schema.clone();
    Box::new(rows.batches().flat_map(move |batch| {
        let schema = schema.clone();
        let rows: Vec<Result<Found>> = match batch {
            Ok(batch) => (0..batch.len())
                .map(|row| {
                    let row = batch.batch.slice(row, 1);
                    Ok(Found::new(schema.clone(), Rows::new(vec![row])))
                })
                .collect(),
            Err(error) => vec![Err(error)],
        };
        rows
    }))
}

/// The rows of each branch, one row of each at a time, or all of them.
fn branch_pieces(
    branches: &[Found],
    by_row: bool,
) -> impl Iterator<Item = Result<Vec<Found>>> + Send {
    let mut branches: Vec<_> = branches.iter().map(|rows| pieces(rows, by_row)).collect();
    std::iter::from_fn(move || branches.iter_mut().map(Iterator::next).collect())
        .map(|pieces: Vec<Result<Found>>| pieces.into_iter().collect())
}

/// The one row of `outer`, so many times.
fn repeated(outer: &RecordBatch, rows: usize) -> Result<Vec<ArrayRef>> {
    let places = UInt32Array::from(vec![0; rows]);
    let columns = outer.columns().iter();
    columns
        .map(|column| Ok(take(column, &places, None)?))
        .collect()
}

fn with_rows(schema: &PhysicalSchema, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(Arc::clone(schema.arrow()), columns, &options)?;
    Ok(batch)
}

/// Columns that hold the values of both, which have the same names.
pub(super) fn unified(first: &PlanSchema, second: &PlanSchema) -> Result<PlanSchema> {
    let mut schema = first.clone();
    for column in &mut schema.columns {
        let other = second
            .find(&column.name)
            .ok_or_else(|| Error::internal("a subquery returns the same columns for each row"))?;
        column.ty = column.ty.unify(&other.ty);
    }
    Ok(schema)
}

fn joined(outer: &PlanSchema, returned: &PlanSchema) -> PlanSchema {
    let mut schema = outer.clone();
    for column in &returned.columns {
        schema.put(Column::new(&column.name, column.ty.clone()));
    }
    schema
}

/// What a nested query returns is new outside of it.
fn check_returned(state: &BindState, returned: &BindState) -> Result<()> {
    let mut variables = returned.scope.variables.iter();
    match variables.find(|own| state.scope.find(&own.name).is_some()) {
        None => Ok(()),
        Some(variable) => Err(Error::invalid_query(format!(
            "the variable `{}` is bound outside of the subquery; return it by another name with AS",
            variable.name
        ))
        .with_code("SyntaxError:VariableAlreadyBound")),
    }
}

/// Binds what a nested query returned.
fn add_variables(state: &mut BindState, returned: BindState, schema: &PlanSchema) {
    for variable in returned.scope.variables {
        let column = schema.find(&variable.column);
        let ty = column.map_or(variable.ty, |column| column.ty.clone());
        state.scope.put(&variable.name, &variable.column, ty);
    }
    state.columns = schema.clone();
    state.counter = state.counter.max(returned.counter);
}
