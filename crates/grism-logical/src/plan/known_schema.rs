//! The schema of a node that other nodes read is computed once.
//!
//! A shared node never changes, so what is known of it stays true as long as it lives. Without this, asking every level of a
//! plan for its columns would cost the square of the plan's depth.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

use grism_core::Result;

use super::LogicalPlan;
use crate::PlanSchema;

/// How many nodes a thread knows the schemas of, before it forgets those that are gone.
const MOST: usize = 4096;

/// A node and its schema. While the `Weak` is held, the node's address is not used for another one.
struct Known {
    node: Weak<LogicalPlan>,
    schema: Arc<PlanSchema>,
}

thread_local! {
    /// By the node's address. Plans are made by one thread at a time, so that nothing is to be shared.
    static KNOWN: RefCell<HashMap<*const LogicalPlan, Known>> = RefCell::default();
}

/// The columns of the output of a node.
///
/// # Errors
/// Those of [`LogicalPlan::schema`].
pub(super) fn known_schema(node: &Arc<LogicalPlan>) -> Result<Arc<PlanSchema>> {
    let address = Arc::as_ptr(node);
    let found = KNOWN.with_borrow(|known| {
        let known = known.get(&address)?;
        // A node that is gone may have moved out of its allocation, which the address still stands for.
        (known.node.strong_count() > 0).then(|| Arc::clone(&known.schema))
    });
    if let Some(schema) = found {
        return Ok(schema);
    }
    let schema = Arc::new(node.schema()?);
    let entry = Known {
        node: Arc::downgrade(node),
        schema: Arc::clone(&schema),
    };
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= MOST {
            known.retain(|_, known| known.node.strong_count() > 0);
            if known.len() >= MOST / 2 {
                known.clear();
            }
        }
        known.insert(address, entry);
    });
    Ok(schema)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use grism_core::Value;

    use super::known_schema;
    use crate::{LogicalExpr, LogicalPlan};

    fn project(input: Arc<LogicalPlan>, name: &str, expression: LogicalExpr) -> Arc<LogicalPlan> {
        Arc::new(LogicalPlan::Project {
            input,
            expressions: vec![expression.named(name)],
        })
    }

    #[test]
    fn a_node_at_the_address_of_another_has_its_own_schema() {
        for round in 0..10_000 {
            let name = format!("c{round}");
            let value = LogicalExpr::Literal(Value::Int64(round));
            let node = project(Arc::new(LogicalPlan::Unit), &name, value);
            let schema = known_schema(&node).expect("a schema");
            assert!(schema.names().eq([name.as_str()]));
        }
    }

    #[test]
    fn the_schemas_of_a_deep_plan_are_computed_once_each() {
        let zero = LogicalExpr::Literal(Value::Int64(0));
        let mut plan = project(Arc::new(LogicalPlan::Unit), "x", zero);
        // Each level is asked for its schema: the square of the depth would take minutes.
        for _ in 0..20_000 {
            plan = project(plan, "x", LogicalExpr::column("x"));
            assert_eq!(plan.schema().expect("a schema").columns.len(), 1);
        }
        // A plan is taken apart from its root on, so that its end does not recurse.
        while let LogicalPlan::Project { input, .. } = Arc::unwrap_or_clone(plan) {
            plan = input;
        }
    }
}
