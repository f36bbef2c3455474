//! A parsed query: one that only reads is bound as a whole; one that writes is bound clause by clause, since what a
//! clause writes changes what the next one is bound against.

mod with_functions;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use crate::binder::{
    BindContext, BoundQuery, BoundWrite, NamedLabels, Notes, ParameterTypes, ProjectionKind,
    QueryContext, Rows, Scope, bind_clause, bind_query, bind_write, column_for,
    materialize_results, project,
};
use crate::check::check_query;
use crate::parser::{parse_clauses, parse_input};
use crate::scopes::{Ending, check_scopes};
use crate::source::Source;
use crate::statement::{Statement, StatementKind};
use crate::syntax::{
    self, Clause, ClauseKind, Expr, ExprKind, PathElement, PathElementKind, Pattern, SingleQuery,
    Visitor, walk_element, walk_expr,
};
use crate::warning::Warning;
use grism_core::{Error, GraphSchema, Result};
use grism_logical::{LogicalExpr, LogicalPlan, NamedExpr, PlanSchema, SharedPlan};

/// A query that was parsed and checked, but not bound to a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The whole input that the query stands in.
    text: Arc<str>,
    syntax: syntax::Query,
    labels: NamedLabels,
    /// Whether other clauses go on from what it returns: then entities stay entities.
    is_nested: bool,
    /// Names in lower case that are called and that no function of Grism has. Where there are some, what is wrong with
    /// aggregates is found when the functions of the graph are known.
    unknown_calls: BTreeSet<String>,
}

/// A piece of a query that writes, by the numbers of its clauses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryPart {
    /// Clauses that read.
    Read(Range<usize>),
    /// A clause that writes; of CREATE, some of its patterns.
    Write {
        /// The clause.
        clause: usize,
        /// The patterns; `None` is all of them.
        patterns: Option<Range<usize>>,
    },
    /// Clauses that read, the last of which is RETURN.
    Return(Range<usize>),
    /// A clause that runs clauses of its own: FOREACH, or a subquery that writes.
    Nested {
        /// The clause.
        clause: usize,
    },
}

/// What the clauses so far have bound.
#[derive(Clone, Debug, Default)]
pub struct BindState {
    /// The variables.
    pub scope: Scope,
    /// The columns of the rows so far.
    pub columns: PlanSchema,
    /// Makes names of internal columns differ.
    pub counter: usize,
}

/// Clauses that read, bound on top of the rows so far.
#[derive(Clone, Debug)]
pub struct BoundRead {
    /// What to compute; its leaf is the argument.
    pub plan: LogicalPlan,
    /// What is bound afterwards.
    pub state: BindState,
    /// What is odd about the clauses.
    pub warnings: Vec<Warning>,
}

impl Query {
    /// Checks a query of the input `text`.
    pub(crate) fn try_new(text: Arc<str>, syntax: syntax::Query) -> Result<Self> {
        let checked = check_query(Source::new(&text), &syntax);
        if let Some(error) = checked.error.filter(|_| checked.unknown_calls.is_empty()) {
            return Err(error);
        }
        let labels = NamedLabels::of(&syntax);
        Ok(Self {
            text,
            syntax,
            labels,
            is_nested: false,
            unknown_calls: checked.unknown_calls,
        })
    }

    /// Parses the one query that `text` is.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong, or where `text` is no query or several.
    pub fn parse(text: &str) -> Result<Arc<Self>> {
        let mut statements = parse_input(text)?;
        match (statements.pop(), statements.is_empty()) {
            (
                Some(Statement {
                    kind: StatementKind::Query(query),
                    ..
                }),
                true,
            ) => Ok(query),
            _ => Err(Error::invalid_query(
                "one query is needed here, and no other statement",
            )),
        }
    }

    /// Parses clauses that read, to be bound on top of a plan.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong, or where a clause writes.
    pub fn parse_clauses(text: &str) -> Result<Self> {
        let head = parse_clauses(text)?;
        let span = head.span;
        let unions = Vec::new();
        Self::try_new(Arc::from(text), syntax::Query { head, unions, span })
    }

    /// The query's text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.source().slice(self.syntax.span)
    }

    /// Where the query starts in its input, in bytes.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.syntax.span.start
    }

    /// The whole input that the query stands in.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.text
    }

    /// Binds the query on top of `plan`, whose columns are variables; the new plan, and what is odd about the clauses.
    ///
    /// # Errors
    /// As [`Self::bind`].
    pub fn bind_onto(
        &self,
        plan: &LogicalPlan,
        context: BindContext<'_>,
    ) -> Result<(LogicalPlan, Vec<Warning>)> {
        ParameterTypes::settle(context, |context| self.bind_frame(plan, context))
    }

    fn bind_frame(
        &self,
        plan: &LogicalPlan,
        context: BindContext<'_>,
    ) -> Result<(LogicalPlan, Vec<Warning>)> {
        self.check_calls()?;
        let (context, mut notes) = (self.context(context), Notes::default());
        let mut rows = frame_rows(plan)?;
        let schema = context.schema();
        check_scopes(
            context.source,
            schema,
            &self.syntax,
            &rows.scope,
            Ending::Open,
        )?;
        for clause in &self.syntax.head.clauses {
            rows = match &clause.kind {
                ClauseKind::Return(returned) => {
                    let kind = ProjectionKind::Return;
                    project(context, &mut notes, rows, returned, None, kind)?
                }
                _ => bind_clause(context, &mut notes, rows, clause)?,
            };
        }
        rows.plan = rows.plan.with_rows(plan)?;
        Ok((named_columns(rows), notes.warnings))
    }

    pub(crate) fn context<'a>(&'a self, bind: BindContext<'a>) -> QueryContext<'a> {
        QueryContext {
            source: self.source(),
            labels: &self.labels,
            bind,
            by_kind: false,
        }
    }

    /// The syntax tree.
    pub(crate) fn syntax(&self) -> &syntax::Query {
        &self.syntax
    }

    fn source(&self) -> Source<'_> {
        Source::new(&self.text)
    }

    pub(crate) fn clause(&self, branch: usize, clause: usize) -> &Clause {
        &self.branch(branch).clauses[clause]
    }

    /// A query of the same input that runs within this one.
    pub(crate) fn nested(&self, syntax: syntax::Query) -> Self {
        Self {
            text: Arc::clone(&self.text),
            syntax,
            labels: self.labels.clone(),
            is_nested: true,
            unknown_calls: BTreeSet::new(),
        }
    }

    fn branch(&self, branch: usize) -> &SingleQuery {
        match branch
            .checked_sub(1)
            .and_then(|at| self.syntax.unions.get(at))
        {
            Some(union) => &union.query,
            None => &self.syntax.head,
        }
    }

    /// Whether the query changes the graph.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.syntax.writes()
    }

    /// How many queries a UNION joins; 1 without.
    #[must_use]
    pub fn branches(&self) -> usize {
        self.syntax.unions.len() + 1
    }

    /// Whether a UNION drops rows that stand twice.
    #[must_use]
    pub fn is_distinct_union(&self) -> bool {
        let mut unions = self.syntax.unions.iter();
        unions.any(|union| !union.all)
    }

    /// Checks the variables of the whole query, those of clauses behind a write too.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong.
    pub fn check(&self, schema: &GraphSchema) -> Result<()> {
        self.check_calls()?;
        let (source, scope) = (self.source(), Scope::default());
        check_scopes(source, schema, &self.syntax, &scope, Ending::Complete)
    }

    /// Binds a query that only reads.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong; `Unsupported`, by name, for what Grism does not do.
    pub fn bind(&self, context: BindContext<'_>) -> Result<BoundQuery> {
        self.check(context.schema)?;
        ParameterTypes::settle(context, |context| {
            let mut notes = Notes::default();
            let plan = bind_query(self.context(context), &mut notes, &self.syntax)?;
            Ok(BoundQuery {
                plan,
                warnings: notes.warnings,
                volatile: notes.volatile,
            })
        })
    }

    /// The pieces of a branch, in order.
    #[must_use]
    pub fn parts(&self, branch: usize) -> Vec<QueryPart> {
        let clauses = &self.branch(branch).clauses;
        let mut parts = Vec::new();
        let mut first = 0;
        for (index, clause) in clauses.iter().enumerate() {
            if clause.is_write() {
                if first < index {
                    parts.push(QueryPart::Read(first..index));
                }
                first = index + 1;
                if clause.is_nested() {
                    parts.push(QueryPart::Nested { clause: index });
                    continue;
                }
                // A pattern that reads what one before it creates is created after it.
                let several = match &clause.kind {
                    ClauseKind::Create(pattern) if reads_created(pattern) => pattern.paths.len(),
                    _ => 0,
                };
                if several == 0 {
                    parts.push(QueryPart::Write {
                        clause: index,
                        patterns: None,
                    });
                }
                parts.extend((0..several).map(|pattern| QueryPart::Write {
                    clause: index,
                    patterns: Some(pattern..pattern + 1),
                }));
            }
        }
        let last = clauses.last().map(|clause| &clause.kind);
        let returns = matches!(last, Some(ClauseKind::Return(_)));
        if first < clauses.len() {
            let rest = first..clauses.len();
            parts.push(if returns {
                QueryPart::Return(rest)
            } else {
                QueryPart::Read(rest)
            });
        }
        parts
    }

    /// Binds clauses that read, on top of what is bound so far. What a branch of a UNION returns keeps its entities, of which
    /// [`bind_results`] makes values when the rows of all branches are together.
    ///
    /// # Errors
    /// As [`Self::bind`].
    pub fn bind_read(
        &self,
        branch: usize,
        part: &QueryPart,
        state: &BindState,
        context: BindContext<'_>,
    ) -> Result<BoundRead> {
        let (range, returns) = match part {
            QueryPart::Read(range) => (range.clone(), false),
            QueryPart::Return(range) => (range.clone(), true),
            QueryPart::Write { clause, .. } | QueryPart::Nested { clause } => {
                (*clause..*clause, false)
            }
        };
        let (context, mut notes) = (self.context(context), state.notes());
        let mut rows = state.rows();
        for clause in &self.branch(branch).clauses[range] {
            rows = match &clause.kind {
                ClauseKind::Return(returned) if returns => {
                    let kind = ProjectionKind::Return;
                    project(context, &mut notes, rows, returned, None, kind)?
                }
                _ => bind_clause(context, &mut notes, rows, clause)?,
            };
        }
        if returns && !self.is_nested {
            rows = match self.branches() {
                1 => materialize_results(context, &mut notes, rows)?,
                _ => {
                    let scope = rows.scope.clone();
                    Rows::new(named_columns(rows), scope)
                }
            };
        }
        let columns = rows.plan.schema()?;
        Ok(BoundRead {
            plan: rows.plan,
            state: BindState {
                scope: rows.scope,
                columns,
                counter: notes.counter,
            },
            warnings: notes.warnings,
        })
    }

    /// Binds a clause that writes, on top of what is bound so far.
    ///
    /// # Errors
    /// As [`Self::bind`].
    pub fn bind_write(
        &self,
        branch: usize,
        clause: usize,
        patterns: Option<&Range<usize>>,
        state: &BindState,
        context: BindContext<'_>,
    ) -> Result<BoundWrite> {
        let clause = &self.branch(branch).clauses[clause];
        let context = self.context(context);
        bind_write(context, state.notes(), state.rows(), clause, patterns)
    }
}

impl BindState {
    /// The rows so far.
    fn rows(&self) -> Rows {
        Rows::argument(self.columns.clone(), self.scope.clone())
    }

    /// Notes whose internal names follow those of the rows so far.
    pub(crate) fn notes(&self) -> Notes {
        Notes::counting_from(self.counter)
    }
}

/// `plan` with the entities among its columns as values: what a frame gives when it is run.
///
/// # Errors
/// Those of type inference.
pub fn bind_results(plan: &LogicalPlan, context: BindContext<'_>) -> Result<LogicalPlan> {
    let columns = plan.schema()?.columns;
    if !columns.iter().any(|column| column.ty.may_hold_entity()) {
        return Ok(plan.clone());
    }
    let labels = NamedLabels::default();
    let nowhere = QueryContext {
        source: Source::new(""),
        labels: &labels,
        bind: context,
        by_kind: false,
    };
    let rows = materialize_results(nowhere, &mut Notes::default(), frame_rows(plan)?)?;
    rows.plan.with_rows(plan)
}

/// The variables, as columns of their names.
fn named_columns(rows: Rows) -> LogicalPlan {
    let variables = rows.scope.variables.into_iter();
    LogicalPlan::Project {
        input: SharedPlan::new(rows.plan),
        expressions: variables
            .map(|variable| LogicalExpr::Column(variable.column).named(variable.name))
            .collect(),
    }
}

/// Rows whose variables are the columns of `plan`.
fn frame_rows(plan: &LogicalPlan) -> Result<Rows> {
    let columns = plan.schema()?;
    // A name with a dot would be taken for a property's column.
    let expressions: Vec<NamedExpr> = columns
        .names()
        .map(|name| LogicalExpr::column(name).named(column_for(name)))
        .collect();
    let mut scope = Scope::default();
    for (column, own) in columns.columns.iter().zip(&expressions) {
        scope.put(&column.name, &own.name, column.ty.clone());
    }
    let renamed = !expressions.iter().all(NamedExpr::is_own_column);
    let mut rows = Rows::argument(columns, scope);
    if renamed {
        rows.plan = LogicalPlan::Project {
            input: SharedPlan::new(rows.plan),
            expressions,
        };
    }
    Ok(rows)
}

/// Whether a pattern of CREATE reads a variable that one before it creates.
fn reads_created(pattern: &Pattern) -> bool {
    struct Names<'ast> {
        created: Vec<&'ast str>,
        read: bool,
    }
    impl<'ast> Visitor<'ast> for Names<'ast> {
        fn visit_element(&mut self, element: &'ast PathElement) {
            walk_element(self, element);
            let variable = match &element.kind {
                PathElementKind::Node(node) => node.variable.as_ref(),
                PathElementKind::Relationship(step) => step.variable.as_ref(),
                _ => None,
            };
            self.created.extend(variable.map(|name| name.text.as_str()));
        }

        fn visit_expr(&mut self, expression: &'ast Expr) {
            if let ExprKind::Variable(name) = &expression.kind {
                self.read |= self.created.contains(&name.text.as_str());
            }
            walk_expr(self, expression);
        }
    }
    let mut names = Names {
        created: Vec::new(),
        read: false,
    };
    names.visit_pattern(pattern);
    names.read
}
