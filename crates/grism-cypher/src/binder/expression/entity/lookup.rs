//! What functions of an entity are made of: a value by its table, the size of a list.

use grism_core::{GraphSchema, Result, Table, Tables, Type, Value};
use grism_functions::SIZE;
use grism_logical::LogicalExpr;

/// What depends on the table that an entity comes from.
pub(super) fn table_lookup(
    schema: &GraphSchema,
    base: LogicalExpr,
    tables: &Tables,
    ty: Type,
    value: impl Fn(&Table) -> Value,
) -> Result<LogicalExpr> {
    let values = tables
        .iter()
        .map(|table| Ok((*table, value(schema.table(*table)?))))
        .collect::<Result<Vec<_>>>()?;
    Ok(LogicalExpr::TableLookup {
        entity: Box::new(base),
        values,
        ty,
    })
}

/// The number of elements of a list.
pub(super) fn size_of(list: LogicalExpr) -> LogicalExpr {
    LogicalExpr::call(&SIZE, vec![list])
}
