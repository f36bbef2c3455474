//! Frames and expressions, for Python.

use std::sync::Arc;

use grism::{
    AggregateCall, AggregateRef, Error, FunctionRef, Functions, LogicalExpr, NamedExpr, SortKey,
    column, literal,
};
use grism_logical::{InfixOperator, SharedExpr, UnaryOperator};
use pyo3::prelude::*;

use crate::convert::{Whole, value_of};
use crate::error::to_python;
use crate::user_function::user_defined;

/// An expression over the columns of a frame, or an aggregate.
#[pyclass(frozen, from_py_object, module = "grism_ray._native")]
#[derive(Clone)]
pub(crate) struct Expression {
    expression: SharedExpr,
    aggregate: Option<AggregateCall>,
}

impl Expression {
    fn plain(expression: impl Into<SharedExpr>) -> Self {
        Self {
            expression: expression.into(),
            aggregate: None,
        }
    }

    fn scalar(&self) -> PyResult<LogicalExpr> {
        self.shared().map(SharedExpr::to_expr)
    }

    fn shared(&self) -> PyResult<&SharedExpr> {
        match &self.aggregate {
            None => Ok(&self.expression),
            Some(_) => Err(to_python(Error::invalid_query(
                "an aggregate can only stand in agg()",
            ))),
        }
    }

    fn call(&self) -> PyResult<AggregateCall> {
        self.aggregate.clone().ok_or_else(|| {
            to_python(Error::invalid_query(
                "agg() takes aggregates, such as count()",
            ))
        })
    }

    /// A call of the function `name`, of whatever kind `functions` say it is.
    pub(crate) fn call_of(
        functions: &Functions,
        name: &str,
        arguments: &[Self],
        distinct: bool,
    ) -> PyResult<Self> {
        match functions.aggregate(name) {
            Ok(function) => Self::aggregate_of(function, arguments, distinct),
            Err(_) => Self::scalar_of(
                functions.scalar(name).map_err(to_python)?,
                arguments,
                distinct,
            ),
        }
    }

    fn scalar_of(function: FunctionRef, arguments: &[Self], distinct: bool) -> PyResult<Self> {
        if distinct {
            let message = format!(
                "{} does not aggregate: distinct has no meaning",
                function.called()
            );
            return Err(to_python(Error::invalid_query(message)));
        }
        let arguments = arguments.iter().map(Self::scalar);
        let arguments = arguments.collect::<PyResult<_>>()?;
        Ok(Self::plain(LogicalExpr::Function {
            function,
            arguments,
        }))
    }

    fn aggregate_of(function: AggregateRef, arguments: &[Self], distinct: bool) -> PyResult<Self> {
        let (least, most) = function.arity();
        if !(least..=most).contains(&arguments.len()) {
            let name = function.name();
            return Err(to_python(Error::invalid_query(format!(
                "`{name}()` takes {least} to {most} arguments, not {}",
                arguments.len()
            ))));
        }
        let arguments = arguments.iter().map(Self::scalar);
        let call = AggregateCall {
            function,
            arguments: arguments.collect::<PyResult<_>>()?,
            distinct,
        };
        Ok(Self {
            // How it is shown.
            expression: column(call.to_string()).into(),
            aggregate: Some(call),
        })
    }
}

#[pymethods]
impl Expression {
    /// The column or property `name`.
    #[staticmethod]
    fn column(name: String) -> Self {
        Self::plain(column(name))
    }

    /// A constant.
    #[staticmethod]
    fn literal(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self::plain(literal(value_of(value)?)))
    }

    /// A scalar function by name.
    #[staticmethod]
    fn function(name: &str, arguments: Vec<Self>) -> PyResult<Self> {
        let function = Functions::default().scalar(name).map_err(to_python)?;
        Self::scalar_of(function, &arguments, false)
    }

    /// A call of a `grism_ray.UserFunction`, which need not be registered.
    #[staticmethod]
    #[pyo3(signature = (function, arguments, distinct=false))]
    fn user_function(
        function: &Bound<'_, PyAny>,
        arguments: Vec<Self>,
        distinct: bool,
    ) -> PyResult<Self> {
        let function = user_defined(function)?;
        let name = function.name().to_owned();
        let mut functions = Functions::default();
        functions.register(function).map_err(to_python)?;
        Self::call_of(&functions, &name, &arguments, distinct)
    }

    /// An aggregate by name; `count` without an argument counts rows.
    #[staticmethod]
    #[pyo3(signature = (name, argument=None, distinct=false))]
    fn aggregate(name: &str, argument: Option<Self>, distinct: bool) -> PyResult<Self> {
        let function = Functions::default().aggregate(name).map_err(to_python)?;
        Self::aggregate_of(function, argument.as_slice(), distinct)
    }

    /// `self operator other`, by the operator's spelling in Cypher.
    fn binary(&self, operator: &str, other: &Self) -> PyResult<Self> {
        let operator = InfixOperator::from_name(operator).ok_or_else(|| {
            to_python(Error::invalid_query(format!(
                "unknown operator `{operator}`"
            )))
        })?;
        Ok(Self::plain(self.shared()?.infix(operator, other.shared()?)))
    }

    /// `NOT`, `-`, `IS NULL` or `IS NOT NULL`.
    fn unary(&self, operator: &str) -> PyResult<Self> {
        let operator = match operator {
            "NOT" => UnaryOperator::Not,
            "-" => UnaryOperator::Negate,
            "IS NULL" => UnaryOperator::IsNull,
            "IS NOT NULL" => UnaryOperator::IsNotNull,
            other => {
                return Err(to_python(Error::invalid_query(format!(
                    "unknown operator `{other}`"
                ))));
            }
        };
        Ok(Self::plain(self.scalar()?.unary(operator)))
    }

    fn __repr__(&self) -> String {
        self.expression.to_expr().to_string()
    }
}

/// A lazy, immutable frame.
#[pyclass(frozen, module = "grism_ray._native")]
pub struct Frame {
    pub(crate) frame: Arc<grism::Frame>,
}

impl Frame {
    /// What the frame is in Rust.
    #[must_use]
    pub fn frame(&self) -> &grism::Frame {
        &self.frame
    }

    /// A frame for Python.
    #[must_use]
    pub fn new(frame: grism::Frame) -> Self {
        Self {
            frame: Arc::new(frame),
        }
    }
}

fn named(expressions: Vec<(Expression, String)>) -> PyResult<Vec<NamedExpr>> {
    expressions
        .into_iter()
        .map(|(expression, name)| Ok(expression.scalar()?.named(name)))
        .collect()
}

#[pymethods]
impl Frame {
    fn filter(&self, predicate: &Expression) -> PyResult<Self> {
        self.frame
            .filter(predicate.scalar()?)
            .map(Self::new)
            .map_err(to_python)
    }

    #[pyo3(signature = (name, from_role=None, to_role=None))]
    fn expand(&self, name: &str, from_role: Option<&str>, to_role: Option<&str>) -> PyResult<Self> {
        self.frame
            .expand(name, from_role, to_role)
            .map(Self::new)
            .map_err(to_python)
    }

    fn select(&self, expressions: Vec<(Expression, String)>) -> PyResult<Self> {
        self.frame
            .select(named(expressions)?)
            .map(Self::new)
            .map_err(to_python)
    }

    fn aggregate(
        &self,
        keys: Vec<(Expression, String)>,
        aggregates: Vec<(Expression, String)>,
    ) -> PyResult<Self> {
        let aggregates = aggregates
            .into_iter()
            .map(|(call, name)| Ok(call.call()?.named(name)))
            .collect::<PyResult<Vec<_>>>()?;
        self.frame
            .aggregate(named(keys)?, aggregates)
            .map(Self::new)
            .map_err(to_python)
    }

    fn at(&self, name: &str) -> PyResult<Self> {
        self.frame.at(name).map(Self::new).map_err(to_python)
    }

    fn unwind(&self, list: &Expression, name: &str) -> PyResult<Self> {
        self.frame
            .unwind(list.scalar()?, name)
            .map(Self::new)
            .map_err(to_python)
    }

    fn union(&self, other: &Self) -> PyResult<Self> {
        self.frame
            .union(&other.frame)
            .map(Self::new)
            .map_err(to_python)
    }

    fn distinct(&self) -> Self {
        Self::new(self.frame.distinct())
    }

    fn order_by(&self, keys: Vec<(Expression, bool)>) -> PyResult<Self> {
        let keys = keys
            .into_iter()
            .map(|(key, descending)| {
                Ok(SortKey {
                    expression: key.scalar()?,
                    descending,
                })
            })
            .collect::<PyResult<_>>()?;
        self.frame.order_by(keys).map(Self::new).map_err(to_python)
    }

    fn limit(&self, skip: Whole<usize>, fetch: Option<Whole<usize>>) -> Self {
        let fetch = fetch.map(|count| count.0);
        Self::new(self.frame.limit(skip.0, fetch))
    }

    fn __repr__(&self) -> String {
        self.frame.plan().to_string()
    }
}
