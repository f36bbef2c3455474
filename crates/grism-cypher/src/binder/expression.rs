//! Expressions: names become columns, properties and functions; everything is typed.

use std::sync::Arc;

use grism_core::{Result, Type, Value};
use grism_logical::{BinaryOperator, LogicalExpr, ScalarFunction, UnaryOperator};
use open_cypher::Span;
use open_cypher::ast::{
    self, CaseExpression, Expr, ExprKind, IntegerRadix, IsPredicate, LiteralKind, Name,
    ParameterName,
};

use super::{Binder, hint};

impl Binder<'_> {
    pub(super) fn expression(&mut self, expression: &Expr) -> Result<LogicalExpr> {
        let span = expression.span;
        match &expression.kind {
            ExprKind::Literal(literal) => Ok(LogicalExpr::Literal(self.literal(
                &literal.kind,
                span,
                false,
            )?)),
            ExprKind::Variable(name) => self.variable(name),
            ExprKind::Parameter(parameter) => {
                let (ParameterName::Named(name) | ParameterName::Positional(name)) =
                    &parameter.name
                else {
                    return Err(self.source.unsupported("this parameter", span));
                };
                match self.parameters.get(name) {
                    Some(value) => Ok(LogicalExpr::Literal(value.clone())),
                    None => {
                        let hint = hint(name, self.parameters.keys().map(String::as_str));
                        Err(self
                            .source
                            .invalid(format!("the parameter `${name}` has no value{hint}"), span)
                            .with_code("ParameterMissing:MissingParameter"))
                    }
                }
            }
            ExprKind::Parenthesized(inner) => self.expression(inner),
            ExprKind::List(items) => {
                let items = items
                    .iter()
                    .map(|item| self.expression(item))
                    .collect::<Result<Vec<_>>>()?;
                // A list of constants is a constant, so that a list of several types is refused in one place.
                let list = grism_logical::optimizer::fold_expression(LogicalExpr::List(items));
                self.type_of(&list, expression)?;
                Ok(list)
            }
            ExprKind::Map(entries) => {
                let mut bound: Vec<(String, LogicalExpr)> = Vec::new();
                for entry in entries {
                    let key = entry.key.kind.text.clone();
                    if bound.iter().any(|(own, _)| own == &key) {
                        return Err(self
                            .source
                            .invalid(format!("the key `{key}` stands twice"), entry.key.span));
                    }
                    bound.push((key, self.expression(&entry.value)?));
                }
                Ok(LogicalExpr::Map(bound))
            }
            ExprKind::Unary { operator, operand } => self.unary(operator.kind, operand, expression),
            ExprKind::Binary {
                left,
                operator,
                right,
            } => {
                let operator = self.operator(operator.kind, operator.span)?;
                self.binary(left, operator, right, expression)
            }
            ExprKind::Is {
                expression: operand,
                negated,
                predicate,
            } => self.is_predicate(operand, *negated, predicate, span),
            ExprKind::Property {
                expression: base,
                key,
            } => self.property_of(base, key),
            ExprKind::Index {
                expression: base,
                index,
            }
            | ExprKind::DynamicProperty {
                expression: base,
                key: index,
            } => self.index(base, index, expression),
            ExprKind::Slice {
                expression: base,
                lower,
                upper,
            } => {
                let base = Box::new(self.expression(base)?);
                let lower = lower
                    .as_deref()
                    .map(|bound| self.expression(bound))
                    .transpose()?
                    .map(Box::new);
                let upper = upper
                    .as_deref()
                    .map(|bound| self.expression(bound))
                    .transpose()?
                    .map(Box::new);
                self.typed(LogicalExpr::Slice { base, lower, upper }, expression)
            }
            ExprKind::Function(call) => self.function(call, expression),
            ExprKind::Case(case) => self.case(case, expression),
            ExprKind::Subquery(subquery) => self.subquery(subquery),
            ExprKind::Pattern(pattern) => self.pattern_predicate(pattern, span),
            ExprKind::Wildcard => Err(self
                .source
                .invalid("`*` stands only in count(*) and RETURN *", span)),
            ExprKind::MapProjection(projection) => self.map_projection(projection, span),
            ExprKind::ListComprehension(comprehension) => {
                self.list_comprehension(comprehension, expression)
            }
            ExprKind::PatternComprehension(comprehension) => {
                self.pattern_comprehension(comprehension, span)
            }
            ExprKind::Reduce(reduce) => self.reduce(reduce, expression),
            ExprKind::QuantifiedPredicate(quantified) => self.quantified(quantified, expression),
            _ => Err(self.source.unsupported("this expression", span)),
        }
    }

    /// Checks the types of an expression that was just built.
    pub(super) fn typed(&self, bound: LogicalExpr, place: &Expr) -> Result<LogicalExpr> {
        self.type_of(&bound, place)?;
        Ok(bound)
    }

    fn variable(&mut self, name: &Name) -> Result<LogicalExpr> {
        let text = name.kind.text.as_str();
        if let Some(lambda) = self.lambda(text) {
            return Ok(LogicalExpr::Column(lambda.column.clone()));
        }
        if let Some((_, expression)) = self.aliases.iter().find(|(alias, _)| alias == text) {
            return Ok(expression.clone());
        }
        match self.scope.find(text) {
            Some(variable) => Ok(LogicalExpr::Column(variable.column.clone())),
            None => {
                let known = self
                    .scope
                    .names()
                    .chain(self.aliases.iter().map(|(alias, _)| alias.as_str()));
                let message = format!("unknown variable `{text}`{}", hint(text, known));
                Err(self
                    .source
                    .invalid(message, name.span)
                    .with_code("SyntaxError:UndefinedVariable"))
            }
        }
    }

    pub(super) fn literal(
        &self,
        literal: &LiteralKind,
        span: Span,
        negative: bool,
    ) -> Result<Value> {
        Ok(match literal {
            LiteralKind::Null => Value::Null,
            LiteralKind::Boolean(value) => Value::Bool(*value),
            LiteralKind::String(value) => Value::String(value.value.clone()),
            LiteralKind::Integer(integer) => {
                let (digits, radix) = match integer.radix {
                    IntegerRadix::Hexadecimal => (integer.text.get(2..).unwrap_or_default(), 16),
                    IntegerRadix::Octal => (
                        integer
                            .text
                            .trim_start_matches("0o")
                            .trim_start_matches("0O"),
                        8,
                    ),
                    _ => (integer.text.as_str(), 10),
                };
                let sign = if negative { "-" } else { "" };
                let value =
                    i64::from_str_radix(&format!("{sign}{digits}"), radix).map_err(|_| {
                        let message = format!("the integer {sign}{} is out of range", integer.text);
                        self.source
                            .invalid(message, span)
                            .with_code("SyntaxError:IntegerOverflow")
                    })?;
                Value::Int64(value)
            }
            LiteralKind::Float(float) => match float.text.parse::<f64>() {
                Ok(value) if value.is_finite() => {
                    Value::Float64(if negative { -value } else { value })
                }
                _ => {
                    let message = format!("the float {} is out of range", float.text);
                    return Err(self
                        .source
                        .invalid(message, span)
                        .with_code("SyntaxError:FloatingPointOverflow"));
                }
            },
            _ => return Err(self.source.unsupported("this literal", span)),
        })
    }

    fn unary(
        &mut self,
        operator: ast::UnaryOperator,
        operand: &Expr,
        place: &Expr,
    ) -> Result<LogicalExpr> {
        if operator == ast::UnaryOperator::Minus
            && let ExprKind::Literal(literal) = &operand.kind
            && matches!(
                literal.kind,
                LiteralKind::Integer(_) | LiteralKind::Float(_)
            )
        {
            // The least integer has no positive twin, so the sign belongs to the literal.
            return Ok(LogicalExpr::Literal(self.literal(
                &literal.kind,
                place.span,
                true,
            )?));
        }
        let bound = self.expression(operand)?;
        match operator {
            ast::UnaryOperator::Not => self.typed(bound.unary(UnaryOperator::Not), place),
            ast::UnaryOperator::Minus => self.typed(bound.unary(UnaryOperator::Negate), place),
            ast::UnaryOperator::Plus => {
                self.typed(bound.clone().unary(UnaryOperator::Negate), place)?;
                Ok(bound)
            }
            _ => Err(self.source.unsupported("this operator", place.span)),
        }
    }

    pub(super) fn operator(
        &self,
        operator: ast::BinaryOperator,
        span: Span,
    ) -> Result<BinaryOperator> {
        use ast::BinaryOperator as Ast;
        Ok(match operator {
            Ast::Or => BinaryOperator::Or,
            Ast::Xor => BinaryOperator::Xor,
            Ast::And => BinaryOperator::And,
            Ast::Equal => BinaryOperator::Equal,
            Ast::NotEqual => BinaryOperator::NotEqual,
            Ast::Less => BinaryOperator::Less,
            Ast::LessEqual => BinaryOperator::LessOrEqual,
            Ast::Greater => BinaryOperator::Greater,
            Ast::GreaterEqual => BinaryOperator::GreaterOrEqual,
            Ast::RegexMatch => BinaryOperator::RegexMatch,
            Ast::In => BinaryOperator::In,
            Ast::StartsWith => BinaryOperator::StartsWith,
            Ast::EndsWith => BinaryOperator::EndsWith,
            Ast::Contains => BinaryOperator::Contains,
            Ast::Add | Ast::Concat => BinaryOperator::Add,
            Ast::Subtract => BinaryOperator::Subtract,
            Ast::Multiply => BinaryOperator::Multiply,
            Ast::Divide => BinaryOperator::Divide,
            Ast::Remainder => BinaryOperator::Remainder,
            Ast::Power => BinaryOperator::Power,
            _ => return Err(self.source.unsupported("this operator", span)),
        })
    }

    fn binary(
        &mut self,
        left: &Expr,
        operator: BinaryOperator,
        right: &Expr,
        place: &Expr,
    ) -> Result<LogicalExpr> {
        // `a < b < c` means `a < b AND b < c`.
        if operator.is_comparison()
            && let ExprKind::Binary {
                operator: inner,
                right: middle,
                ..
            } = &left.kind
            && self.operator(inner.kind, inner.span)?.is_comparison()
        {
            let first = self.expression(left)?;
            let second = self.binary(middle, operator, right, place)?;
            return Ok(first.binary(BinaryOperator::And, second));
        }
        let bound = self
            .expression(left)?
            .binary(operator, self.expression(right)?);
        self.typed(bound, place)
    }

    fn is_predicate(
        &mut self,
        operand: &Expr,
        negated: bool,
        predicate: &IsPredicate,
        span: Span,
    ) -> Result<LogicalExpr> {
        let bound = self.expression(operand)?;
        match predicate {
            IsPredicate::Null if negated => Ok(bound.unary(UnaryOperator::IsNotNull)),
            IsPredicate::Null => Ok(bound.unary(UnaryOperator::IsNull)),
            IsPredicate::Label(labels) => {
                let ty = self.type_of(&bound, operand)?;
                let test = match &ty {
                    Type::Null => LogicalExpr::Literal(Value::Null),
                    Type::Any => self.dynamic_label_test(bound, &ty, labels)?,
                    Type::Node(_) | Type::Hyperedge(_) if self.reads_lambda(&bound) => {
                        self.dynamic_label_test(bound, &ty, labels)?
                    }
                    Type::Node(tables) => self.label_condition(bound, tables, labels)?,
                    Type::Hyperedge(own) => {
                        // `r:KNOWS` tests the type of a relationship, declared or not.
                        let mut allowed = self.labelled_tables(labels)?.to_vec();
                        if let Some(names) = super::labels::type_names(labels) {
                            for (table, hyperedge_type) in self.schema.hyperedge_tables() {
                                let named = names
                                    .iter()
                                    .any(|name| name.kind.text == hyperedge_type.name);
                                if named && own.contains(&table.id) && !allowed.contains(&table.id)
                                {
                                    allowed.push(table.id);
                                }
                            }
                        }
                        self.label_test(bound, allowed.into())
                    }
                    other => {
                        return Err(self
                            .source
                            .invalid(
                                format!("a label test needs a node, not {other}"),
                                operand.span,
                            )
                            .with_code("SyntaxError:InvalidArgumentType"));
                    }
                };
                Ok(if negated {
                    test.unary(UnaryOperator::Not)
                } else {
                    test
                })
            }
            IsPredicate::Typed(_) => Err(self.source.unsupported("IS ::", span)),
            IsPredicate::Normalized(_) => Err(self.source.unsupported("IS NORMALIZED", span)),
            _ => Err(self.source.unsupported("this predicate", span)),
        }
    }

    /// A label test whose entity is known only at run time: a conjunction of names.
    fn dynamic_label_test(
        &mut self,
        bound: LogicalExpr,
        ty: &Type,
        labels: &ast::LabelExpression,
    ) -> Result<LogicalExpr> {
        let base = self.with_contents(bound, ty);
        self.dynamic_label_predicate(&base, labels)
    }

    fn dynamic_label_predicate(
        &mut self,
        base: &LogicalExpr,
        labels: &ast::LabelExpression,
    ) -> Result<LogicalExpr> {
        use ast::LabelExpressionKind as Kind;
        let mut parts = |parts: &[ast::LabelExpression]| {
            parts
                .iter()
                .map(|part| self.dynamic_label_predicate(base, part))
                .collect::<Result<Vec<_>>>()
        };
        Ok(match &labels.kind {
            Kind::Name(name) => {
                let wanted = Value::List(vec![Value::String(name.kind.text.clone())]);
                LogicalExpr::call(
                    ScalarFunction::HasLabels,
                    vec![base.clone(), LogicalExpr::Literal(wanted)],
                )
            }
            Kind::And(all) => LogicalExpr::all(parts(all)?),
            Kind::Or(any) => parts(any)?
                .into_iter()
                .reduce(|a, b| a.binary(BinaryOperator::Or, b))
                .unwrap_or(LogicalExpr::Literal(Value::Bool(false))),
            Kind::Not(inner) => self
                .dynamic_label_predicate(base, inner)?
                .unary(UnaryOperator::Not),
            Kind::Parenthesized(inner) => self.dynamic_label_predicate(base, inner)?,
            _ => {
                return Err(self
                    .source
                    .unsupported("this label expression", labels.span));
            }
        })
    }

    pub(super) fn property_of(&mut self, base: &Expr, key: &Name) -> Result<LogicalExpr> {
        let bound = self.expression(base)?;
        let ty = self.type_of(&bound, base)?;
        self.property_of_bound(bound, &ty, key)
    }

    pub(super) fn property_of_bound(
        &mut self,
        bound: LogicalExpr,
        ty: &Type,
        key: &Name,
    ) -> Result<LogicalExpr> {
        let text = || LogicalExpr::Literal(Value::String(key.kind.text.clone()));
        match ty {
            Type::Node(_) | Type::Hyperedge(_) if self.reads_lambda(&bound) => {
                Ok(self.dynamic_property(bound, ty, text()))
            }
            Type::Node(tables) | Type::Hyperedge(tables) => {
                let tables = Arc::clone(tables);
                self.property(bound, &tables, key)
            }
            Type::Map(_) => Ok(LogicalExpr::Field {
                base: Box::new(bound),
                key: key.kind.text.clone(),
            }),
            Type::Null => Ok(LogicalExpr::Literal(Value::Null)),
            Type::Any => Ok(self.dynamic_property(bound, ty, text())),
            Type::Incidence => {
                let message = format!(
                    "an incidence has no properties; `{}` belongs to the hyperedge",
                    key.kind.text
                );
                Err(self.source.invalid(message, key.span))
            }
            Type::Date | Type::LocalTime | Type::LocalDateTime | Type::DateTime => {
                Ok(LogicalExpr::call(
                    ScalarFunction::Get,
                    vec![bound.convert(ty, &Type::Any), text()],
                ))
            }
            other => {
                let message = format!(
                    "`.{}` needs a node, a hyperedge or a map, not {other}",
                    key.kind.text
                );
                let code = match other {
                    Type::Path => "SyntaxError:InvalidArgumentType",
                    _ => "TypeError:InvalidArgumentType",
                };
                Err(self.source.invalid(message, key.span).with_code(code))
            }
        }
    }

    fn index(&mut self, base: &Expr, index: &Expr, place: &Expr) -> Result<LogicalExpr> {
        let bound = self.expression(base)?;
        let position = self.expression(index)?;
        let ty = self.type_of(&bound, base)?;
        if matches!(ty, Type::Bool | Type::Int64 | Type::Float64 | Type::String)
            && matches!(bound, LogicalExpr::Column(_))
        {
            // What a value of a variable is good for shows itself when the query runs.
            let base = Box::new(bound.convert(&ty, &Type::Any));
            let index = Box::new(position);
            return Ok(LogicalExpr::Index { base, index });
        }
        match (&ty, &position) {
            (Type::Map(_), LogicalExpr::Literal(Value::String(key))) => Ok(LogicalExpr::Field {
                base: Box::new(bound),
                key: key.clone(),
            }),
            (Type::Node(_) | Type::Hyperedge(_), LogicalExpr::Literal(Value::String(key))) => {
                let name = ast::Name::new(ast::Identifier::new(key.clone(), false), index.span);
                self.property_of_bound(bound, &ty, &name)
            }
            (Type::Node(_) | Type::Hyperedge(_), _) => {
                let key_type = self.type_of(&position, index)?;
                if !matches!(key_type, Type::String | Type::Any | Type::Null) {
                    return Err(self
                        .source
                        .invalid("a property is named by text", index.span)
                        .with_code("SyntaxError:InvalidArgumentType"));
                }
                let base = self.with_contents(bound, &ty);
                self.typed(
                    LogicalExpr::Index {
                        base: Box::new(base),
                        index: Box::new(position),
                    },
                    place,
                )
            }
            (Type::Any, _) => {
                // A key may name a property; a position of a list asks for no contents.
                let key_type = self.type_of(&position, index)?;
                let base = if key_type == Type::Int64 {
                    bound
                } else {
                    self.with_contents(bound, &ty)
                };
                self.typed(
                    LogicalExpr::Index {
                        base: Box::new(base),
                        index: Box::new(position),
                    },
                    place,
                )
            }
            _ => self.typed(
                LogicalExpr::Index {
                    base: Box::new(bound),
                    index: Box::new(position),
                },
                place,
            ),
        }
    }

    /// `base {.key, .*, variable, key: expression}`.
    fn map_projection(
        &mut self,
        projection: &ast::MapProjection,
        span: Span,
    ) -> Result<LogicalExpr> {
        use ast::MapProjectionItemKind as Item;
        let base = self.expression(&projection.base)?;
        let ty = self.type_of(&base, &projection.base)?;
        let mut all = None;
        let mut entries: Vec<(String, LogicalExpr)> = Vec::new();
        let put =
            |entries: &mut Vec<(String, LogicalExpr)>, key: &str, value: LogicalExpr| match entries
                .iter_mut()
                .find(|(own, _)| own == key)
            {
                Some(own) => own.1 = value,
                None => entries.push((key.to_owned(), value)),
            };
        for item in &projection.items {
            match &item.kind {
                Item::Property(key) => {
                    let value = self.property_of_bound(base.clone(), &ty, key)?;
                    put(&mut entries, &key.kind.text, value);
                }
                Item::Variable(name) => {
                    let value = self.variable(name)?;
                    put(&mut entries, &name.kind.text, value);
                }
                Item::Entry(entry) => {
                    let value = self.expression(&entry.value)?;
                    put(&mut entries, &entry.key.kind.text, value);
                }
                Item::AllProperties => all = Some(item.span),
                _ => return Err(self.source.unsupported("this map projection", item.span)),
            }
        }
        let map = LogicalExpr::Map(entries);
        let map = match all {
            None => map,
            Some(_) => {
                let properties = match &ty {
                    Type::Map(_) => {
                        LogicalExpr::call(ScalarFunction::Properties, vec![base.clone()])
                    }
                    _ => self.dynamic_function(
                        ScalarFunction::Properties,
                        base.clone(),
                        &ty,
                        Vec::new(),
                    ),
                };
                LogicalExpr::call(ScalarFunction::Merge, vec![properties, map])
            }
        };
        let _ = span;
        // What is projected of null is null.
        Ok(LogicalExpr::Case {
            branches: vec![(base.unary(UnaryOperator::IsNotNull), map)],
            otherwise: None,
        })
    }

    fn case(&mut self, case: &CaseExpression, place: &Expr) -> Result<LogicalExpr> {
        let operand = case
            .operand
            .as_deref()
            .map(|operand| self.expression(operand))
            .transpose()?;
        let mut branches = Vec::new();
        for alternative in &case.alternatives {
            let then = self.expression(&alternative.then)?;
            for when in &alternative.when {
                let bound = self.expression(when)?;
                let condition = match &operand {
                    Some(operand) => operand.clone().binary(BinaryOperator::Equal, bound),
                    None => bound,
                };
                branches.push((condition, then.clone()));
            }
        }
        let otherwise = case
            .else_expression
            .as_deref()
            .map(|other| self.expression(other))
            .transpose()?
            .map(Box::new);
        self.typed(
            LogicalExpr::Case {
                branches,
                otherwise,
            },
            place,
        )
    }
}
