//! Properties, labels and types of entities, and entities as values of a result.

use std::sync::Arc;

use grism_core::{
    Cardinality, Error, LABELS_COLUMN, Property, Result, SOURCE_ROLE, TARGET_ROLE, Table, Tables,
    Type, Value,
};
use grism_logical::{
    ArithmeticOperator, BinaryOperator, LogicalExpr, ScalarFunction, UnaryOperator,
};

use super::role_property::role_property;
use super::{Binder, Pending, hint};
use crate::syntax::{LabelExpression, LabelKind, Name, Span};

impl Binder<'_> {
    /// The property `key` of the entity `base`.
    pub(super) fn property(
        &mut self,
        base: LogicalExpr,
        tables: &Tables,
        key: &Name,
    ) -> Result<LogicalExpr> {
        let name = key.text.as_str();
        let known = self.property_type(tables, name)?;
        let set_here = self.setting.iter().any(|own| own == name);
        let Some(ty) = known.or(set_here.then_some(Type::Any)) else {
            let schema = Arc::clone(self.schema);
            let known = tables.iter().filter_map(|table| schema.table(*table).ok());
            let known = known.flat_map(|table| {
                table
                    .properties
                    .iter()
                    .map(|property| property.name.as_str())
            });
            let hint = hint(name, known);
            // Over no tables at all the label was unknown, and that was said already.
            if !tables.is_empty() {
                let column = match &base {
                    LogicalExpr::Column(column) => Some(column.as_str()),
                    _ => None,
                };
                let message = role_property(&schema, tables, column, name).unwrap_or_else(|| {
                    format!("there is no property `{name}` here, so it is null{hint}")
                });
                self.warn(message, key.span);
            }
            return Ok(LogicalExpr::Literal(Value::Null));
        };
        let entity = self.entity_column(base, key.span)?;
        Ok(LogicalExpr::Property {
            entity,
            key: name.to_owned(),
            ty,
        })
    }

    fn property_type(&self, tables: &Tables, key: &str) -> Result<Option<Type>> {
        let mut found: Option<Type> = None;
        for table in tables.iter() {
            let Some(property) = self.schema.table(*table)?.property(key) else {
                continue;
            };
            found = Some(match found {
                None => property.value_type.in_queries(),
                Some(ty) => ty.unify(&property.value_type.in_queries()),
            });
        }
        Ok(found)
    }

    /// The column of an entity; one is made for an entity that is computed.
    pub(super) fn entity_column(&mut self, base: LogicalExpr, span: Span) -> Result<String> {
        if let LogicalExpr::Column(name) = &base
            && !self.reads_lambda(&base)
        {
            return Ok(name.clone());
        }
        if self.reads_lambda(&base) {
            return Err(self
                .source
                .unsupported("this use of an element's entity", span));
        }
        let name = self.internal_name("entity");
        self.pend(Pending::Column(base, name.clone()));
        Ok(name)
    }

    /// The labels of a node: those of its table, unless its own have changed.
    fn labels_of(&mut self, base: LogicalExpr, tables: &Tables, span: Span) -> Result<LogicalExpr> {
        let labels = self.lookup(
            base.clone(),
            tables,
            Type::String.list(),
            |table| match table.hyperedge_type() {
                Some(hyperedge_type) => {
                    Value::List(vec![Value::String(hyperedge_type.name.clone())])
                }
                None => Value::List(table.labels().iter().cloned().map(Value::String).collect()),
            },
        )?;
        if !self.may_change(tables) {
            return Ok(labels);
        }
        let entity = self.entity_column(base, span)?;
        let changed = LogicalExpr::Property {
            entity,
            key: LABELS_COLUMN.to_owned(),
            ty: Type::String.list(),
        };
        Ok(LogicalExpr::call(
            ScalarFunction::Coalesce,
            vec![changed, labels],
        ))
    }

    /// Whether nodes of the tables may have other labels than those they were born with.
    pub(super) fn may_change(&self, tables: &Tables) -> bool {
        let changes = |table: &Table| !table.changed_labels.is_empty();
        tables
            .iter()
            .any(|table| self.schema.table(*table).is_ok_and(changes))
    }

    /// Whether the label expression holds for the entity.
    pub(super) fn label_condition(
        &mut self,
        base: LogicalExpr,
        tables: &Tables,
        labels: &LabelExpression,
    ) -> Result<LogicalExpr> {
        if !self.may_change(tables) {
            let allowed = self.labelled_tables(labels)?;
            return Ok(self.label_test(base, allowed));
        }
        let own = self.labels_of(base, tables, labels.span)?;
        self.label_predicate(&own, labels)
    }

    fn label_predicate(
        &mut self,
        own: &LogicalExpr,
        labels: &LabelExpression,
    ) -> Result<LogicalExpr> {
        let parts = |binder: &mut Self, parts: &[LabelExpression]| {
            parts
                .iter()
                .map(|part| binder.label_predicate(own, part))
                .collect::<Result<Vec<_>>>()
        };
        Ok(match &labels.kind {
            LabelKind::Name(name) => LogicalExpr::Literal(Value::String(name.text.clone()))
                .binary(BinaryOperator::In, own.clone()),
            LabelKind::Wildcard => size_of(own.clone()).binary(
                BinaryOperator::Greater,
                LogicalExpr::Literal(Value::Int64(0)),
            ),
            LabelKind::Not(inner) => self.label_predicate(own, inner)?.unary(UnaryOperator::Not),
            LabelKind::And(all) => LogicalExpr::all(parts(self, all)?),
            LabelKind::Or(any) => LogicalExpr::any(parts(self, any)?),
        })
    }

    pub(super) fn label_test(&mut self, base: LogicalExpr, allowed: Tables) -> LogicalExpr {
        LogicalExpr::TableIn {
            entity: Box::new(base),
            tables: allowed,
        }
    }

    /// A function of an entity whose answer depends on its table.
    pub(super) fn entity_function(
        &mut self,
        function: ScalarFunction,
        base: LogicalExpr,
        ty: &Type,
        role: Option<&str>,
        span: Span,
    ) -> Result<LogicalExpr> {
        let wrong = |binder: &Self, wanted: &str| {
            binder
                .source
                .invalid(
                    format!("`{}()` needs {wanted}, not {ty}", function.name()),
                    span,
                )
                .with_code("SyntaxError:InvalidArgumentType")
        };
        if ty == &Type::Any || self.reads_lambda(&base) {
            let rest = role.map(|role| LogicalExpr::Literal(Value::String(role.to_owned())));
            return Ok(self.dynamic_function(function, base, ty, rest.into_iter().collect()));
        }
        match (function, ty) {
            (_, Type::Null) => Ok(LogicalExpr::Literal(Value::Null)),
            (ScalarFunction::Type, Type::Incidence) => Ok(LogicalExpr::Field {
                base: Box::new(base),
                key: "role".to_owned(),
            }),
            (ScalarFunction::Type, Type::Hyperedge(tables)) => {
                self.lookup(base, tables, Type::String, |table| {
                    Value::String(table.display_name())
                })
            }
            // What is a node among them has no type, which shows itself when the query runs.
            (ScalarFunction::Type, Type::Entity { .. }) => {
                Ok(self.dynamic_function(function, base, ty, Vec::new()))
            }
            (ScalarFunction::Type, _) => Err(wrong(self, "a relationship or a hyperedge")),
            (ScalarFunction::Labels, ty) if ty.is_entity() => {
                let tables = ty.tables().cloned().unwrap_or_default();
                self.labels_of(base, &tables, span)
            }
            (ScalarFunction::Labels, _) => Err(wrong(self, "a node")),
            (ScalarFunction::Keys | ScalarFunction::Properties, ty) if ty.is_entity() => {
                Ok(self.dynamic_function(function, base, ty, Vec::new()))
            }
            (ScalarFunction::Kind, Type::Incidence) => {
                let kind = LogicalExpr::Literal(Value::String("incidence".to_owned()));
                Ok(null_for_null(base, kind))
            }
            (ScalarFunction::Kind, ty) if ty.is_entity() => {
                let tables = ty.tables().cloned().unwrap_or_default();
                self.lookup(base, &tables, Type::String, |table| {
                    let is_hyperedge = table.hyperedge_type().is_some();
                    let kind = if is_hyperedge { "hyperedge" } else { "node" };
                    Value::String(kind.to_owned())
                })
            }
            (ScalarFunction::Kind, _) => Err(wrong(self, "a node, a relationship or a hyperedge")),
            (ScalarFunction::Position, Type::Incidence) => Ok(LogicalExpr::Field {
                base: Box::new(base),
                key: "position".to_owned(),
            }),
            // A binary edge binds no role more than once.
            (ScalarFunction::Position, Type::Hyperedge(_)) => Ok(LogicalExpr::Literal(Value::Null)),
            (ScalarFunction::Position, _) => Err(wrong(self, "an incidence")),
            (ScalarFunction::Keys | ScalarFunction::Properties, Type::Map(_)) => {
                Ok(LogicalExpr::call(function, vec![base]))
            }
            (ScalarFunction::Keys | ScalarFunction::Properties, _) => {
                Err(wrong(self, "a node, a hyperedge or a map"))
            }
            (ScalarFunction::StartNode | ScalarFunction::EndNode, Type::Hyperedge(tables)) => {
                let binary = tables.iter().all(|table| {
                    let table = self.schema.table(*table).ok();
                    table
                        .and_then(Table::hyperedge_type)
                        .is_some_and(|ty| ty.is_binary())
                });
                if !binary {
                    return Err(wrong(self, "a binary edge"));
                }
                let role = if function == ScalarFunction::StartNode {
                    SOURCE_ROLE
                } else {
                    TARGET_ROLE
                };
                self.end_of(base, role, span)
            }
            (ScalarFunction::StartNode | ScalarFunction::EndNode, Type::Incidence) => Ok(
                LogicalExpr::call(function, vec![base.convert(ty, &Type::Any)]),
            ),
            (ScalarFunction::StartNode | ScalarFunction::EndNode, _) => {
                Err(wrong(self, "a relationship"))
            }
            // A node binds no members.
            (ScalarFunction::Arity, Type::Node(_)) => {
                Ok(null_for_null(base, LogicalExpr::Literal(Value::Int64(0))))
            }
            (_, Type::Node(_)) => {
                let none = LogicalExpr::Literal(Value::List(Vec::new()));
                Ok(null_for_null(base, none))
            }
            (_, Type::Entity { .. }) => {
                let rest = role.map(|role| LogicalExpr::Literal(Value::String(role.to_owned())));
                Ok(self.dynamic_function(function, base, ty, rest.into_iter().collect()))
            }
            (_, Type::Hyperedge(tables)) => {
                let value = self.role_function(function, base.clone(), tables, role, span)?;
                Ok(null_for_null(base, value))
            }
            _ => Err(wrong(self, "a hyperedge")),
        }
    }

    fn lookup(
        &self,
        base: LogicalExpr,
        tables: &Tables,
        ty: Type,
        value: impl Fn(&grism_core::Table) -> Value,
    ) -> Result<LogicalExpr> {
        let values = tables
            .iter()
            .map(|table| Ok((*table, value(self.schema.table(*table)?))))
            .collect::<Result<Vec<_>>>()?;
        Ok(LogicalExpr::TableLookup {
            entity: Box::new(base),
            values,
            ty,
        })
    }

    /// All properties of the tables, by name; one that an entity does not have is null.
    fn properties_map(
        &mut self,
        base: LogicalExpr,
        tables: &Tables,
        span: Span,
    ) -> Result<LogicalExpr> {
        let entity = self.entity_column(base, span)?;
        let mut properties: Vec<Property> = Vec::new();
        for table in tables.iter() {
            for property in &self.schema.table(*table)?.properties {
                if !properties.iter().any(|own| own.name == property.name) {
                    let value_type = self
                        .property_type(tables, &property.name)?
                        .unwrap_or(Type::Null);
                    properties.push(Property {
                        name: property.name.clone(),
                        value_type,
                    });
                }
            }
        }
        let entries = properties.into_iter().map(
            |Property {
                 name,
                 value_type: ty,
             }| {
                (
                    name.clone(),
                    LogicalExpr::Property {
                        entity: entity.clone(),
                        key: name,
                        ty,
                    },
                )
            },
        );
        Ok(LogicalExpr::Map(entries.collect()))
    }

    /// `roles`, `members` and `arity`, over the role columns of the hyperedge.
    fn role_function(
        &mut self,
        function: ScalarFunction,
        base: LogicalExpr,
        tables: &Tables,
        only: Option<&str>,
        span: Span,
    ) -> Result<LogicalExpr> {
        let schema = Arc::clone(self.schema);
        let [table] = tables[..] else {
            // Which roles there are is known only row by row.
            let types = tables.iter().filter_map(|table| {
                let table = schema.table(*table).ok()?;
                table.hyperedge_type()
            });
            let roles: Vec<&str> = types
                .flat_map(|ty| ty.roles.iter().map(|role| role.name.as_str()))
                .collect();
            if let Some(only) = only.filter(|only| !roles.is_empty() && !roles.contains(only)) {
                let hint = hint(only, roles);
                return Err(self
                    .source
                    .invalid(format!("no type here has a role `{only}`{hint}"), span));
            }
            let rest = only.map(|only| LogicalExpr::Literal(Value::String(only.to_owned())));
            let ty = Type::Hyperedge(tables.clone());
            return Ok(self.dynamic_function(function, base, &ty, rest.into_iter().collect()));
        };
        let hyperedge_type = schema
            .table(table)?
            .hyperedge_type()
            .ok_or_else(|| Error::internal("a hyperedge table"))?;
        if let Some(only) = only.filter(|only| hyperedge_type.role(only).is_none()) {
            let hint = hint(
                only,
                hyperedge_type.roles.iter().map(|role| role.name.as_str()),
            );
            return Err(self.source.invalid(
                format!("`{}` has no role `{only}`{hint}", hyperedge_type.name),
                span,
            ));
        }
        let entity = self.entity_column(base, span)?;
        let mut parts = Vec::new();
        for role in hyperedge_type
            .roles
            .iter()
            .filter(|role| only.is_none_or(|only| only == role.name))
        {
            let member = schema.entity_type(schema.member_tables(role));
            let many = role.cardinality == Cardinality::Many;
            let ty = if many { member.clone().list() } else { member };
            let column = LogicalExpr::Property {
                entity: entity.clone(),
                key: format!("@{}", role.name),
                ty,
            };
            let is_bound = if many {
                size_of(column.clone()).binary(
                    BinaryOperator::Greater,
                    LogicalExpr::Literal(Value::Int64(0)),
                )
            } else {
                column.clone().unary(UnaryOperator::IsNotNull)
            };
            let one = |value: LogicalExpr, none: LogicalExpr| LogicalExpr::Case {
                branches: vec![(is_bound.clone(), value)],
                otherwise: Some(Box::new(none)),
            };
            let empty = || LogicalExpr::Literal(Value::List(Vec::new()));
            parts.push(match function {
                ScalarFunction::Roles => one(
                    LogicalExpr::Literal(Value::List(vec![Value::String(role.name.clone())])),
                    empty(),
                ),
                ScalarFunction::Arity if many => {
                    one(size_of(column), LogicalExpr::Literal(Value::Int64(0)))
                }
                ScalarFunction::Arity => one(
                    LogicalExpr::Literal(Value::Int64(1)),
                    LogicalExpr::Literal(Value::Int64(0)),
                ),
                _ if many => one(column, empty()),
                _ => one(LogicalExpr::List(vec![column]), empty()),
            });
        }
        parts
            .into_iter()
            .reduce(|a, b| a.arithmetic(ArithmeticOperator::Add, b))
            .ok_or_else(|| Error::internal("a type without roles"))
    }

    /// An entity as a value of a result: a struct of id, labels or type, and properties.
    pub(super) fn materialized(
        &mut self,
        base: LogicalExpr,
        ty: &Type,
        span: Span,
    ) -> Result<LogicalExpr> {
        match ty {
            Type::Node(tables) | Type::Hyperedge(tables) => {
                let id = LogicalExpr::Function {
                    function: ScalarFunction::Id,
                    arguments: vec![base.clone()],
                };
                let kind = if matches!(ty, Type::Node(_)) {
                    let labels =
                        self.entity_function(ScalarFunction::Labels, base.clone(), ty, None, span)?;
                    ("labels".to_owned(), labels)
                } else {
                    let name =
                        self.entity_function(ScalarFunction::Type, base.clone(), ty, None, span)?;
                    ("type".to_owned(), name)
                };
                let properties = self.properties_map(base.clone(), tables, span)?;
                let map = LogicalExpr::Map(vec![
                    ("id".to_owned(), id),
                    kind,
                    ("properties".to_owned(), properties),
                ]);
                // An entity that an OPTIONAL MATCH did not find is null, not a map of nulls.
                let branches = vec![(base.unary(UnaryOperator::IsNotNull), map)];
                Ok(LogicalExpr::Case {
                    branches,
                    otherwise: None,
                })
            }
            ty if ty.may_hold_entity() => Ok(self.materialized_any(base, ty)),
            _ => Ok(base),
        }
    }
}

/// `value`, but null where the entity is: what an OPTIONAL MATCH did not find has no properties and no roles.
fn null_for_null(entity: LogicalExpr, value: LogicalExpr) -> LogicalExpr {
    LogicalExpr::Case {
        branches: vec![(entity.unary(UnaryOperator::IsNotNull), value)],
        otherwise: None,
    }
}

fn size_of(list: LogicalExpr) -> LogicalExpr {
    LogicalExpr::Function {
        function: ScalarFunction::Size,
        arguments: vec![list],
    }
}
