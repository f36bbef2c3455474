//! Tables of this process, which workers do not have.

use grism_core::{Error, Result, Value};
use grism_logical::{LogicalExpr, LogicalPlan, RowForm};

use crate::tables::Tables;

/// Fails where a plan reads tables of this process, which no other one has.
///
/// # Errors
/// `Unsupported`, with what to do.
pub(super) fn check_ships(tables: &Tables, plan: &LogicalPlan) -> Result<()> {
    if let LogicalPlan::LoadRows(load) = plan {
        let name = match (&load.form, &load.source) {
            (RowForm::Parameter(name), _) => Some(format!("${name}")),
            (RowForm::Named(_), LogicalExpr::Literal(Value::String(name)))
                if tables.named.contains_key(name) =>
            {
                Some(format!("'{name}'"))
            }
            _ => None,
        };
        if let Some(name) = name {
            return Err(Error::unsupported(format!(
                "LOAD FROM {name} on Ray, whose workers do not have the table: load it, write it to a file that they reach, or \
                 pass its rows as a list of maps"
            )));
        }
    }
    let mut inputs = plan.inputs().into_iter().chain(plan.subplan());
    inputs.try_for_each(|input| check_ships(tables, input))
}
