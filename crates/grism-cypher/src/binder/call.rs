//! CALL: procedures, which are tables of rows with columns to match and columns to give.

use std::collections::BTreeMap;
use std::sync::Arc;

use grism_core::{GraphSchema, Result, Type, Value};
use grism_logical::{BinaryOperator, LogicalExpr, LogicalPlan, UnaryOperator};

use super::scope::column_for;
use super::search::searches;
use super::{Binder, hint};
use crate::syntax::{CallClause, Expr, ExprKind, Name, ProcedureTarget, QualifiedName, Span};

/// A column of a procedure.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcedureColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// A procedure that CALL may name.
#[derive(Clone, Debug, PartialEq)]
pub struct Procedure {
    /// Its name, with dots.
    pub name: String,
    /// What it takes.
    pub arguments: Vec<ProcedureColumn>,
    /// What it gives; none for a procedure that only does something.
    pub columns: Vec<ProcedureColumn>,
    /// Its rows: arguments, then columns. A call gives those whose arguments are the call's.
    pub rows: Vec<Vec<Value>>,
}

/// The procedures that CALL may name, beside those that every graph has.
pub type Procedures = BTreeMap<String, Procedure>;

/// The procedures that CALL may name in every graph, by name.
#[must_use]
pub fn procedures(schema: &GraphSchema) -> Vec<Procedure> {
    let mut all: Vec<Procedure> = built_in(schema).into_iter().chain(searches(None)).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The procedures that list what the graph holds.
fn built_in(schema: &GraphSchema) -> Vec<Procedure> {
    let listing = |name: &str, column: &str, values: Vec<String>| Procedure {
        name: name.to_owned(),
        arguments: Vec::new(),
        columns: vec![ProcedureColumn {
            name: column.to_owned(),
            ty: Type::String,
        }],
        rows: values
            .into_iter()
            .map(|value| vec![Value::String(value)])
            .collect(),
    };
    let sorted = |mut names: Vec<String>| {
        names.sort_unstable();
        names.dedup();
        names
    };
    let labels = schema.labels().into_iter().map(str::to_owned).collect();
    let types = |binary: bool| {
        let named = schema
            .hyperedge_tables()
            .filter(|(_, ty)| ty.is_binary() == binary)
            .map(|(_, ty)| ty.name.clone());
        sorted(named.collect())
    };
    let keys = schema.tables().flat_map(|table| {
        table
            .properties
            .iter()
            .map(|property| property.name.clone())
    });
    vec![
        listing("db.labels", "label", labels),
        listing("db.relationshipTypes", "relationshipType", types(true)),
        listing("db.hyperedgeTypes", "hyperedgeType", types(false)),
        listing("db.propertyKeys", "propertyKey", sorted(keys.collect())),
    ]
}

impl Binder<'_> {
    /// The procedure called `name`, which is `given` so many arguments.
    fn procedure(&self, name: &QualifiedName, given: Option<usize>) -> Result<Procedure> {
        let text = &name.text;
        if let Some(procedure) = self.context.procedures.get(text) {
            return Ok(procedure.clone());
        }
        let known = built_in(self.schema);
        let known: Vec<Procedure> = known.into_iter().chain(searches(given)).collect();
        if let Some(procedure) = known.iter().find(|procedure| &procedure.name == text) {
            return Ok(procedure.clone());
        }
        let names = known
            .iter()
            .map(|procedure| procedure.name.as_str())
            .chain(self.context.procedures.keys().map(String::as_str));
        Err(self
            .source
            .invalid(
                format!("unknown procedure `{text}`{}", hint(text, names)),
                name.span,
            )
            .with_code("ProcedureError:ProcedureNotFound"))
    }

    /// Whether a query that consists of this CALL alone gives the procedure's rows.
    pub(super) fn stands_alone(&self, call: &CallClause) -> bool {
        let procedure = self.procedure(&call.target.name, None);
        procedure.is_ok_and(|procedure| !procedure.columns.is_empty())
    }

    pub(super) fn call_clause(&mut self, call: &CallClause, span: Span, last: bool) -> Result<()> {
        let ProcedureTarget { name, arguments } = &call.target;
        if call.optional {
            return Err(self.source.unsupported("OPTIONAL CALL", span));
        }
        let procedure = self.procedure(name, arguments.as_deref().map(<[Expr]>::len))?;
        // A call that is the whole query stands alone.
        let alone = last && self.plan == LogicalPlan::Unit && self.scope.variables.is_empty();
        let given = self.arguments(&procedure, arguments.as_deref(), name, alone)?;
        let yields = self.yields(&procedure, call, alone, span)?;
        if procedure.columns.is_empty() {
            // It gives nothing: every row goes on as it is.
            return Ok(());
        }
        if self.search(&procedure, &given, &yields, span)? {
            if let Some(predicate) = call
                .yields
                .as_ref()
                .and_then(|yields| yields.predicate.as_ref())
            {
                self.filter(predicate)?;
            }
            return Ok(());
        }
        let names: Vec<String> = procedure
            .arguments
            .iter()
            .chain(&procedure.columns)
            .map(|column| column.name.clone())
            .collect();
        let rows = procedure.rows.iter().map(|row| {
            let cells = names.iter().cloned().zip(row.iter().cloned());
            Value::Map(cells.collect())
        });
        let rows = LogicalExpr::Literal(Value::List(rows.collect()));
        let row = self.internal_name("row");
        let input = Arc::new(std::mem::replace(&mut self.plan, LogicalPlan::Unit));
        self.plan = LogicalPlan::Unwind {
            input,
            expression: rows,
            variable: row.clone(),
        };
        let row_type = self
            .plan
            .schema()?
            .find(&row)
            .map_or(Type::Null, |column| column.ty.clone());
        let mut conditions = Vec::new();
        for (argument, value) in procedure.arguments.iter().zip(given) {
            let cell = self.cell(&row, &row_type, &argument.name, span)?;
            let both_null = LogicalExpr::all([
                cell.clone().unary(UnaryOperator::IsNull),
                value.clone().unary(UnaryOperator::IsNull),
            ]);
            let equal = cell.binary(BinaryOperator::Equal, value);
            conditions.push(LogicalExpr::any([equal, both_null]));
        }
        self.flush_pending()?;
        let plan = std::mem::replace(&mut self.plan, LogicalPlan::Unit);
        self.plan = plan.filtered(conditions);
        for (column, variable) in yields {
            let value = self.cell(&row, &row_type, &column.name, span)?;
            let ty = procedure_type(&procedure, &column.name);
            self.flush_pending()?;
            let made = column_for(&variable);
            let input = Arc::new(std::mem::replace(&mut self.plan, LogicalPlan::Unit));
            self.plan = super::with_column(input, value, made.clone())?;
            let found = self
                .plan
                .schema()?
                .find(&made)
                .map_or(ty, |column| column.ty.clone());
            self.scope.put(&variable, &made, found);
        }
        if let Some(predicate) = call
            .yields
            .as_ref()
            .and_then(|yields| yields.predicate.as_ref())
        {
            self.filter(predicate)?;
        }
        // The procedure's rows end here.
        let plan = std::mem::replace(&mut self.plan, LogicalPlan::Unit);
        let columns: Vec<String> = plan
            .schema()?
            .names()
            .filter(|name| *name != row)
            .map(str::to_owned)
            .collect();
        self.plan = plan.keep_columns(&columns)?;
        Ok(())
    }

    fn cell(&mut self, row: &str, ty: &Type, column: &str, span: Span) -> Result<LogicalExpr> {
        let name = Name {
            text: column.to_owned(),
            span,
        };
        match ty {
            Type::Null => Ok(LogicalExpr::Literal(Value::Null)),
            ty => self.property_of_bound(LogicalExpr::column(row), ty, &name),
        }
    }

    fn arguments(
        &mut self,
        procedure: &Procedure,
        given: Option<&[Expr]>,
        name: &QualifiedName,
        alone: bool,
    ) -> Result<Vec<LogicalExpr>> {
        let Some(given) = given else {
            if !alone && !procedure.arguments.is_empty() {
                return Err(self
                    .source
                    .invalid(
                        format!("within a query `{}` needs its arguments", procedure.name),
                        name.span,
                    )
                    .with_code("SyntaxError:InvalidArgumentPassingMode"));
            }
            // A call that stands alone takes its arguments from the parameters of the same names.
            return procedure
                .arguments
                .iter()
                .map(|argument| match self.parameters.get(&argument.name) {
                    Some(value) => Ok(LogicalExpr::Literal(value.clone())),
                    None => Err(self
                        .source
                        .invalid(
                            format!("the parameter `${}` has no value", argument.name),
                            name.span,
                        )
                        .with_code("ParameterMissing:MissingParameter")),
                })
                .collect();
        };
        if given.len() != procedure.arguments.len() {
            return Err(self
                .source
                .invalid(
                    format!(
                        "`{}` takes {} arguments, not {}",
                        procedure.name,
                        procedure.arguments.len(),
                        given.len()
                    ),
                    name.span,
                )
                .with_code("SyntaxError:InvalidNumberOfArguments"));
        }
        let mut bound = Vec::new();
        for (argument, expression) in procedure.arguments.iter().zip(given) {
            if let ExprKind::Function(call) = &expression.kind
                && super::functions::is_aggregate(&call.name.text)
            {
                return Err(self
                    .source
                    .invalid("an argument of CALL cannot aggregate", expression.span)
                    .with_code("SyntaxError:InvalidAggregation"));
            }
            let value = self.expression(expression)?;
            let found = self.type_of(&value, expression)?;
            let fits = match (&argument.ty, &found) {
                (_, Type::Null | Type::Any) | (Type::Any, _) => true,
                (Type::Float64, Type::Int64) => true,
                (wanted, found) => wanted == found,
            };
            if !fits {
                return Err(self
                    .source
                    .invalid(
                        format!("`{}` is {}, not {found}", argument.name, argument.ty),
                        expression.span,
                    )
                    .with_code("SyntaxError:InvalidArgumentType"));
            }
            bound.push(value);
        }
        Ok(bound)
    }

    /// The columns that go on, and the variables they become.
    fn yields(
        &self,
        procedure: &Procedure,
        call: &CallClause,
        alone: bool,
        span: Span,
    ) -> Result<Vec<(ProcedureColumn, String)>> {
        let every = || {
            let columns = procedure.columns.iter();
            columns
                .map(|column| (column.clone(), column.name.clone()))
                .collect::<Vec<_>>()
        };
        let Some(yields) = &call.yields else {
            if !alone && !procedure.columns.is_empty() {
                return Err(self
                    .source
                    .invalid(
                        format!("within a query `{}` needs YIELD", procedure.name),
                        span,
                    )
                    .with_code("SyntaxError:UndefinedVariable"));
            }
            return Ok(every());
        };
        let Some(items) = &yields.items else {
            if !alone {
                let message = "within a query YIELD names the columns; `*` is for a call that is the whole query";
                return Err(self
                    .source
                    .invalid(message, span)
                    .with_code("SyntaxError:UnexpectedSyntax"));
            }
            return Ok(every());
        };
        let mut found: Vec<(ProcedureColumn, String)> = Vec::new();
        for item in items {
            let name = &item.column;
            let columns = procedure.columns.iter();
            let Some(column) = columns.clone().find(|own| own.name == name.text) else {
                let hint = hint(&name.text, columns.map(|own| own.name.as_str()));
                return Err(self
                    .source
                    .invalid(
                        format!("`{}` has no column `{}`{hint}", procedure.name, name.text),
                        name.span,
                    )
                    .with_code("SyntaxError:UndefinedVariable"));
            };
            let variable = item.alias.as_ref().unwrap_or(name);
            let text = variable.text.clone();
            if self.scope.find(&text).is_some() || found.iter().any(|(_, own)| own == &text) {
                return Err(self
                    .source
                    .invalid(
                        format!("the variable `{text}` is bound already"),
                        variable.span,
                    )
                    .with_code("SyntaxError:VariableAlreadyBound"));
            }
            found.push((column.clone(), text));
        }
        Ok(found)
    }
}

fn procedure_type(procedure: &Procedure, column: &str) -> Type {
    let found = procedure.columns.iter().find(|own| own.name == column);
    found.map_or(Type::Null, |own| own.ty.clone())
}
