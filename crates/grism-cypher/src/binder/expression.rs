//! Expressions: names become columns, properties and functions; everything is typed.

use std::sync::Arc;

use grism_core::{ErrorKind, Result, Type, Value};
use grism_logical::{
    AggregateCall, AggregateFunction, BinaryOperator, LogicalExpr, ScalarFunction, UnaryOperator,
};
use open_cypher::Span;
use open_cypher::ast::{
    self, CaseExpression, Expr, ExprKind, FunctionInvocation, IntegerRadix, IsPredicate,
    LiteralKind, Name, ParameterName, SetQuantifier,
};

use super::{Binder, hint};

/// Functions of openCypher that are known and not there yet.
const LATER: &[&str] = &[
    "startNode",
    "endNode",
    "nodes",
    "relationships",
    "length",
    "percentileDisc",
    "percentileCont",
    "stDev",
    "stDevP",
    "date",
    "time",
    "localtime",
    "datetime",
    "localdatetime",
    "duration",
    "timestamp",
    "rand",
    "exists",
    "isEmpty",
    "point",
    "distance",
    "elementId",
    "cot",
    "haversin",
    "toStringOrNull",
    "toIntegerOrNull",
    "toFloatOrNull",
    "toBooleanOrNull",
    "isNaN",
    "nullIf",
    "btrim",
];

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
                            .invalid(format!("the parameter `${name}` has no value{hint}"), span))
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
            ExprKind::MapProjection(_) => Err(self.source.unsupported("a map projection", span)),
            ExprKind::ListComprehension(_) => {
                Err(self.source.unsupported("a list comprehension", span))
            }
            ExprKind::PatternComprehension(_) => {
                Err(self.source.unsupported("a pattern comprehension", span))
            }
            ExprKind::Reduce(_) => Err(self.source.unsupported("reduce()", span)),
            ExprKind::QuantifiedPredicate(_) => Err(self
                .source
                .unsupported("all(), any(), none() and single()", span)),
            _ => Err(self.source.unsupported("this expression", span)),
        }
    }

    /// Checks the types of an expression that was just built.
    fn typed(&self, bound: LogicalExpr, place: &Expr) -> Result<LogicalExpr> {
        self.type_of(&bound, place)?;
        Ok(bound)
    }

    fn variable(&mut self, name: &Name) -> Result<LogicalExpr> {
        let text = name.kind.text.as_str();
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
                Err(self.source.invalid(
                    format!("unknown variable `{text}`{}", hint(text, known)),
                    name.span,
                ))
            }
        }
    }

    fn literal(&self, literal: &LiteralKind, span: Span, negative: bool) -> Result<Value> {
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
                        self.source.invalid(
                            format!("the integer {sign}{} is out of range", integer.text),
                            span,
                        )
                    })?;
                Value::Int64(value)
            }
            LiteralKind::Float(float) => match float.text.parse::<f64>() {
                Ok(value) if value.is_finite() => {
                    Value::Float64(if negative { -value } else { value })
                }
                _ => {
                    return Err(self
                        .source
                        .invalid(format!("the float {} is out of range", float.text), span));
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

    fn operator(&self, operator: ast::BinaryOperator, span: Span) -> Result<BinaryOperator> {
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
                    Type::Node(_) | Type::Hyperedge(_) => {
                        let mut allowed = self.labelled_tables(labels)?.to_vec();
                        // `r:KNOWS` tests the type of a relationship, declared or not.
                        if let (Type::Hyperedge(own), Some(names)) =
                            (&ty, super::labels::type_names(labels))
                        {
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
                    Type::Null => LogicalExpr::Literal(Value::Null),
                    other => {
                        return Err(self.source.invalid(
                            format!("a label test needs a node, not {other}"),
                            operand.span,
                        ));
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

    fn property_of(&mut self, base: &Expr, key: &Name) -> Result<LogicalExpr> {
        let bound = self.expression(base)?;
        match self.type_of(&bound, base)? {
            Type::Node(tables) | Type::Hyperedge(tables) => self.property(bound, &tables, key),
            Type::Map(_) => Ok(LogicalExpr::Field {
                base: Box::new(bound),
                key: key.kind.text.clone(),
            }),
            Type::Null => Ok(LogicalExpr::Literal(Value::Null)),
            Type::Incidence => {
                let message = format!(
                    "an incidence has no properties; `{}` belongs to the hyperedge",
                    key.kind.text
                );
                Err(self.source.invalid(message, key.span))
            }
            ty @ (Type::Date | Type::LocalTime | Type::LocalDateTime | Type::DateTime) => {
                Err(self.source.unsupported(
                    format!("the component `{}` of {ty}", key.kind.text),
                    key.span,
                ))
            }
            other => {
                let message = format!(
                    "`.{}` needs a node, a hyperedge or a map, not {other}",
                    key.kind.text
                );
                Err(self.source.invalid(message, key.span))
            }
        }
    }

    fn index(&mut self, base: &Expr, index: &Expr, place: &Expr) -> Result<LogicalExpr> {
        let bound = self.expression(base)?;
        let position = self.expression(index)?;
        let ty = self.type_of(&bound, base)?;
        match (&ty, &position) {
            (Type::Map(_), LogicalExpr::Literal(Value::String(key))) => Ok(LogicalExpr::Field {
                base: Box::new(bound),
                key: key.clone(),
            }),
            (
                Type::Node(tables) | Type::Hyperedge(tables),
                LogicalExpr::Literal(Value::String(key)),
            ) => {
                let name = ast::Name::new(ast::Identifier::new(key.clone(), false), index.span);
                let tables = Arc::clone(tables);
                self.property(bound, &tables, &name)
            }
            (Type::Map(_) | Type::Node(_) | Type::Hyperedge(_), _) => Err(self
                .source
                .unsupported("a computed property key", index.span)),
            _ => self.typed(
                LogicalExpr::Index {
                    base: Box::new(bound),
                    index: Box::new(position),
                },
                place,
            ),
        }
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

    fn function(&mut self, call: &FunctionInvocation, place: &Expr) -> Result<LogicalExpr> {
        let name = call
            .name
            .parts
            .iter()
            .map(|part| part.kind.text.as_str())
            .collect::<Vec<_>>()
            .join(".");
        if let Some(function) = AggregateFunction::from_name(&name) {
            return self.aggregate_call(function, call, place);
        }
        if let Some(quantifier) = &call.quantifier {
            return Err(self.source.invalid(
                format!("`{name}()` is no aggregate: DISTINCT has no meaning"),
                quantifier.span,
            ));
        }
        let Some(function) = ScalarFunction::from_name(&name) else {
            let known = ScalarFunction::ALL.iter().map(|function| function.name());
            let known = known.chain(AggregateFunction::ALL.map(AggregateFunction::name));
            if LATER.iter().any(|later| later.eq_ignore_ascii_case(&name))
                || call.name.parts.len() > 1
            {
                return Err(self
                    .source
                    .unsupported(format!("the function {name}()"), call.name.span));
            }
            return Err(self.source.invalid(
                format!("unknown function `{name}`{}", hint(&name, known)),
                call.name.span,
            ));
        };
        let (least, most) = function.arity();
        let count = call.arguments.len();
        if count < least || count > most {
            let wanted = if least == most {
                least.to_string()
            } else {
                format!("{least} to {most}")
            };
            let message = format!(
                "`{}()` takes {wanted} arguments, not {count}",
                function.name()
            );
            return Err(self.source.invalid(message, place.span));
        }
        let mut arguments = call
            .arguments
            .iter()
            .map(|argument| self.expression(argument))
            .collect::<Result<Vec<_>>>()?;
        if matches!(
            function,
            ScalarFunction::Type
                | ScalarFunction::Labels
                | ScalarFunction::Keys
                | ScalarFunction::Properties
                | ScalarFunction::Roles
                | ScalarFunction::Members
                | ScalarFunction::Arity
        ) {
            let role = match arguments.get(1) {
                None => None,
                Some(LogicalExpr::Literal(Value::String(role))) => Some(role.clone()),
                Some(_) => {
                    return Err(self
                        .source
                        .unsupported("a computed role in members()", call.arguments[1].span));
                }
            };
            let ty = self.type_of(&arguments[0], &call.arguments[0])?;
            let bound = self.entity_function(
                function,
                arguments.swap_remove(0),
                &ty,
                role.as_deref(),
                place.span,
            )?;
            return self.typed(bound, place);
        }
        self.typed(
            LogicalExpr::Function {
                function,
                arguments,
            },
            place,
        )
    }

    fn aggregate_call(
        &mut self,
        function: AggregateFunction,
        call: &FunctionInvocation,
        place: &Expr,
    ) -> Result<LogicalExpr> {
        let name = function.name();
        // While an argument is bound no aggregate may stand in it.
        let Some(aggregates) = self.aggregates.take() else {
            let message = format!(
                "the aggregate `{name}()` can only stand in WITH and RETURN, and not within another"
            );
            return Err(self.source.invalid(message, place.span));
        };
        let argument = match &call.arguments[..] {
            [
                Expr {
                    kind: ExprKind::Wildcard,
                    ..
                },
            ] if function == AggregateFunction::Count => Ok(None),
            [argument] => self.expression(argument).map(Some),
            other => Err(self.source.invalid(
                format!("`{name}()` takes 1 argument, not {}", other.len()),
                place.span,
            )),
        };
        self.aggregates = Some(aggregates);
        let argument = argument?;
        if let Some(argument) = &argument {
            let ty = self.type_of(argument, &call.arguments[0])?;
            let numeric = matches!(function, AggregateFunction::Sum | AggregateFunction::Avg);
            if numeric && !ty.is_numeric() && ty != Type::Null {
                return Err(self
                    .source
                    .invalid(format!("`{name}()` needs numbers, not {ty}"), place.span));
            }
            if matches!(
                (function, &ty),
                (
                    AggregateFunction::Min | AggregateFunction::Max,
                    Type::Map(_) | Type::Incidence
                )
            ) {
                return Err(self.source.error(
                    ErrorKind::Unsupported,
                    format!("{name}() of {ty}"),
                    place.span,
                ));
            }
        }
        let distinct = call
            .quantifier
            .as_ref()
            .is_some_and(|quantifier| quantifier.kind == SetQuantifier::Distinct);
        // The greatest of different values is the greatest of all.
        let distinct =
            distinct && !matches!(function, AggregateFunction::Min | AggregateFunction::Max);
        let call = AggregateCall {
            function,
            argument,
            distinct,
        };
        let known = self
            .aggregates
            .iter()
            .flatten()
            .find(|(own, _)| own == &call)
            .map(|(_, name)| name.clone());
        let column = match known {
            Some(column) => column,
            None => {
                let column = self.internal_name("aggregate");
                self.aggregates
                    .get_or_insert_default()
                    .push((call, column.clone()));
                column
            }
        };
        Ok(LogicalExpr::Column(column))
    }
}
