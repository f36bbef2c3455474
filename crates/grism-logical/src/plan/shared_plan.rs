//! `SharedPlan`: a plan that other nodes read, which keeps its schema once that is computed.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use grism_core::Result;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::LogicalPlan;
use crate::PlanSchema;

/// A plan that is the input of another one, or several. It never changes, so its schema is computed once: without this, asking
/// every level of a plan for its columns would cost the square of the plan's depth.
#[derive(Clone)]
pub struct SharedPlan(Arc<Node>);

#[derive(Clone)]
struct Node {
    plan: LogicalPlan,
    schema: OnceLock<PlanSchema>,
}

impl SharedPlan {
    /// Shares a plan.
    #[must_use]
    pub fn new(plan: LogicalPlan) -> Self {
        let schema = OnceLock::new();
        Self(Arc::new(Node { plan, schema }))
    }

    /// The columns of the output.
    ///
    /// # Errors
    /// Those of [`LogicalPlan::schema`].
    pub fn schema(&self) -> Result<&PlanSchema> {
        match self.0.schema.get() {
            Some(schema) => Ok(schema),
            None => {
                let schema = self.0.plan.schema()?;
                Ok(self.0.schema.get_or_init(|| schema))
            }
        }
    }

    /// The plan itself, copied where others share it.
    #[must_use]
    pub fn into_plan(self) -> LogicalPlan {
        Arc::unwrap_or_clone(self.0).plan
    }
}

impl Deref for SharedPlan {
    type Target = LogicalPlan;

    fn deref(&self) -> &LogicalPlan {
        &self.0.plan
    }
}

impl AsRef<LogicalPlan> for SharedPlan {
    fn as_ref(&self) -> &LogicalPlan {
        self
    }
}

impl From<LogicalPlan> for SharedPlan {
    fn from(plan: LogicalPlan) -> Self {
        Self::new(plan)
    }
}

impl PartialEq for SharedPlan {
    fn eq(&self, other: &Self) -> bool {
        self.0.plan == other.0.plan
    }
}

impl fmt::Debug for SharedPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0.plan, f)
    }
}

impl fmt::Display for SharedPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.plan, f)
    }
}

impl Serialize for SharedPlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.plan.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedPlan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        LogicalPlan::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use grism_core::Value;

    use super::SharedPlan;
    use crate::{LogicalExpr, LogicalPlan, UnaryOperator};

    fn project(input: SharedPlan, expression: LogicalExpr) -> SharedPlan {
        SharedPlan::new(LogicalPlan::Project {
            input,
            expressions: vec![expression.named("x")],
        })
    }

    #[test]
    fn the_schemas_of_a_deep_plan_are_computed_once_each() {
        let zero = LogicalExpr::Literal(Value::Int64(0));
        let mut plan = project(SharedPlan::new(LogicalPlan::Unit), zero);
        // Each level is asked for its schema: the square of the depth would take minutes.
        for _ in 0..20_000 {
            plan = project(plan, LogicalExpr::column("x"));
            assert_eq!(plan.schema().expect("a schema").columns.len(), 1);
        }
        // A plan is taken apart from its root on, so that its end does not recurse.
        while let LogicalPlan::Project { input, .. } = plan.into_plan() {
            plan = input;
        }
    }

    #[test]
    fn a_copy_of_a_plan_knows_its_schema_and_an_error_is_not_kept() {
        let sum = LogicalExpr::Literal(Value::Bool(true)).unary(UnaryOperator::Negate);
        let wrong = project(SharedPlan::new(LogicalPlan::Unit), sum);
        assert!(wrong.schema().is_err() && wrong.schema().is_err());
        let one = LogicalExpr::Literal(Value::Int64(1));
        let plan = project(SharedPlan::new(LogicalPlan::Unit), one);
        let schema: *const _ = plan.schema().expect("a schema");
        let copy = plan.clone();
        assert!(std::ptr::eq(schema, copy.schema().expect("a schema")));
    }
}
