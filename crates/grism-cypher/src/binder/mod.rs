//! Binds a parsed query against the schema of a snapshot: names become columns, patterns become plans.

mod clause;
mod entity;
mod estimate;
mod expression;
mod labels;
mod pattern;
mod projection;
mod scope;
mod steps;
mod subquery;
mod uniqueness;

use std::collections::BTreeMap;
use std::sync::Arc;

use grism_core::{GraphSchema, GraphStatistics, Result, Value, nearest};
use grism_logical::{AggregateCall, ApplyKind, LogicalExpr, LogicalPlan};
use open_cypher::Span;
use open_cypher::ast::{RegularQuery, UnionOperator};

use crate::parse::parse_query;
use crate::source::Source;
use crate::warning::Warning;
use scope::Scope;

/// The values of a query's parameters, by name without `$`.
pub type Parameters = BTreeMap<String, Value>;

/// A query bound to a snapshot.
#[derive(Clone, Debug)]
pub struct BoundQuery {
    /// What to compute; its columns are the query's result columns.
    pub plan: LogicalPlan,
    /// What is odd about the query.
    pub warnings: Vec<Warning>,
}

/// Parses and binds the query `text`, which stands at byte `offset` of `whole`.
///
/// # Errors
/// `InvalidQuery` with the place of what is wrong; `Unsupported`, by name, for what Grism does not do.
pub fn bind_query(
    text: &str,
    whole: &str,
    offset: usize,
    schema: &Arc<GraphSchema>,
    statistics: &Arc<GraphStatistics>,
    parameters: &Parameters,
) -> Result<BoundQuery> {
    let source = Source {
        text,
        whole,
        offset,
    };
    let query = parse_query(source)?;
    let mut binder = Binder::new(source, schema, statistics, parameters);
    let plan = binder.regular_query(&query)?;
    Ok(BoundQuery {
        plan,
        warnings: binder.warnings,
    })
}

/// Binds one single query; branches of a union and subqueries have binders of their own.
struct Binder<'a> {
    source: Source<'a>,
    schema: &'a Arc<GraphSchema>,
    statistics: &'a Arc<GraphStatistics>,
    parameters: &'a Parameters,
    warnings: Vec<Warning>,
    plan: LogicalPlan,
    scope: Scope,
    /// Makes names of internal columns differ; subqueries go on counting where the outer query is.
    counter: usize,
    /// What an expression needs below the operator that evaluates it.
    pending: Vec<Pending>,
    /// The aggregates of the projection being bound; `None` where none may stand.
    aggregates: Option<Vec<(AggregateCall, String)>>,
    /// Aliases of the projection whose ORDER BY is being bound.
    aliases: Vec<(String, LogicalExpr)>,
}

/// A column that must be made before an expression can be evaluated.
enum Pending {
    /// By running a subplan for each row.
    Apply(LogicalPlan, ApplyKind),
    /// By evaluating an expression.
    Column(LogicalExpr, String),
}

impl<'a> Binder<'a> {
    fn new(
        source: Source<'a>,
        schema: &'a Arc<GraphSchema>,
        statistics: &'a Arc<GraphStatistics>,
        parameters: &'a Parameters,
    ) -> Self {
        Self {
            source,
            schema,
            statistics,
            parameters,
            warnings: Vec::new(),
            plan: LogicalPlan::Unit,
            scope: Scope::default(),
            counter: 0,
            pending: Vec::new(),
            aggregates: None,
            aliases: Vec::new(),
        }
    }

    fn regular_query(&mut self, query: &RegularQuery) -> Result<LogicalPlan> {
        let first = self.single_query(&query.head)?;
        if query.unions.is_empty() {
            return Ok(first);
        }
        let names: Vec<String> = first.schema()?.names().map(str::to_owned).collect();
        let mut inputs = vec![Arc::new(first)];
        let mut all = None;
        for union in &query.unions {
            let keeps = union.operator.kind == UnionOperator::All;
            if *all.get_or_insert(keeps) != keeps {
                return Err(self.source.invalid(
                    "UNION and UNION ALL cannot be mixed in one query",
                    union.operator.span,
                ));
            }
            let mut branch =
                Binder::new(self.source, self.schema, self.statistics, self.parameters);
            branch.counter = self.counter;
            let plan = branch.single_query(&union.query)?;
            self.counter = branch.counter;
            self.warnings.append(&mut branch.warnings);
            let own: Vec<String> = plan.schema()?.names().map(str::to_owned).collect();
            if own != names {
                let message = format!(
                    "the branches of a UNION need the same columns in the same order: {} and {}",
                    names.join(", "),
                    own.join(", ")
                );
                return Err(self.source.invalid(message, union.query.span));
            }
            for (a, b) in inputs[0]
                .schema()?
                .columns
                .iter()
                .zip(&plan.schema()?.columns)
            {
                if a.ty.unify(&b.ty).is_none() {
                    let what = format!(
                        "a UNION whose column `{}` holds {} and {}",
                        a.name, a.ty, b.ty
                    );
                    return Err(self.source.unsupported(what, union.query.span));
                }
            }
            inputs.push(Arc::new(plan));
        }
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
            let input = Arc::new(std::mem::replace(&mut self.plan, LogicalPlan::Unit));
            self.plan = match pending {
                Pending::Apply(subplan, kind) => LogicalPlan::Apply(grism_logical::Apply {
                    input,
                    subplan: Arc::new(subplan),
                    kind,
                }),
                Pending::Column(expression, name) => {
                    let mut expressions: Vec<_> = input
                        .schema()?
                        .names()
                        .map(|own| (LogicalExpr::column(own), own.to_owned()))
                        .collect();
                    expressions.push((expression, name));
                    LogicalPlan::Project { input, expressions }
                }
            };
        }
        Ok(())
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

/// `; did you mean …?`, or nothing.
fn hint<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    nearest(name, known)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}
