//! Calls of the functions of Grism.

use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result, Type};
use grism_functions::{Budget, COALESCE, Call, Function, FunctionRef, GET, KEY, Operand, map_rows};
use grism_logical::LogicalExpr;

use super::choose::Choose;
use super::compile::{cast, compile, compile_as};
use super::key::Key;
use super::lookup::Get;
use super::node::{Kind, Node, OwnExpr, evaluate_all};
use super::user_function::UserCall;
use crate::PhysicalSchema;

/// A call of `function`, whose value has the type `ty`.
pub(super) fn compile_call(
    function: &FunctionRef,
    arguments: &[LogicalExpr],
    input: &PhysicalSchema,
    ty: &Type,
) -> Result<Node> {
    let function = match function {
        FunctionRef::BuiltIn(function) => *function,
        FunctionRef::User(function) => return UserCall::compile(function, arguments, input),
    };
    if function == &COALESCE {
        let values = arguments.iter();
        let values = values.map(|argument| compile_as(argument, input, ty));
        return Ok(Choose::first_value(values.collect::<Result<_>>()?, ty));
    }
    let compiled = arguments
        .iter()
        .map(|argument| compile(argument, input))
        .collect::<Result<Vec<_>>>()?;
    if function == &KEY {
        let [(inner, of)] =
            <[_; 1]>::try_from(compiled).map_err(|_| Error::internal("a key of several values"))?;
        return Ok(Key::node(inner, of));
    }
    let types: Vec<Type> = compiled.iter().map(|(_, ty)| ty.clone()).collect();
    let by_value = function == &GET || function.is_by_value(&types);
    let nodes: Vec<Node> = compiled
        .into_iter()
        .map(|(node, ty)| {
            if by_value && ty.may_hold_entity() {
                cast(node, ty, &Type::Any)
            } else {
                node
            }
        })
        .collect();
    let data_type = ty.to_arrow();
    Ok(if function == &GET {
        Get::node(nodes, data_type)
    } else if by_value {
        let kind = ByValue {
            function,
            data_type: data_type.clone(),
        };
        OwnExpr::node(kind, nodes, data_type)
    } else {
        let kind = OverColumns {
            function,
            data_type: data_type.clone(),
        };
        OwnExpr::node(kind, nodes, data_type)
    })
}

/// A function that is computed over columns.
#[derive(Debug)]
struct OverColumns {
    function: &'static Function,
    data_type: DataType,
}

impl Kind for OverColumns {
    fn name(&self) -> &'static str {
        self.function.name
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        self.function.columns(&Call {
            arguments: &evaluate_all(nodes, batch)?,
            rows: batch.num_rows(),
            data_type: &self.data_type,
            budget: &Budget::current(),
        })
    }
}

/// A function that is computed value by value.
#[derive(Debug)]
struct ByValue {
    function: &'static Function,
    data_type: DataType,
}

impl Kind for ByValue {
    fn name(&self) -> &'static str {
        self.function.name
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let arguments = evaluate_all(nodes, batch)?;
        let inputs: Vec<&Operand> = arguments.iter().collect();
        Budget::current().while_read(&inputs, || {
            map_rows(&inputs, batch.num_rows(), &self.data_type, |values| {
                self.function.value(values)
            })
        })
    }
}
