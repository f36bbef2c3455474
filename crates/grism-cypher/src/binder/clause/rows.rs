//! The rows between two clauses: a plan that gives them, and the variables that its columns hold.

use grism_core::Result;
use grism_logical::pattern::PatternGraph;
use grism_logical::{
    Apply, ApplyKind, LogicalExpr, LogicalPlan, NamedExpr, PlanSchema, SharedPlan,
};

use crate::binder::expression::{Needs, Pending};
use crate::binder::names::Scope;

/// The rows between two clauses.
#[derive(Clone)]
pub(crate) struct Rows {
    pub(crate) plan: LogicalPlan,
    pub(crate) scope: Scope,
    /// The pattern that the plan ends with, which the next MATCH may add to; `None` where it ends with anything else.
    pub(super) open: Option<OpenPattern>,
}

/// A planned pattern with everything that its plan is made of, so that it can be planned together with another one.
#[derive(Clone)]
pub(super) struct OpenPattern {
    /// What it was planned on top of.
    pub(super) input: LogicalPlan,
    pub(super) graph: PatternGraph,
    pub(super) conditions: Vec<LogicalExpr>,
}

impl Rows {
    pub(crate) const fn new(plan: LogicalPlan, scope: Scope) -> Self {
        Self {
            plan,
            scope,
            open: None,
        }
    }

    /// The one row without columns that a query starts with.
    pub(crate) fn start() -> Self {
        Self::new(LogicalPlan::Unit, Scope::default())
    }

    /// Rows that come from outside.
    pub(crate) fn argument(columns: PlanSchema, scope: Scope) -> Self {
        Self::new(LogicalPlan::Argument(columns), scope)
    }

    /// The rows with the columns that expressions need.
    pub(super) fn with_needs(self, needs: &mut Needs) -> Result<Self> {
        if needs.is_empty() {
            return Ok(self);
        }
        Ok(Self::new(with_needs(self.plan, needs)?, self.scope))
    }

    /// Each row with what `inner` finds for it, which starts from the argument of these rows; with nulls where it finds nothing.
    pub(super) fn with_optional(self, inner: Self) -> Result<Self> {
        let mut names: Vec<String> = self.plan.schema()?.names().map(str::to_owned).collect();
        // Internal columns of the optional part end here.
        for variable in &inner.scope.variables {
            if !names.contains(&variable.column) {
                names.push(variable.column.clone());
            }
        }
        let subplan = inner.plan.keep_columns(&names)?;
        let plan = self.applied(subplan, ApplyKind::Optional).plan;
        Ok(Self::new(plan, inner.scope))
    }

    /// Runs a subplan for each row.
    pub(super) fn applied(self, subplan: LogicalPlan, kind: ApplyKind) -> Self {
        let plan = LogicalPlan::Apply(Apply {
            input: SharedPlan::new(self.plan),
            subplan: SharedPlan::new(subplan),
            kind,
        });
        Self::new(plan, self.scope)
    }
}

/// The plan with the columns that expressions need, which are needed no more.
pub(crate) fn with_needs(plan: LogicalPlan, needs: &mut Needs) -> Result<LogicalPlan> {
    needs.take_below().into_iter().try_fold(plan, with_pending)
}

/// The plan with one column that an expression needs.
pub(super) fn with_pending(plan: LogicalPlan, pending: Pending) -> Result<LogicalPlan> {
    Ok(match pending {
        Pending::Apply(subplan, kind) => LogicalPlan::Apply(Apply {
            input: SharedPlan::new(plan),
            subplan: SharedPlan::new(*subplan),
            kind,
        }),
        Pending::Column(own) => with_column(plan, own)?,
        Pending::Hydrate(own, depth) => LogicalPlan::Hydrate {
            columns: vec![own.name.clone()],
            input: SharedPlan::new(with_column(plan, own)?),
            depth,
        },
    })
}

/// The plan with one more column.
pub(crate) fn with_column(plan: LogicalPlan, column: NamedExpr) -> Result<LogicalPlan> {
    let mut expressions: Vec<_> = plan.schema()?.names().map(NamedExpr::column).collect();
    expressions.push(column);
    Ok(LogicalPlan::Project {
        input: SharedPlan::new(plan),
        expressions,
    })
}
