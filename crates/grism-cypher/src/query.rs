//! A parsed query: one that only reads is bound as a whole; one that writes is bound clause by clause, since what a
//! clause writes changes what the next one is bound against.

use std::ops::Range;
use std::sync::Arc;

use grism_core::Result;
use grism_logical::{LogicalExpr, LogicalPlan, PlanSchema};
use open_cypher::ast::visit::{Visitor, walk_expr, walk_path_factor};
use open_cypher::ast::{
    Clause, ClauseKind, Expr, ExprKind, PathFactor, PathFactorKind, Pattern, RegularQuery,
    SingleQuery, UnionOperator,
};

use crate::binder::{
    BindContext, Binder, BoundQuery, BoundWrite, ProjectionKind, Scope, column_for,
};
use crate::check::check_query;
use crate::parse::parse_query;
use crate::source::Source;
use crate::warning::Warning;

/// A query that was parsed and checked, but not bound to a snapshot.
#[derive(Clone, Debug)]
pub struct Query {
    text: String,
    whole: String,
    offset: usize,
    syntax: RegularQuery,
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
    /// Parses and checks the query `text`, which stands at byte `offset` of `whole`.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong.
    pub fn parse(text: &str, whole: &str, offset: usize) -> Result<Self> {
        let source = Source {
            text,
            whole,
            offset,
        };
        let syntax = parse_query(source)?;
        check_query(source, &syntax)?;
        Ok(Self {
            text: text.to_owned(),
            whole: whole.to_owned(),
            offset,
            syntax,
        })
    }

    /// Parses clauses that read, to be bound on top of a plan.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong, or where a clause writes.
    pub fn parse_clauses(text: &str) -> Result<Self> {
        let query = match Self::parse(text, text, 0) {
            Ok(query) if query.returns() => query,
            // Clauses alone are no query; what is wrong with them shows when they are made one.
            _ => {
                let mut query = Self::parse(&format!("{text} RETURN *"), text, 0)?;
                query.syntax.head.kind.clauses.pop();
                query
            }
        };
        if query.writes() || query.branches() > 1 {
            let message = "a frame goes on with clauses that read, without UNION";
            return Err(grism_core::Error::invalid_query(message));
        }
        Ok(query)
    }

    fn returns(&self) -> bool {
        let last = self.syntax.head.kind.clauses.last();
        last.is_some_and(|clause| matches!(clause.kind, ClauseKind::Return(_)))
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
        let mut binder = frame_binder(self.source(), plan, context)?;
        for clause in &self.syntax.head.kind.clauses {
            match &clause.kind {
                ClauseKind::Return(returned) => {
                    binder.projection(&returned.projection, None, ProjectionKind::Inner)?;
                }
                _ => binder.clause(clause)?,
            }
        }
        let variables = binder.scope.variables.into_iter();
        let extended = LogicalPlan::Project {
            input: Arc::new(binder.plan.with_rows(plan)?),
            expressions: variables
                .map(|variable| (LogicalExpr::Column(variable.column), variable.name))
                .collect(),
        };
        Ok((extended, binder.warnings))
    }

    fn source(&self) -> Source<'_> {
        Source {
            text: &self.text,
            whole: &self.whole,
            offset: self.offset,
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
        (0..self.branches())
            .flat_map(|branch| &self.branch(branch).kind.clauses)
            .any(is_write)
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
        unions.any(|union| union.operator.kind != UnionOperator::All)
    }

    /// Binds a query that only reads.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong; `Unsupported`, by name, for what Grism does not do.
    pub fn bind(&self, context: BindContext<'_>) -> Result<BoundQuery> {
        let mut binder = Binder::new(self.source(), context);
        let plan = binder.regular_query(&self.syntax)?;
        Ok(BoundQuery {
            plan,
            warnings: binder.warnings,
            volatile: binder.volatile,
        })
    }

    /// The pieces of a branch, in order.
    #[must_use]
    pub fn parts(&self, branch: usize) -> Vec<QueryPart> {
        let clauses = &self.branch(branch).kind.clauses;
        let mut parts = Vec::new();
        let mut first = 0;
        for (index, clause) in clauses.iter().enumerate() {
            if is_write(clause) {
                if first < index {
                    parts.push(QueryPart::Read(first..index));
                }
                // A pattern that reads what one before it creates is created after it.
                let several = match &clause.kind {
                    ClauseKind::Create(create) if reads_created(&create.pattern) => {
                        create.pattern.parts.len()
                    }
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
                first = index + 1;
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

    /// Binds clauses that read, on top of what is bound so far.
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
            QueryPart::Write { clause, .. } => (*clause..*clause, false),
        };
        let mut binder = self.binder(state, context);
        let clauses = &self.branch(branch).kind.clauses[range];
        for clause in clauses {
            match &clause.kind {
                ClauseKind::Return(returned) if returns => {
                    binder.projection(&returned.projection, None, ProjectionKind::Return)?;
                }
                _ => binder.clause(clause)?,
            }
        }
        let columns = binder.plan.schema()?;
        Ok(BoundRead {
            plan: binder.plan,
            state: BindState {
                scope: binder.scope,
                columns,
                counter: binder.counter,
            },
            warnings: binder.warnings,
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
        let clause = &self.branch(branch).kind.clauses[clause];
        self.binder(state, context).write(clause, patterns)
    }

    fn binder<'a>(&'a self, state: &BindState, context: BindContext<'a>) -> Binder<'a> {
        let mut binder = Binder::new(self.source(), context);
        binder.plan = LogicalPlan::Argument(state.columns.clone());
        binder.scope = state.scope.clone();
        binder.counter = state.counter;
        binder
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
    let nowhere = Source {
        text: "",
        whole: "",
        offset: 0,
    };
    let mut binder = frame_binder(nowhere, plan, context)?;
    binder.results()?;
    binder.plan.with_rows(plan)
}

/// A binder whose variables are the columns of `plan`.
fn frame_binder<'a>(
    source: Source<'a>,
    plan: &LogicalPlan,
    context: BindContext<'a>,
) -> Result<Binder<'a>> {
    let columns = plan.schema()?;
    let mut binder = Binder::new(source, context);
    // A name with a dot would be taken for a property's column.
    let expressions: Vec<(LogicalExpr, String)> = columns
        .names()
        .map(|name| (LogicalExpr::column(name), column_for(name)))
        .collect();
    for (column, (_, name)) in columns.columns.iter().zip(&expressions) {
        binder.scope.put(&column.name, name, column.ty.clone());
    }
    let renamed = columns
        .names()
        .zip(&expressions)
        .any(|(own, (_, name))| own != name);
    binder.plan = LogicalPlan::Argument(columns);
    if renamed {
        binder.plan = LogicalPlan::Project {
            input: Arc::new(std::mem::replace(&mut binder.plan, LogicalPlan::Unit)),
            expressions,
        };
    }
    Ok(binder)
}

fn is_write(clause: &Clause) -> bool {
    matches!(
        clause.kind,
        ClauseKind::Create(_)
            | ClauseKind::Insert(_)
            | ClauseKind::Merge(_)
            | ClauseKind::Set(_)
            | ClauseKind::Remove(_)
            | ClauseKind::Delete(_)
            | ClauseKind::Foreach(_)
            | ClauseKind::LoadCsv(_)
    )
}

/// Whether a pattern of CREATE reads a variable that one before it creates.
fn reads_created(pattern: &Pattern) -> bool {
    struct Names<'ast> {
        created: Vec<&'ast str>,
        read: bool,
    }
    impl<'ast> Visitor<'ast> for Names<'ast> {
        fn visit_path_factor(&mut self, factor: &'ast PathFactor) {
            walk_path_factor(self, factor);
            let variable = match &factor.kind {
                PathFactorKind::Node(node) => node.variable.as_ref(),
                PathFactorKind::Relationship(step) => step.variable.as_ref(),
                _ => None,
            };
            self.created
                .extend(variable.map(|name| name.kind.text.as_str()));
        }

        fn visit_expr(&mut self, expression: &'ast Expr) {
            if let ExprKind::Variable(name) = &expression.kind {
                self.read |= self.created.contains(&name.kind.text.as_str());
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
