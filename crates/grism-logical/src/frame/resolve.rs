//! Names in a frame's expressions, resolved to columns and properties.

use grism_core::{Error, Result, Type, Value, nearest};
use grism_functions::{COALESCE, ELEMENT_ID, HEAD, ID, LAST, SIZE};

use super::Frame;
use crate::{FunctionRef, LogicalExpr, NamedExpr, PlanSchema, property_key};

impl Frame {
    pub(super) fn resolve_named(&self, expressions: Vec<NamedExpr>) -> Result<Vec<NamedExpr>> {
        expressions
            .into_iter()
            .map(|own| Ok(self.resolve(own.expression)?.named(own.name)))
            .collect()
    }

    pub(super) fn resolve(&self, expression: LogicalExpr) -> Result<LogicalExpr> {
        let columns = self.plan.schema()?;
        let mut failure = None;
        let resolved = expression.transform(&mut |node| match node {
            LogicalExpr::Column(name) if !columns.contains(&name) => {
                self.property(&name).unwrap_or_else(|error| {
                    failure.get_or_insert(error);
                    LogicalExpr::Literal(Value::Null)
                })
            }
            LogicalExpr::Function {
                function,
                arguments,
            } => {
                if let Err(error) = check_call(&function, &arguments, &columns) {
                    failure.get_or_insert(error);
                }
                LogicalExpr::Function {
                    function,
                    arguments,
                }
            }
            other => other,
        });
        failure.map_or(Ok(resolved), Err)
    }

    fn property(&self, name: &str) -> Result<LogicalExpr> {
        let columns = self.plan.schema()?;
        let (entity, key) = match name.split_once('.') {
            Some((entity, key)) if columns.contains(entity) => (entity.to_owned(), key),
            _ => match &self.current {
                Some(current) => (current.clone(), name),
                None => return Err(unknown("column", name, columns.names())),
            },
        };
        let tables = columns
            .find(&entity)
            .and_then(|column| column.ty.tables().cloned())
            .unwrap_or_default();
        let mut known = Vec::new();
        let mut ty = Type::Null;
        for table in tables.iter() {
            let table = self.schema.table(*table)?;
            known.extend(
                table
                    .properties
                    .iter()
                    .map(|property| property.name.as_str()),
            );
            if let Some(property) = table.property(key) {
                ty = ty.unify(&property.value_type.in_queries());
            }
        }
        if !known.contains(&key) {
            return Err(unknown(
                "column or property",
                name,
                columns.names().chain(known),
            ));
        }
        Ok(LogicalExpr::Property {
            entity,
            key: property_key(key).into_owned(),
            ty,
        })
    }
}

/// A function has as many arguments as it takes, and what reads an entity's contents is left to clauses.
fn check_call(
    function: &FunctionRef,
    arguments: &[LogicalExpr],
    columns: &PlanSchema,
) -> Result<()> {
    let (least, most) = function.arity();
    let name = function.name();
    if !(least..=most).contains(&arguments.len()) {
        return Err(Error::invalid_query(format!(
            "`{name}()` takes {least} to {most} arguments, not {}",
            arguments.len()
        )));
    }
    let of_entity = arguments.iter().any(|argument| match argument {
        LogicalExpr::Column(column) => columns.find(column).is_some_and(|column| match function {
            // What has any type is no entity where a property has it.
            FunctionRef::User(_) => column.ty != Type::Any && column.ty.may_hold_entity(),
            FunctionRef::BuiltIn(_) => column.ty.may_hold_entity(),
        }),
        _ => false,
    });
    let ids = [&ID, &ELEMENT_ID, &SIZE, &HEAD, &LAST, &COALESCE];
    if of_entity && !ids.into_iter().any(|own| function.is(own)) {
        return Err(Error::unsupported(format!(
            "`{name}()` of an entity in a frame is not supported; cypher() goes on with clauses"
        )));
    }
    Ok(())
}

pub(super) fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Error {
    let hint = nearest(name, known)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    let message = format!("there is no {what} `{name}`{hint}");
    if what.contains("column") {
        Error::invalid_query(message)
    } else {
        Error::not_found(message)
    }
}
