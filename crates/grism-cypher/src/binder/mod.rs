//! Binds a parsed query against the schema of a snapshot: names become columns, patterns become plans.

mod access;
mod aggregation;
mod call;
mod call_subquery;
mod choices;
mod clause;
mod comprehension;
mod contents;
mod elements;
mod entity;
mod estimate;
mod expression;
mod functions;
mod graph;
mod is_predicate;
mod labels;
mod literal;
mod load_csv;
mod map_projection;
mod named_labels;
mod odd_comparison;
mod operator;
mod path;
mod path_mode;
mod pattern;
mod projection;
mod projection_items;
mod repeat;
mod results;
mod role_property;
mod row_count;
mod scope;
mod search;
mod steps;
mod subquery;
mod uniqueness;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use grism_core::{GraphSchema, GraphStatistics, Result, Type, Value, nearest};
use grism_logical::pattern::PatternGraph;
use grism_logical::{AggregateCall, ApplyKind, LogicalExpr, LogicalPlan};

pub(crate) use functions::is_aggregate;
pub(crate) use named_labels::NamedLabels;
pub(crate) use projection::ProjectionKind;
pub(crate) use scope::column_for;

pub use call::{Procedure, ProcedureColumn, Procedures, procedures};
pub use functions::{FunctionInfo, functions};
pub use scope::{Scope, Variable};
pub use write::{
    BoundWrite, Created, CreatedEdge, CreatedEntity, CreatedIncidence, MergeWrite, SetItem,
    WriteKind,
};

use crate::source::Source;
use crate::syntax::{Expr, ExprKind, Query, Span, Visitor, walk_expr};
use crate::warning::Warning;

/// The values of a query's parameters, by name without `$`.
pub type Parameters = BTreeMap<String, Value>;

/// What a query is bound against.
#[derive(Clone, Copy)]
pub struct BindContext<'a> {
    /// The snapshot's schema.
    pub schema: &'a Arc<GraphSchema>,
    /// The snapshot's counts.
    pub statistics: &'a Arc<GraphStatistics>,
    /// The query's parameters.
    pub parameters: &'a Parameters,
    /// The procedures that CALL may name.
    pub procedures: &'a Procedures,
    /// The instant that the statement's clocks show.
    pub now: &'a Value,
    /// Computes an expression that reads no columns.
    pub constant: &'a dyn Fn(&LogicalExpr) -> Result<Value>,
}

impl std::fmt::Debug for BindContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BindContext").finish_non_exhaustive()
    }
}

/// A query bound to a snapshot.
#[derive(Clone, Debug)]
pub struct BoundQuery {
    /// What to compute; its columns are the query's result columns.
    pub plan: LogicalPlan,
    /// What is odd about the query.
    pub warnings: Vec<Warning>,
    /// Whether the plan holds the instant it was made, or a random choice, so that it serves one run only.
    pub volatile: bool,
}

/// A query while it is bound.
#[derive(Clone, Copy)]
pub(crate) struct QueryContext<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) labels: &'a NamedLabels,
    pub(crate) bind: BindContext<'a>,
}

/// Binds one single query; branches of a union and subqueries have binders of their own.
pub(crate) struct Binder<'a> {
    query: QueryContext<'a>,
    source: Source<'a>,
    context: BindContext<'a>,
    schema: &'a Arc<GraphSchema>,
    statistics: &'a Arc<GraphStatistics>,
    parameters: &'a Parameters,
    pub(crate) warnings: Vec<Warning>,
    /// Whether the plan serves one run only.
    pub(crate) volatile: bool,
    pub(crate) plan: LogicalPlan,
    pub(crate) scope: Scope,
    /// Makes names of internal columns differ; subqueries go on counting where the outer query is.
    pub(crate) counter: usize,
    /// What an expression needs below the operator that evaluates it.
    pending: Vec<Pending>,
    /// What an expression over aggregates needs above the aggregation.
    after_aggregates: Vec<Pending>,
    /// The aggregates of the projection being bound; `None` where none may stand.
    aggregates: Option<Vec<(AggregateCall, String)>>,
    /// Aliases of the projection whose ORDER BY is being bound.
    aliases: Vec<(String, LogicalExpr)>,
    /// Properties that a MERGE creates or sets: they exist when its actions read them, though not yet when it is bound.
    setting: Vec<String>,
    /// The pattern that the plan ends with, which the next MATCH may add to.
    open: Option<OpenPattern>,
    /// Variables that enclosing comprehensions, quantifiers and reductions bind, the innermost last.
    lambdas: Vec<Lambda>,
}

/// A variable that an expression binds for a part of itself.
struct Lambda {
    name: String,
    column: String,
    ty: Type,
    /// How many levels of the entities it stands for are asked for labels, properties or the like; 0 for none, 2 where it
    /// is their members that are asked.
    depth: u8,
}

/// A planned pattern with everything that its plan is made of, so that it can be planned together with another one.
struct OpenPattern {
    /// What it was planned on top of.
    input: LogicalPlan,
    graph: PatternGraph,
    conditions: Vec<LogicalExpr>,
    /// What came of it; it is closed where the binder's plan is another one.
    plan: LogicalPlan,
}

/// A column that must be made before an expression can be evaluated.
enum Pending {
    /// By running a subplan for each row.
    Apply(Box<LogicalPlan>, ApplyKind),
    /// By evaluating an expression.
    Column(LogicalExpr, String),
    /// By reading the contents of the entities within a dynamically typed expression, so many levels of members deep.
    Hydrate(LogicalExpr, String, u8),
}

impl<'a> Binder<'a> {
    pub(crate) fn new(query: QueryContext<'a>) -> Self {
        let context = query.bind;
        Self {
            query,
            source: query.source,
            context,
            schema: context.schema,
            statistics: context.statistics,
            parameters: context.parameters,
            warnings: Vec::new(),
            volatile: false,
            plan: LogicalPlan::Unit,
            scope: Scope::default(),
            counter: 0,
            pending: Vec::new(),
            after_aggregates: Vec::new(),
            aggregates: None,
            aliases: Vec::new(),
            open: None,
            setting: Vec::new(),
            lambdas: Vec::new(),
        }
    }

    pub(crate) fn regular_query(&mut self, query: &Query) -> Result<LogicalPlan> {
        let first = self.single_query(&query.head)?;
        if query.unions.is_empty() {
            return Ok(first);
        }
        let names: Vec<String> = first.schema()?.names().map(str::to_owned).collect();
        let mut inputs = vec![Arc::new(first)];
        let mut all = None;
        for union in &query.unions {
            let keeps = union.all;
            if *all.get_or_insert(keeps) != keeps {
                let message = "UNION and UNION ALL cannot be mixed in one query";
                return Err(self
                    .source
                    .invalid(message, union.span)
                    .with_code("SyntaxError:InvalidClauseComposition"));
            }
            let mut branch = Binder::new(self.query);
            branch.counter = self.counter;
            let plan = branch.single_query(&union.query)?;
            self.counter = branch.counter;
            self.warnings.append(&mut branch.warnings);
            self.volatile |= branch.volatile;
            let own: Vec<String> = plan.schema()?.names().map(str::to_owned).collect();
            if own != names {
                let message = format!(
                    "the branches of a UNION need the same columns in the same order: {} and {}",
                    names.join(", "),
                    own.join(", ")
                );
                return Err(self
                    .source
                    .invalid(message, union.query.span)
                    .with_code("SyntaxError:DifferentColumnsInUnion"));
            }
            inputs.push(Arc::new(plan));
        }
        let inputs = LogicalPlan::same_types(inputs)?;
        let union = LogicalPlan::Union { inputs };
        Ok(if all == Some(true) {
            union
        } else {
            LogicalPlan::Distinct {
                input: Arc::new(union),
            }
        })
    }

    /// A name no query can spell, since it starts with `#`.
    fn internal_name(&mut self, stem: &str) -> String {
        self.counter += 1;
        format!("#{stem}{}", self.counter)
    }

    /// Makes the columns that the expressions bound since the last call need.
    fn flush_pending(&mut self) -> Result<()> {
        for pending in std::mem::take(&mut self.pending) {
            self.make(pending)?;
        }
        Ok(())
    }

    /// Makes one column on top of the plan.
    fn make(&mut self, pending: Pending) -> Result<()> {
        let input = Arc::new(std::mem::replace(&mut self.plan, LogicalPlan::Unit));
        self.plan = match pending {
            Pending::Apply(subplan, kind) => LogicalPlan::Apply(grism_logical::Apply {
                input,
                subplan: Arc::from(subplan),
                kind,
            }),
            Pending::Column(expression, name) => with_column(input, expression, name)?,
            Pending::Hydrate(expression, name, depth) => LogicalPlan::Hydrate {
                input: Arc::new(with_column(input, expression, name.clone())?),
                columns: vec![name],
                depth,
            },
        };
        Ok(())
    }

    /// Asks for a column below the operator that is being bound, or above its aggregation where it reads aggregates.
    fn pend(&mut self, pending: Pending) {
        let reads = match &pending {
            Pending::Apply(..) => Default::default(),
            Pending::Column(expression, _) | Pending::Hydrate(expression, ..) => {
                expression.columns()
            }
        };
        let above = |column: &String| {
            let aggregates = self.aggregates.iter().flatten();
            aggregates.map(|(_, name)| name).any(|name| name == column)
                || self.after_aggregates.iter().any(|own| own.makes(column))
        };
        if reads.iter().any(above) {
            self.after_aggregates.push(pending);
        } else {
            self.pending.push(pending);
        }
    }

    fn warn(&mut self, message: String, span: Span) {
        let warning = Warning {
            message,
            location: Some(self.source.location(span)),
        };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

impl Pending {
    fn makes(&self, column: &str) -> bool {
        match self {
            Self::Column(_, name) | Self::Hydrate(_, name, _) => name == column,
            Self::Apply(_, ApplyKind::Mark(name) | ApplyKind::Count(name)) => name == column,
            Self::Apply(_, ApplyKind::Collect { into, .. }) => into == column,
            Self::Apply(..) => false,
        }
    }
}

/// `input` with one more column.
fn with_column(
    input: Arc<LogicalPlan>,
    expression: LogicalExpr,
    name: String,
) -> Result<LogicalPlan> {
    let mut expressions: Vec<_> = input
        .schema()?
        .names()
        .map(|own| (LogicalExpr::column(own), own.to_owned()))
        .collect();
    expressions.push((expression, name));
    Ok(LogicalPlan::Project { input, expressions })
}

/// The names of all variables that an expression reads.
fn variables_of(expression: &Expr) -> Vec<String> {
    struct Names(Vec<String>);
    impl<'ast> Visitor<'ast> for Names {
        fn visit_expr(&mut self, expression: &'ast Expr) {
            if let ExprKind::Variable(name) = &expression.kind {
                self.0.push(name.text.clone());
            }
            walk_expr(self, expression);
        }
    }
    let mut names = Names(Vec::new());
    names.visit_expr(expression);
    names.0
}

/// `; did you mean …?`, or nothing.
fn hint<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    nearest(name, known)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}
