//! Where the entities of a value come from: of an expression over the element of a list, it is not the value that is read with
//! its contents but what the value is taken from.
//!
//! ```text
//! [i IN range(0, 2) | l[i].name]              l is read with contents below, and l[i] is one of its entities
//! [x IN l | CASE WHEN … THEN x ELSE y END]    the list l is, outside, and y
//! ```

use grism_core::{Type, Value, with_stack};
use grism_functions::{FunctionRef, GET, Passes};
use grism_logical::{LogicalExpr, infer_type};

use crate::binder::expression::binder::{ExpressionBinder, Lambda};
use crate::binder::expression::needs::Pending;

/// An expression that reads the variable of an enclosing comprehension, with the contents of the entities in its value,
/// `depth` levels deep. What is read is of any type then.
pub(super) fn read_sources(
    binder: &mut ExpressionBinder<'_, '_>,
    expression: LogicalExpr,
    depth: u8,
) -> LogicalExpr {
    if !binder.reads_lambda(&expression) {
        let ty = type_of(binder, &expression);
        return contents_below(binder, expression, &ty, depth);
    }
    match expression {
        LogicalExpr::Column(name) => {
            let mut lambdas = binder.lambdas.iter_mut().rev();
            match lambdas.find(|lambda| lambda.column == name) {
                Some(lambda) => {
                    lambda.depth = lambda.depth.max(depth);
                    LogicalExpr::Column(lambda.with_contents.clone().unwrap_or(name))
                }
                None => LogicalExpr::Column(name),
            }
        }
        LogicalExpr::Index { base, index } => LogicalExpr::Index {
            base: boxed(binder, *base, depth),
            index,
        },
        LogicalExpr::Slice { base, lower, upper } => LogicalExpr::Slice {
            base: boxed(binder, *base, depth),
            lower,
            upper,
        },
        LogicalExpr::Field { base, key } => {
            if !matches!(type_of(binder, &base), Type::Map(_)) {
                return LogicalExpr::Field { base, key };
            }
            let base = read_sources(binder, *base, depth);
            let key = LogicalExpr::Literal(Value::String(key));
            LogicalExpr::call(&GET, vec![base, key])
        }
        LogicalExpr::Case {
            branches,
            otherwise,
        } => LogicalExpr::Case {
            branches: branches
                .into_iter()
                .map(|(when, then)| (when, read_sources(binder, then, depth)))
                .collect(),
            otherwise: otherwise.map(|other| boxed(binder, *other, depth)),
        },
        LogicalExpr::Convert { operand, .. } => {
            let ty = Type::Any;
            let operand = boxed(binder, *operand, depth);
            LogicalExpr::Convert { operand, ty }
        }
        LogicalExpr::List(items) => LogicalExpr::List(each(binder, items, depth)),
        LogicalExpr::Map(entries) => LogicalExpr::Map(
            entries
                .into_iter()
                .map(|own| read_sources(binder, own.expression, depth).named(own.name))
                .collect(),
        ),
        LogicalExpr::Arithmetic { first, rest } => LogicalExpr::Arithmetic {
            first: boxed(binder, *first, depth),
            rest: rest
                .into_iter()
                .map(|(operator, operand)| (operator, read_sources(binder, operand, depth)))
                .collect(),
        },
        LogicalExpr::Function {
            function,
            arguments,
        } => of_function(binder, function, arguments, depth),
        LogicalExpr::Transform { .. } => of_comprehension(binder, expression, depth),
        LogicalExpr::Reduce { .. } => of_reduce(binder, expression, depth),
        // No entity is in its value.
        other => other,
    }
}

/// An expression over the rows alone, dynamically typed, with the contents of every entity within it: an operator below adds
/// them. One without an entity stays as it is.
pub(super) fn contents_below(
    binder: &mut ExpressionBinder<'_, '_>,
    expression: LogicalExpr,
    ty: &Type,
    depth: u8,
) -> LogicalExpr {
    if !ty.may_hold_entity() {
        return expression;
    }
    let expression = expression.convert(ty, &Type::Any);
    if let Some(name) = binder.needs.hydrated(&expression, depth) {
        return LogicalExpr::column(name);
    }
    let name = binder.notes.fresh("contents");
    binder
        .needs
        .pend(Pending::Hydrate(expression.named(&name), depth));
    LogicalExpr::Column(name)
}

fn boxed(
    binder: &mut ExpressionBinder<'_, '_>,
    expression: LogicalExpr,
    depth: u8,
) -> Box<LogicalExpr> {
    Box::new(with_stack(|| read_sources(binder, expression, depth)))
}

fn each(
    binder: &mut ExpressionBinder<'_, '_>,
    expressions: Vec<LogicalExpr>,
    depth: u8,
) -> Vec<LogicalExpr> {
    let expressions = expressions.into_iter();
    expressions.map(|own| *boxed(binder, own, depth)).collect()
}

/// The type of an expression that is bound; any type where that does not show.
fn type_of(binder: &ExpressionBinder<'_, '_>, expression: &LogicalExpr) -> Type {
    let columns = binder.columns_within();
    let ty = columns.and_then(|columns| infer_type(expression, &columns));
    ty.unwrap_or(Type::Any)
}

fn of_function(
    binder: &mut ExpressionBinder<'_, '_>,
    function: FunctionRef,
    mut arguments: Vec<LogicalExpr>,
    depth: u8,
) -> LogicalExpr {
    let passes = function.passes();
    let depth = match passes {
        // Its value is one level of members below the entity.
        Passes::MembersOfFirst => depth.saturating_add(1),
        _ => depth,
    };
    match passes {
        Passes::Nothing => {}
        Passes::All => arguments = each(binder, arguments, depth),
        Passes::First | Passes::MembersOfFirst => {
            if let Some(first) = arguments.first_mut() {
                let own = std::mem::replace(first, LogicalExpr::Literal(Value::Null));
                *first = *boxed(binder, own, depth);
            }
        }
    }
    LogicalExpr::call(function, arguments)
}

/// A variable that a bound expression binds itself: `column` stands for its value as it is, and another column for the value
/// with contents.
fn own_variable(binder: &mut ExpressionBinder<'_, '_>, column: &str, ty: Type) -> String {
    let with_contents = binder.notes.fresh("element");
    binder.lambdas.push(Lambda {
        name: String::new(),
        column: column.to_owned(),
        ty,
        depth: 0,
        with_contents: Some(with_contents.clone()),
    });
    with_contents
}

/// The expression over the variable's value with contents, where what reads the value as it is gets it back as it was.
fn over_contents(
    expression: LogicalExpr,
    column: &str,
    with_contents: &str,
    ty: &Type,
) -> LogicalExpr {
    expression.transform(&mut |node| match node {
        LogicalExpr::Column(own) if own == column => {
            LogicalExpr::column(with_contents).convert(&Type::Any, ty)
        }
        other => other,
    })
}

fn element_type(list: &Type) -> Type {
    match list {
        Type::List(item) => (**item).clone(),
        _ => Type::Any,
    }
}

fn of_comprehension(
    binder: &mut ExpressionBinder<'_, '_>,
    expression: LogicalExpr,
    depth: u8,
) -> LogicalExpr {
    let LogicalExpr::Transform {
        list,
        variable,
        predicate,
        projection,
    } = expression
    else {
        return expression;
    };
    let item = element_type(&type_of(binder, &list));
    let read = own_variable(binder, &variable, item.clone());
    let (projection, asked) = match projection {
        Some(projection) => {
            let projection = read_sources(binder, *projection, depth);
            let asked = binder.lambdas.pop().map_or(0, |own| own.depth);
            (Some(projection), asked)
        }
        None => {
            binder.lambdas.pop();
            (None, depth)
        }
    };
    if asked == 0 {
        return LogicalExpr::Transform {
            list,
            variable,
            predicate,
            projection: projection.map(Box::new),
        };
    }
    let over = |own: LogicalExpr| Box::new(over_contents(own, &variable, &read, &item));
    LogicalExpr::Transform {
        predicate: predicate.map(|own| over(*own)),
        projection: projection.map(over),
        list: boxed(binder, *list, asked),
        variable: read,
    }
}

fn of_reduce(
    binder: &mut ExpressionBinder<'_, '_>,
    expression: LogicalExpr,
    depth: u8,
) -> LogicalExpr {
    let LogicalExpr::Reduce {
        accumulator,
        initial,
        variable,
        list,
        step,
        ty,
    } = expression
    else {
        return expression;
    };
    let item = element_type(&type_of(binder, &list));
    let read_value = own_variable(binder, &accumulator, ty.clone());
    let read_element = own_variable(binder, &variable, item.clone());
    let mut step = read_sources(binder, *step, depth);
    let asked = binder.lambdas.pop().map_or(0, |own| own.depth);
    binder.lambdas.pop();
    step = over_contents(step, &accumulator, &read_value, &ty);
    let (list, variable) = match asked {
        0 => (list, variable),
        asked => {
            step = over_contents(step, &variable, &read_element, &item);
            (boxed(binder, *list, asked), read_element)
        }
    };
    LogicalExpr::Reduce {
        accumulator: read_value,
        initial: boxed(binder, *initial, depth),
        variable,
        list,
        step: Box::new(step),
        ty: Type::Any,
    }
}
