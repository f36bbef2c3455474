//! Operators whose operands' types are known only at run time: rows are grouped by the types they turn out to have,
//! and each group runs on the kernels for those types.

use std::collections::HashMap;

use arrow::array::Array;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result, Type, Value};
use grism_functions::{Budget, Operand, computed_rows};
use grism_logical::{
    BinaryOperator, Column, FunctionRef, Internal, LogicalExpr, PlanSchema, UnaryOperator,
};

use super::compile::{cast, compile};
use super::lookup;
use super::node::{Kind, Node, OwnExpr, children, evaluate, evaluate_all, evaluate_indexed};
use super::run_time::at_run_time;
use super::schema_inference::infer_expr_type;
use crate::PhysicalSchema;
use crate::batch::batch_of;

/// An operator over operands of which some are dynamically typed.
#[derive(Debug)]
pub(super) struct Dynamic {
    /// The operator, over the columns `#0`, `#1`, ….
    template: LogicalExpr,
    ty: Type,
}

impl Dynamic {
    /// The compiled form of `expression` where it looks at a dynamically typed operand; `None` where it does not.
    pub(super) fn compile(
        expression: &LogicalExpr,
        input: &PhysicalSchema,
        ty: &Type,
    ) -> Result<Option<Node>> {
        let operands: Vec<&LogicalExpr> = match expression {
            LogicalExpr::Binary {
                operator,
                left,
                right,
            } => {
                // Comparisons and IN look at values themselves.
                if operator.is_comparison() || *operator == BinaryOperator::In {
                    return Ok(None);
                }
                vec![left, right]
            }
            LogicalExpr::Unary { operator, operand } => match operator {
                UnaryOperator::IsNull | UnaryOperator::IsNotNull => return Ok(None),
                _ => vec![operand],
            },
            LogicalExpr::Function {
                function,
                arguments,
            } if !takes_any(function) => arguments.iter().collect(),
            LogicalExpr::Index { base, index } => vec![base, index],
            LogicalExpr::Slice { base, lower, upper } => {
                let bounds = lower.as_deref().into_iter().chain(upper.as_deref());
                std::iter::once(&**base).chain(bounds).collect()
            }
            _ => return Ok(None),
        };
        // The types first: compiling operands here and again elsewhere would double the work at every level.
        let types = operands
            .iter()
            .map(|operand| infer_expr_type(operand, input))
            .collect::<Result<Vec<_>>>()?;
        // A map is indexed by a key that is known only at run time.
        let computed_key =
            matches!(expression, LogicalExpr::Index { .. }) && matches!(types[0], Type::Map(_));
        if !types.contains(&Type::Any) && !computed_key {
            return Ok(None);
        }
        let compiled = operands
            .iter()
            .map(|operand| compile(operand, input))
            .collect::<Result<Vec<_>>>()?;
        let mut place = 0;
        let template = expression.map_children(|_| {
            place += 1;
            LogicalExpr::Column(Internal::Operand(place - 1).column())
        });
        let operands = compiled
            .into_iter()
            .map(|(node, ty)| cast(node, ty, &Type::Any))
            .collect();
        let kind = Self {
            template,
            ty: ty.clone(),
        };
        Ok(Some(OwnExpr::node(kind, operands, ty.to_arrow())))
    }

    /// Rows in groups of those whose operands have the same types.
    fn by_types(&self, operands: &[Operand], batch: &RecordBatch) -> Result<Operand> {
        let inputs: Vec<&Operand> = operands.iter().collect();
        let count = computed_rows(&inputs, batch.num_rows());
        let mut results = vec![Value::Null; count];
        let mut groups: HashMap<Vec<Type>, Vec<(usize, Vec<Value>)>> = HashMap::new();
        for (row, result) in results.iter_mut().enumerate() {
            let arguments = operands
                .iter()
                .map(|operand| operand.value(row))
                .collect::<Result<Vec<_>>>()?;
            match self.special(&arguments)? {
                Some(value) => *result = value,
                None => {
                    let types = arguments.iter().map(Value::type_of).collect();
                    groups.entry(types).or_default().push((row, arguments));
                }
            }
        }
        for (types, rows) in groups {
            let (places, arguments): (Vec<usize>, Vec<Vec<Value>>) = rows.into_iter().unzip();
            for (place, value) in places.into_iter().zip(self.typed(&types, &arguments)?) {
                results[place] = value;
            }
        }
        Ok(Operand::over(
            &inputs,
            Value::column(&results, &self.ty.to_arrow())?,
        ))
    }

    /// `base[key]`: a base that rows share is read once.
    fn index(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let [base, key] = children(nodes)?;
        let (base, key) = (evaluate_indexed(base, batch)?, evaluate(key, batch)?);
        lookup::index_rows(&base, &key, batch.num_rows(), &self.ty.to_arrow())
    }

    /// The values for rows whose operands have the types `types`.
    fn typed(&self, types: &[Type], rows: &[Vec<Value>]) -> Result<Vec<Value>> {
        let columns = types
            .iter()
            .enumerate()
            .map(|(place, ty)| Column::new(Internal::Operand(place).column(), ty.clone()))
            .collect();
        let schema = PhysicalSchema::from(PlanSchema::new(columns));
        let arrays = types
            .iter()
            .enumerate()
            .map(|(place, ty)| {
                let cells: Vec<Value> = rows.iter().map(|row| row[place].clone()).collect();
                Value::column(&cells, &ty.to_arrow())
            })
            .collect::<Result<Vec<_>>>()?;
        let (node, ty) = compile(&self.template, &schema).map_err(at_run_time)?;
        let batch = batch_of(schema.arrow(), arrays, rows.len())?;
        let found = evaluate(&node, &batch)?
            .cast(&ty.to_arrow())?
            .into_column(rows.len())?;
        (0..found.len())
            .map(|row| Value::from_typed(&found, row, &ty))
            .collect()
    }

    /// The value where the kernels for typed columns have none: of temporal values, entities, and maps.
    fn special(&self, arguments: &[Value]) -> Result<Option<Value>> {
        let untyped = arguments.iter().any(|value| value.type_of() == Type::Any);
        Ok(match &self.template {
            LogicalExpr::Binary { operator, .. } => match operator {
                // No text: null.
                BinaryOperator::StartsWith
                | BinaryOperator::EndsWith
                | BinaryOperator::Contains
                | BinaryOperator::RegexMatch
                    if untyped =>
                {
                    Some(Value::Null)
                }
                _ if untyped => return Err(self.mismatch(arguments)),
                _ => None,
            },
            _ if untyped => return Err(self.mismatch(arguments)),
            _ => None,
        })
    }

    fn mismatch(&self, arguments: &[Value]) -> Error {
        let found = arguments
            .iter()
            .find(|value| value.type_of() == Type::Any)
            .map_or_else(String::new, Value::type_name);
        let what = match &self.template {
            LogicalExpr::Binary { operator, .. } => format!("`{}`", operator.as_str()),
            LogicalExpr::Unary {
                operator: UnaryOperator::Not,
                ..
            } => "`NOT`".to_owned(),
            LogicalExpr::Unary { .. } => "`-`".to_owned(),
            LogicalExpr::Function { function, .. } => function.called(),
            _ => "`[..]`".to_owned(),
        };
        Error::invalid_query(format!("{what} cannot be applied to {found}"))
            .with_code("TypeError:InvalidArgumentType")
    }
}

impl Kind for Dynamic {
    fn name(&self) -> &'static str {
        "dynamic"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        if let LogicalExpr::Index { .. } = &self.template {
            return self.index(nodes, batch);
        }
        let operands = evaluate_all(nodes, batch)?;
        let inputs: Vec<&Operand> = operands.iter().collect();
        Budget::current().while_read(&inputs, || self.by_types(&operands, batch))
    }
}

/// Whether the function looks itself at arguments whose types are known only at run time. A user's says which types it takes.
fn takes_any(function: &FunctionRef) -> bool {
    function.built_in().is_none_or(|own| own.takes_any())
}
