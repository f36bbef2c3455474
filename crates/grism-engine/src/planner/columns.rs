//! Projections that operators need above or below them.

use std::sync::Arc;

use grism_core::{Error, Result};
use grism_functions::may_be_large;
use grism_logical::{Column, Internal, LogicalExpr, NamedExpr, PlanSchema};

use crate::operators::ProjectExec;
use crate::{PhysicalOperator, UnaryExec};

/// `input` with a column for each key, called as `internal` says; keys that are columns already need none.
pub(super) fn with_keys<'a>(
    input: Arc<dyn PhysicalOperator>,
    keys: impl Iterator<Item = &'a LogicalExpr>,
    internal: fn(usize) -> Internal<'static>,
) -> Result<(Arc<dyn PhysicalOperator>, Vec<String>)> {
    let names = input.schema().columns().names();
    let mut expressions: Vec<NamedExpr> = names.map(NamedExpr::column).collect();
    let plain = expressions.len();
    let mut names = Vec::new();
    for (index, key) in keys.enumerate() {
        if let LogicalExpr::Column(name) = key {
            names.push(name.clone());
            continue;
        }
        let name = internal(index).column();
        expressions.push(key.clone().named(&name));
        names.push(name);
    }
    if expressions.len() == plain {
        return Ok((input, names));
    }
    let projected = UnaryExec::over(input, ProjectExec::new(expressions))?;
    Ok((projected, names))
}

/// `input` with just these columns, by name, each as the column of its type is held.
pub(super) fn with_columns(
    input: Arc<dyn PhysicalOperator>,
    columns: &PlanSchema,
) -> Result<Arc<dyn PhysicalOperator>> {
    let own = input.schema().columns();
    let held_alike = |own: &Column, wanted: &Column| {
        own.ty.to_arrow() == wanted.ty.to_arrow()
            && may_be_large(&own.ty) == may_be_large(&wanted.ty)
    };
    let pairs = || own.columns.iter().zip(&columns.columns);
    if own.names().eq(columns.names()) && pairs().all(|(own, wanted)| held_alike(own, wanted)) {
        return Ok(input);
    }
    let expressions = columns
        .columns
        .iter()
        .map(|wanted| {
            let name = &wanted.name;
            let own = own.find(name).ok_or_else(|| {
                Error::internal(format!("the column `{name}` is not in the input"))
            })?;
            let column = LogicalExpr::column(name);
            let value = match held_alike(own, wanted) {
                true => column,
                false => column.convert(&own.ty, &wanted.ty),
            };
            Ok(value.named(name))
        })
        .collect::<Result<Vec<_>>>()?;
    UnaryExec::over(input, ProjectExec::new(expressions))
}

/// `input` cut down to `columns` (and the outer row number), where it has others.
pub(super) fn without_internal(
    input: Arc<dyn PhysicalOperator>,
    columns: &[Column],
    row: Option<&str>,
) -> Result<Arc<dyn PhysicalOperator>> {
    let mut wanted: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    wanted
        .extend(row.filter(|row| input.schema().columns().contains(row) && !wanted.contains(row)));
    if input.schema().columns().names().eq(wanted.iter().copied()) {
        return Ok(input);
    }
    let expressions = wanted.into_iter().map(NamedExpr::column).collect();
    UnaryExec::over(input, ProjectExec::new(expressions))
}
