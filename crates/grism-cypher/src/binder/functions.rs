//! Function calls: scalar functions, functions of entities, and aggregates.

use grism_core::{Result, Type, Value};
use grism_logical::{AggregateCall, AggregateFunction, LogicalExpr, ScalarFunction};

use super::{Binder, hint};
use crate::syntax::{Expr, ExprKind, FunctionCall};

/// Functions of other systems that Grism knows by name and does not have.
const ELSEWHERE: &[&str] = &["point", "distance", "point.distance", "length3d"];

/// A function that a query may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionInfo {
    /// Its name.
    pub name: String,
    /// Whether it aggregates rows.
    pub aggregates: bool,
    /// The smallest and the largest number of arguments.
    pub arity: (usize, usize),
    /// What it gives.
    pub description: &'static str,
}

/// The functions that a query may call, by name.
#[must_use]
pub fn functions() -> Vec<FunctionInfo> {
    let mut all: Vec<FunctionInfo> = Vec::new();
    for function in ScalarFunction::ALL {
        let of_list = function
            .name()
            .strip_prefix('#')
            .filter(|name| over_list(name).is_some());
        if function.name().starts_with('#') && of_list.is_none() {
            continue;
        }
        all.push(FunctionInfo {
            name: of_list.unwrap_or(function.name()).to_owned(),
            aggregates: of_list.is_some(),
            arity: function.arity(),
            description: function.description(),
        });
    }
    for function in AggregateFunction::ALL {
        all.push(FunctionInfo {
            name: function.name().to_owned(),
            aggregates: true,
            arity: (1, 1),
            description: function.description(),
        });
    }
    for (name, description) in [
        (
            "exists",
            "Whether a value is not null, or a pattern has a match.",
        ),
        (
            "timestamp",
            "Milliseconds since 1970 at the start of the statement.",
        ),
    ] {
        all.push(FunctionInfo {
            name: name.to_owned(),
            aggregates: false,
            arity: if name == "exists" { (1, 1) } else { (0, 0) },
            description,
        });
    }
    all.sort_by_key(|function| function.name.to_lowercase());
    all
}

/// Aggregates that are computed over a collected list.
fn over_list(name: &str) -> Option<(ScalarFunction, usize)> {
    Some(match name.to_ascii_lowercase().as_str() {
        "percentilecont" => (ScalarFunction::PercentileCont, 2),
        "percentiledisc" => (ScalarFunction::PercentileDisc, 2),
        "stdev" => (ScalarFunction::StDev, 1),
        "stdevp" => (ScalarFunction::StDevP, 1),
        _ => return None,
    })
}

/// Whether a function of this name aggregates.
pub(crate) fn is_aggregate(name: &str) -> bool {
    AggregateFunction::from_name(name).is_some() || over_list(name).is_some()
}

impl Binder<'_> {
    pub(super) fn function(&mut self, call: &FunctionCall, place: &Expr) -> Result<LogicalExpr> {
        let name = call.name.text.clone();
        if let Some(function) = AggregateFunction::from_name(&name) {
            return self.aggregate_call(function, call, place);
        }
        if let Some((function, arguments)) = over_list(&name) {
            return self.list_aggregate(function, arguments, call, place);
        }
        if let Some(distinct) = call.distinct {
            return Err(self.source.invalid(
                format!("`{name}()` does not aggregate: DISTINCT has no meaning"),
                distinct,
            ));
        }
        if call.star {
            let message = "`*` stands only in count(*) and RETURN *";
            return Err(self.source.invalid(message, place.span));
        }
        // `exists(n.prop)` and `exists((n)-->())`, as older Cypher writes them.
        if name.eq_ignore_ascii_case("exists") && call.arguments.len() == 1 {
            let bound = self.expression(&call.arguments[0])?;
            return Ok(match &call.arguments[0].kind {
                ExprKind::Pattern(_) => bound,
                _ => bound.unary(grism_logical::UnaryOperator::IsNotNull),
            });
        }
        if name.eq_ignore_ascii_case("timestamp") && call.arguments.is_empty() {
            self.volatile = true;
            let millis = LogicalExpr::call(
                ScalarFunction::Get,
                vec![
                    LogicalExpr::Literal(self.context.now.clone()),
                    LogicalExpr::Literal(Value::String("epochMillis".to_owned())),
                ],
            );
            let millis = (self.context.constant)(&millis)?;
            let millis = LogicalExpr::Literal(millis).convert(&Type::Any, &Type::Int64);
            return Ok(LogicalExpr::Literal((self.context.constant)(&millis)?));
        }
        // `date.statement()` and the like: one clock for the statement, which is what `date()` is too.
        let plain = ["transaction", "statement", "realtime"]
            .iter()
            .find_map(|clock| name.strip_suffix(&format!(".{clock}")));
        let Some(function) = ScalarFunction::from_name(plain.unwrap_or(&name)) else {
            let known = ScalarFunction::ALL
                .iter()
                .map(|function| function.name())
                .filter(|name| !name.starts_with('#'));
            let known = known.chain(AggregateFunction::ALL.map(AggregateFunction::name));
            let known = known.chain(["upper", "lower", "ceiling", "exists", "timestamp"]);
            if ELSEWHERE
                .iter()
                .any(|later| later.eq_ignore_ascii_case(&name))
            {
                return Err(self
                    .source
                    .unsupported(format!("the function {name}()"), call.name.span));
            }
            return Err(self
                .source
                .invalid(
                    format!("unknown function `{name}`{}", hint(&name, known)),
                    call.name.span,
                )
                .with_code("SyntaxError:UnknownFunction"));
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
            return Err(self
                .source
                .invalid(message, place.span)
                .with_code("SyntaxError:InvalidNumberOfArguments"));
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
                | ScalarFunction::StartNode
                | ScalarFunction::EndNode
                | ScalarFunction::Kind
                | ScalarFunction::Position
        ) {
            let role = match arguments.get(1) {
                None => None,
                Some(LogicalExpr::Literal(Value::String(role))) => Some(role.clone()),
                Some(_) => {
                    let role = arguments.swap_remove(1);
                    let role_type = self.type_of(&role, &call.arguments[1])?;
                    let role = role.convert(&role_type, &Type::Any);
                    let base = arguments.swap_remove(0);
                    let ty = self.type_of(&base, &call.arguments[0])?;
                    let bound = self.dynamic_function(function, base, &ty, vec![role]);
                    return self.typed(bound, place);
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
        if matches!(
            function,
            ScalarFunction::Date
                | ScalarFunction::LocalTime
                | ScalarFunction::Time
                | ScalarFunction::LocalDateTime
                | ScalarFunction::DateTime
        ) && arguments.is_empty()
        {
            // One clock for the whole statement.
            self.volatile = true;
            let now = LogicalExpr::Literal(self.context.now.clone());
            let now = (self.context.constant)(&LogicalExpr::call(function, vec![now]))?;
            return Ok(LogicalExpr::Literal(now));
        }
        self.typed(LogicalExpr::call(function, arguments), place)
    }

    /// The argument of an aggregate, in which no aggregate may stand.
    fn aggregated(
        &mut self,
        name: &str,
        call: &FunctionCall,
        place: &Expr,
    ) -> Result<Option<LogicalExpr>> {
        let Some(aggregates) = self.aggregates.take() else {
            let message = format!(
                "the aggregate `{name}()` can only stand in WITH and RETURN, and not within another"
            );
            return Err(self
                .source
                .invalid(message, place.span)
                .with_code("SyntaxError:InvalidAggregation"));
        };
        if !self.lambdas.is_empty() {
            self.aggregates = Some(aggregates);
            let message = format!("the aggregate `{name}()` cannot stand within a comprehension");
            return Err(self
                .source
                .invalid(message, place.span)
                .with_code("SyntaxError:InvalidAggregation"));
        }
        let argument = match &call.arguments[..] {
            _ if call.star && name == "count" => Ok(None),
            _ if call.star => {
                let message = "`*` stands only in count(*) and RETURN *";
                Err(self.source.invalid(message, place.span))
            }
            [argument, ..] => self.expression(argument).map(Some),
            [] => Err(self
                .source
                .invalid(format!("`{name}()` takes an argument"), place.span)
                .with_code("SyntaxError:InvalidNumberOfArguments")),
        };
        self.aggregates = Some(aggregates);
        argument
    }

    fn aggregate_call(
        &mut self,
        function: AggregateFunction,
        call: &FunctionCall,
        place: &Expr,
    ) -> Result<LogicalExpr> {
        let name = function.name();
        if call.arguments.len() > 1 {
            let message = format!("`{name}()` takes 1 argument, not {}", call.arguments.len());
            return Err(self
                .source
                .invalid(message, place.span)
                .with_code("SyntaxError:InvalidNumberOfArguments"));
        }
        let argument = self.aggregated(name, call, place)?;
        let distinct = is_distinct(call);
        let Some(argument) = argument else {
            let call = AggregateCall {
                function,
                argument: None,
                distinct: false,
            };
            return Ok(LogicalExpr::Column(self.aggregate_column(call)));
        };
        let ty = self.type_of(&argument, &call.arguments[0])?;
        let numeric = matches!(function, AggregateFunction::Sum | AggregateFunction::Avg);
        if numeric && !ty.is_numeric() && !matches!(ty, Type::Null | Type::Any) {
            return Err(self
                .source
                .invalid(format!("`{name}()` needs numbers, not {ty}"), place.span)
                .with_code("SyntaxError:InvalidArgumentType"));
        }
        if numeric && ty == Type::Any {
            let total = if function == AggregateFunction::Sum {
                ScalarFunction::SumOf
            } else {
                ScalarFunction::AvgOf
            };
            let list = self.collect(argument, &ty, distinct);
            return Ok(LogicalExpr::call(total, vec![list]));
        }
        if function == AggregateFunction::Collect {
            return Ok(self.collect(argument, &ty, distinct));
        }
        // The greatest of different values is the greatest of all.
        let distinct =
            distinct && !matches!(function, AggregateFunction::Min | AggregateFunction::Max);
        let call = AggregateCall {
            function,
            argument: Some(argument),
            distinct,
        };
        Ok(LogicalExpr::Column(self.aggregate_column(call)))
    }

    /// The list of the argument's values; different ones once where `distinct`.
    fn collect(&mut self, argument: LogicalExpr, ty: &Type, distinct: bool) -> LogicalExpr {
        // Values that are equal and yet differ are told apart by their keys, which the kernels do not see.
        let by_key = matches!(
            ty,
            Type::Any | Type::List(_) | Type::Map(_) | Type::Incidence | Type::Float64
        );
        let call = AggregateCall {
            function: AggregateFunction::Collect,
            argument: Some(argument),
            distinct: distinct && !by_key,
        };
        let list = LogicalExpr::Column(self.aggregate_column(call));
        if distinct && by_key {
            LogicalExpr::call(ScalarFunction::DistinctOf, vec![list])
        } else {
            list
        }
    }

    fn list_aggregate(
        &mut self,
        function: ScalarFunction,
        arguments: usize,
        call: &FunctionCall,
        place: &Expr,
    ) -> Result<LogicalExpr> {
        let name = function.name().trim_start_matches('#').to_owned();
        if call.arguments.len() != arguments {
            let message = format!(
                "`{name}()` takes {arguments} arguments, not {}",
                call.arguments.len()
            );
            return Err(self
                .source
                .invalid(message, place.span)
                .with_code("SyntaxError:InvalidNumberOfArguments"));
        }
        let argument = self.aggregated(&name, call, place)?;
        let argument = argument.unwrap_or(LogicalExpr::Literal(Value::Null));
        let ty = self.type_of(&argument, &call.arguments[0])?;
        if !ty.is_numeric() && !matches!(ty, Type::Null | Type::Any) {
            return Err(self
                .source
                .invalid(format!("`{name}()` needs numbers, not {ty}"), place.span)
                .with_code("SyntaxError:InvalidArgumentType"));
        }
        let mut bound = vec![self.collect(argument, &ty, is_distinct(call))];
        if let Some(at) = call.arguments.get(1) {
            bound.push(self.expression(at)?);
        }
        self.typed(LogicalExpr::call(function, bound), place)
    }

    fn aggregate_column(&mut self, call: AggregateCall) -> String {
        let known = self
            .aggregates
            .iter()
            .flatten()
            .find(|(own, _)| own == &call)
            .map(|(_, name)| name.clone());
        if let Some(column) = known {
            return column;
        }
        let column = self.internal_name("aggregate");
        self.aggregates
            .get_or_insert_default()
            .push((call, column.clone()));
        column
    }
}

fn is_distinct(call: &FunctionCall) -> bool {
    call.distinct.is_some()
}
