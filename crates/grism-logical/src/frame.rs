//! Frames: lazy, immutable plans built by method calls instead of text.

mod resolve;

use std::sync::Arc;

use grism_core::{Error, GraphSchema, Result, SOURCE_ROLE, TARGET_ROLE, Tables, Type, Value};

use self::resolve::unknown;
use crate::{
    Aggregate, Direction, EdgeExpand, LogicalExpr, LogicalPlan, NamedAggregate, NamedExpr,
    NodeScan, PlanSchema, RoleBinding, RoleExpand, RoleSource, SharedPlan, SortKey, infer_type,
};

/// The column or property `name`, to be resolved by the frame it is used in.
pub fn column(name: impl Into<String>) -> LogicalExpr {
    LogicalExpr::Column(name.into())
}

/// A constant.
#[must_use]
pub const fn literal(value: Value) -> LogicalExpr {
    LogicalExpr::Literal(value)
}

/// A lazy table of rows, one of whose columns is the entity that expansions start from.
///
/// Names in expressions are columns of the frame first, then properties of the current entity. `name.key` is the
/// property of an entity by its column's name.
///
/// ```
/// use std::sync::Arc;
///
/// use grism_core::{GraphSchema, Type, Value};
/// use grism_logical::{BinaryOperator, Frame, column, literal};
///
/// let mut schema = GraphSchema::default();
/// let person = schema.ensure_node_table(&["Person".to_owned()])?;
/// schema.ensure_property(person, "age", &Type::Int64)?;
///
/// let adults = Frame::nodes(Arc::new(schema), Some("Person"))?
///     .filter(column("age").binary(BinaryOperator::GreaterOrEqual, literal(Value::Int64(18))))?;
/// assert!(adults.plan().to_string().contains(">= 18"));
/// # Ok::<(), grism_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Frame {
    plan: LogicalPlan,
    schema: Arc<GraphSchema>,
    current: Option<String>,
    entities: usize,
    warnings: Vec<String>,
}

impl Frame {
    /// The schema that the frame was made for, whose tables its plan names.
    #[must_use]
    pub fn schema(&self) -> &Arc<GraphSchema> {
        &self.schema
    }

    /// The nodes with `label`, or all nodes.
    ///
    /// # Errors
    /// `NotFound` for an unknown label, with the nearest known one.
    pub fn nodes(schema: Arc<GraphSchema>, label: Option<&str>) -> Result<Self> {
        let tables: Tables = match label {
            None => schema.node_tables().map(|table| table.id).collect(),
            Some(label) => schema.tables_with_label(label),
        };
        if let Some(label) = label.filter(|_| tables.is_empty()) {
            return Err(unknown("label", label, schema.labels()));
        }
        let scan = NodeScan {
            variable: "n0".to_owned(),
            ty: schema.entity_type(Arc::clone(&tables)),
            tables,
            label: label.unwrap_or_default().to_owned(),
            properties: Vec::new(),
            predicate: Vec::new(),
            index: None,
        };
        Ok(Self {
            plan: LogicalPlan::NodeScan(scan),
            schema,
            current: Some("n0".to_owned()),
            entities: 1,
            warnings: Vec::new(),
        })
    }

    /// A frame over `plan`, over whose columns another frame's builder had bound more clauses.
    #[must_use]
    pub fn with_plan(&self, plan: LogicalPlan) -> Self {
        let kept = |name: &String| plan.schema().is_ok_and(|schema| schema.contains(name));
        Self {
            current: self.current.clone().filter(kept),
            ..self.with(plan)
        }
    }

    /// The frame with more that is odd about its clauses; what is there already is not said twice.
    #[must_use]
    pub fn with_warnings(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        for warning in warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        self
    }

    /// What is odd about the clauses that the frame was made of: it runs, but probably does not do what was meant.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The same rows, with the entity in the column `name` as the current one.
    ///
    /// # Errors
    /// `InvalidQuery` where there is no such column, or where it holds no entities.
    pub fn at(&self, name: &str) -> Result<Self> {
        let columns = self.plan.schema()?;
        match columns.find(name).map(|column| &column.ty) {
            Some(ty) if ty.is_entity() => Ok(Self {
                current: Some(name.to_owned()),
                ..self.clone()
            }),
            Some(other) => Err(Error::invalid_query(format!(
                "`{name}` is {other}, not a node or a hyperedge"
            ))),
            None => Err(unknown("column", name, columns.names())),
        }
    }

    /// A row for each element of a list, in the column `name`; none for null and for the empty list.
    ///
    /// # Errors
    /// `InvalidQuery` for an unknown name, a column that is there already, or what is no list.
    pub fn unwind(&self, list: LogicalExpr, name: &str) -> Result<Self> {
        let expression = self.resolve(list)?;
        let columns = self.plan.schema()?;
        if columns.contains(name) {
            return Err(Error::invalid_query(format!(
                "there is a column `{name}` already"
            )));
        }
        match infer_type(&expression, &columns)? {
            Type::List(_) | Type::Null => {}
            other => {
                return Err(Error::invalid_query(format!(
                    "unwind() needs a list, not {other}"
                )));
            }
        }
        Ok(self.with(LogicalPlan::Unwind {
            input: SharedPlan::new(self.plan.clone()),
            expression,
            variable: name.to_owned(),
        }))
    }

    /// The rows of both frames, which have the same columns.
    ///
    /// # Errors
    /// `InvalidQuery` where the columns differ.
    pub fn union(&self, other: &Self) -> Result<Self> {
        let (own, others) = (self.plan.schema()?, other.plan.schema()?);
        if !own.names().eq(others.names()) {
            let list = |schema: &PlanSchema| schema.names().collect::<Vec<_>>().join(", ");
            return Err(Error::invalid_query(format!(
                "union() needs the same columns in the same order: {} and {}",
                list(&own),
                list(&others)
            )));
        }
        let inputs = vec![self.plan.clone().into(), other.plan.clone().into()];
        let union = self.with(LogicalPlan::Union {
            inputs: LogicalPlan::same_types(inputs)?,
        });
        Ok(union.with_warnings(other.warnings.iter().cloned()))
    }

    /// The plan built so far.
    #[must_use]
    pub fn plan(&self) -> &LogicalPlan {
        &self.plan
    }

    /// The rows for which `predicate` is true.
    ///
    /// # Errors
    /// `InvalidQuery` for an unknown name or a type error.
    pub fn filter(&self, predicate: LogicalExpr) -> Result<Self> {
        let predicate = self.resolve(predicate)?;
        match infer_type(&predicate, &self.plan.schema()?)? {
            Type::Bool | Type::Null => {}
            other => {
                return Err(Error::invalid_query(format!(
                    "a filter needs a boolean, not {other}"
                )));
            }
        }
        Ok(self.with(LogicalPlan::Filter {
            input: SharedPlan::new(self.plan.clone()),
            predicate,
        }))
    }

    /// Goes from the current entity through hyperedges of the type `name` to their members; those become current.
    ///
    /// A binary edge needs no roles: it is followed from source to target.
    ///
    /// # Errors
    /// `NotFound` for an unknown type or role; `InvalidQuery` where no entity is current or a role is missing.
    pub fn expand(
        &self,
        name: &str,
        from_role: Option<&str>,
        to_role: Option<&str>,
    ) -> Result<Self> {
        let from = self
            .current
            .clone()
            .ok_or_else(|| Error::invalid_query("expand() needs a frame of nodes or hyperedges"))?;
        let Some((table, hyperedge_type)) = self.schema.hyperedge_table(name) else {
            let known = self
                .schema
                .hyperedge_tables()
                .map(|(_, hyperedge_type)| hyperedge_type.name.as_str());
            return Err(unknown("hyperedge type", name, known));
        };
        let tables = [table.id].into();
        let member = format!("n{}", self.entities);
        let label = name.to_owned();
        let input = SharedPlan::new(self.plan.clone());
        let plan = if hyperedge_type.is_binary() {
            let direction = match (from_role, to_role) {
                (None | Some(SOURCE_ROLE), None | Some(TARGET_ROLE)) => Direction::Out,
                (None | Some(TARGET_ROLE), None | Some(SOURCE_ROLE)) => Direction::In,
                (from, to) => {
                    let odd = [from, to]
                        .into_iter()
                        .flatten()
                        .find(|role| hyperedge_type.role(role).is_none());
                    return Err(match odd {
                        Some(role) => unknown("role", role, [SOURCE_ROLE, TARGET_ROLE]),
                        None => Error::invalid_query(
                            "from_role and to_role must differ for a binary edge",
                        ),
                    });
                }
            };
            let to_type = self.schema.entity_type(self.schema.entity_tables());
            let (edge, to) = (None, member.clone());
            LogicalPlan::EdgeExpand(EdgeExpand {
                input,
                from,
                tables,
                label,
                direction,
                edge,
                to,
                to_type,
                restrict: None,
                into: false,
            })
        } else {
            let role = |given: Option<&str>, which: &str| {
                let known = || hyperedge_type.roles.iter().map(|role| role.name.as_str());
                let Some(given) = given else {
                    let known: Vec<_> = known().collect();
                    return Err(Error::invalid_query(format!(
                        "expand(\"{name}\") needs {which}: one of {}",
                        known.join(", ")
                    )));
                };
                hyperedge_type
                    .role(given)
                    .ok_or_else(|| unknown("role", given, known()))
            };
            let source = role(from_role, "from_role")?;
            let target = role(to_role, "to_role")?;
            let binding = RoleBinding {
                roles: vec![target.name.clone()],
                member: member.clone(),
                member_type: self.schema.entity_type(self.schema.member_tables(target)),
                restrict: None,
                incidence: None,
                repeats: false,
            };
            LogicalPlan::RoleExpand(RoleExpand {
                input,
                from: RoleSource::Member {
                    column: from,
                    roles: vec![source.name.clone()],
                    incidence: None,
                    repeats: false,
                },
                hyperedge: format!("h{}", self.entities),
                tables,
                label,
                bindings: vec![binding],
            })
        };
        Ok(Self {
            plan,
            schema: Arc::clone(&self.schema),
            current: Some(member),
            entities: self.entities + 1,
            warnings: self.warnings.clone(),
        })
    }

    /// Exactly these columns.
    ///
    /// # Errors
    /// `InvalidQuery` for an unknown name or a type error.
    pub fn select(&self, expressions: Vec<NamedExpr>) -> Result<Self> {
        let expressions = self.resolve_named(expressions)?;
        let plan = LogicalPlan::Project {
            input: SharedPlan::new(self.plan.clone()),
            expressions,
        };
        plan.schema()?;
        Ok(Self {
            current: None,
            ..self.with(plan)
        })
    }

    /// Groups by `keys` and aggregates each group.
    ///
    /// # Errors
    /// `InvalidQuery` for an unknown name or a type error.
    pub fn aggregate(&self, keys: Vec<NamedExpr>, aggregates: Vec<NamedAggregate>) -> Result<Self> {
        let keys = self.resolve_named(keys)?;
        let aggregates = aggregates
            .into_iter()
            .map(|mut own| {
                let arguments = own.call.arguments.into_iter();
                let arguments = arguments.map(|argument| self.resolve(argument));
                own.call.arguments = arguments.collect::<Result<_>>()?;
                Ok(own)
            })
            .collect::<Result<_>>()?;
        let plan = LogicalPlan::Aggregate(Aggregate {
            input: SharedPlan::new(self.plan.clone()),
            keys,
            aggregates,
        });
        plan.schema()?;
        Ok(Self {
            current: None,
            ..self.with(plan)
        })
    }

    /// Each different row once.
    #[must_use]
    pub fn distinct(&self) -> Self {
        self.with(LogicalPlan::Distinct {
            input: SharedPlan::new(self.plan.clone()),
        })
    }

    /// The rows in the order of the keys.
    ///
    /// # Errors
    /// `InvalidQuery` for an unknown name.
    pub fn order_by(&self, keys: Vec<SortKey>) -> Result<Self> {
        let keys = keys
            .into_iter()
            .map(|key| {
                Ok(SortKey {
                    expression: self.resolve(key.expression)?,
                    ..key
                })
            })
            .collect::<Result<_>>()?;
        Ok(self.with(LogicalPlan::Sort {
            input: SharedPlan::new(self.plan.clone()),
            keys,
            fetch: None,
        }))
    }

    /// At most `fetch` rows after the first `skip`.
    #[must_use]
    pub fn limit(&self, skip: usize, fetch: Option<usize>) -> Self {
        self.with(LogicalPlan::Limit {
            input: SharedPlan::new(self.plan.clone()),
            skip,
            fetch,
        })
    }

    fn with(&self, plan: LogicalPlan) -> Self {
        Self {
            plan,
            ..self.clone()
        }
    }
}
