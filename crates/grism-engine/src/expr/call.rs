//! Calls a scalar function on columns, and reads ids of entities.

use std::sync::Arc;

use arrow::array::{Array, Int64Array, UInt64Array};
use arrow::datatypes::DataType;
use grism_core::{EntityId, Error, Result, Type};
use grism_logical::ScalarFunction;

use super::budget::Rows;
use super::operand::Operand;
use super::{convert, list, math, text};

pub(super) fn call(
    function: ScalarFunction,
    arguments: &[Operand],
    batch: Rows<'_>,
    data_type: &DataType,
) -> Result<Operand> {
    let rows = batch.num_rows();
    match function {
        ScalarFunction::ToString
        | ScalarFunction::ToInteger
        | ScalarFunction::ToFloat
        | ScalarFunction::ToBoolean => {
            return convert::convert(function, &arguments[0], rows, data_type);
        }
        ScalarFunction::Id => {
            let ids: Int64Array = map_ids(&arguments[0], |id| id.map(|id| id.raw() as i64))?
                .into_iter()
                .collect();
            return Ok(Operand::over(&[&arguments[0]], Arc::new(ids)));
        }
        _ => {}
    }
    if let Some(computed) = math::math(function, arguments, rows, data_type)? {
        return Ok(computed);
    }
    if let Some(computed) = text::text(function, arguments, batch)? {
        return Ok(computed);
    }
    if let Some(computed) = list::list(function, arguments, batch, data_type)? {
        return Ok(computed);
    }
    Err(Error::internal(format!(
        "{}() reached the evaluator as {}",
        function.name(),
        Type::Null
    )))
}

pub(super) fn map_ids<T>(
    entity: &Operand,
    compute: impl Fn(Option<EntityId>) -> T,
) -> Result<Vec<T>> {
    if entity.is_null_type() {
        return Ok((0..entity.array().len()).map(|_| compute(None)).collect());
    }
    let ids = entity.as_array::<UInt64Array>()?;
    Ok(ids
        .iter()
        .map(|id| compute(id.map(EntityId::from_raw)))
        .collect())
}
