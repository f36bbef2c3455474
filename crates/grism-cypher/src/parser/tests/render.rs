//! Trees as short texts, so that a test compares what was parsed with one line.
//!
//! A chain of operators stands in parentheses, parentheses of the input are `paren(…)`, and what is left out in the input is
//! left out here. The text shows how the parser grouped its tokens, and is not meant to be parsed.

use crate::statement::StatementKind;
use crate::syntax::{
    CaseExpression, Clause, ClauseKind, Direction, Expr, ExprKind, FunctionCall, Imports,
    InfixOperator, IsPredicate, LabelExpression, LabelKind, ListComprehension, Literal, LoadForm,
    MapEntry, MapProjectionItem, MergeTrigger, NodePattern, PathElement, PathElementKind,
    PathPattern, Pattern, PatternComprehension, PrefixOperator, Projection, ProjectionItemKind,
    Quantified, Quantifier, Query, Reduce, RelationshipPattern, RemoveItemKind, Selector, SetItem,
    SetItemKind, SubqueryClause,
};

use super::super::parse_input;

/// The expression that a query returns, as a text.
pub(crate) fn expression(text: &str) -> String {
    clauses(&format!("RETURN {text}"))
        .strip_prefix("RETURN ")
        .unwrap_or_default()
        .to_owned()
}

/// The clauses of a query, as a text; an error where the text is not a query.
pub(crate) fn clauses(text: &str) -> String {
    match statement(text) {
        Ok(StatementKind::Query(parsed)) => query(parsed.syntax()),
        Ok(StatementKind::Explain { query: parsed, .. }) => {
            format!("EXPLAIN {}", query(parsed.syntax()))
        }
        Ok(other) => format!("no query but {other:?}"),
        Err(message) => format!("error: {message}"),
    }
}

/// The one statement of an input.
pub(crate) fn statement(text: &str) -> Result<StatementKind, String> {
    let mut statements = parse_input(text).map_err(|error| error.message().to_owned())?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement.kind),
        _ => Err("several statements".to_owned()),
    }
}

/// The message of an input that is refused.
pub(crate) fn failure(text: &str) -> String {
    match parse_input(text) {
        Ok(statements) => format!("no failure but {statements:?}"),
        Err(error) => error.message().to_owned(),
    }
}

fn query(query: &Query) -> String {
    let mut text = all(&query.head.clauses, " ", clause);
    for union in &query.unions {
        let all_rows = if union.all { "UNION ALL" } else { "UNION" };
        text = format!(
            "{text} {all_rows} {}",
            all(&union.query.clauses, " ", clause)
        );
    }
    text
}

fn clause(clause: &Clause) -> String {
    match &clause.kind {
        ClauseKind::Match(matched) => {
            let word = if matched.optional {
                "OPTIONAL MATCH"
            } else {
                "MATCH"
            };
            let predicate = prefixed(" WHERE ", &matched.predicate, expr);
            format!("{word} {}{predicate}", pattern(&matched.pattern))
        }
        ClauseKind::Unwind(unwind) => {
            format!(
                "UNWIND {} AS {}",
                expr(&unwind.expression),
                unwind.variable.text
            )
        }
        ClauseKind::With(with) => {
            let predicate = prefixed(" WHERE ", &with.predicate, expr);
            format!("WITH {}{predicate}", projection(&with.projection))
        }
        ClauseKind::Return(returned) => format!("RETURN {}", projection(returned)),
        ClauseKind::Call(call) => {
            let word = if call.optional {
                "OPTIONAL CALL"
            } else {
                "CALL"
            };
            let arguments = prefixed("", &call.target.arguments, |own| {
                format!("({})", all(own, ", ", expr))
            });
            let yields = prefixed(" YIELD ", &call.yields, |own| {
                let items = own.items.as_ref().map_or("*".to_owned(), |items| {
                    all(items, ", ", |item| {
                        let alias = prefixed(" AS ", &item.alias, |name| name.text.clone());
                        format!("{}{alias}", item.column.text)
                    })
                });
                format!("{items}{}", prefixed(" WHERE ", &own.predicate, expr))
            });
            format!("{word} {}{arguments}{yields}", call.target.name.text)
        }
        ClauseKind::Subquery(own) => subquery_clause(own),
        ClauseKind::LoadRows(load) => {
            let (source, name) = (expr(&load.source), &load.variable.text);
            match &load.form {
                LoadForm::Csv {
                    headers,
                    terminator,
                } => {
                    let headers = if *headers { " WITH HEADERS" } else { "" };
                    let end = prefixed(" FIELDTERMINATOR ", terminator, |(text, _)| {
                        format!("{text:?}")
                    });
                    format!("LOAD CSV{headers} FROM {source} AS {name}{end}")
                }
                LoadForm::Rows(options) if options.is_empty() => {
                    format!("LOAD FROM {source} AS {name}")
                }
                LoadForm::Rows(options) => {
                    let options = all(options, ", ", |option| {
                        let column = option.column.as_ref();
                        let column = column.map_or(String::new(), |name| format!(" `{name}`"));
                        format!("{}{column} {:?}", option.name, option.value)
                    });
                    format!("LOAD FROM {source} ({options}) AS {name}")
                }
            }
        }
        ClauseKind::Create(created) => format!("CREATE {}", pattern(created)),
        ClauseKind::Merge(merge) => {
            let actions = all(&merge.actions, "", |action| {
                let trigger = match action.trigger {
                    MergeTrigger::Create => "CREATE",
                    MergeTrigger::Match => "MATCH",
                };
                format!(" ON {trigger} SET {}", all(&action.items, ", ", set_item))
            });
            format!("MERGE {}{actions}", path(&merge.path))
        }
        ClauseKind::Set(items) => format!("SET {}", all(items, ", ", set_item)),
        ClauseKind::Remove(items) => {
            let items = all(items, ", ", |item| match &item.kind {
                RemoveItemKind::Property(target) => expr(target),
                RemoveItemKind::Labels { target, labels } => {
                    format!("{}:{}", target.text, label(labels))
                }
            });
            format!("REMOVE {items}")
        }
        ClauseKind::Delete(delete) => {
            let word = if delete.detach {
                "DETACH DELETE"
            } else {
                "DELETE"
            };
            format!("{word} {}", all(&delete.expressions, ", ", expr))
        }
        ClauseKind::Foreach(foreach) => {
            let (name, list) = (&foreach.variable.text, expr(&foreach.list));
            let body = all(&foreach.clauses, " ", self::clause);
            format!("FOREACH({name} IN {list} | {body})")
        }
    }
}

fn subquery_clause(own: &SubqueryClause) -> String {
    let word = if own.optional {
        "OPTIONAL CALL"
    } else {
        "CALL"
    };
    let imports = prefixed(" ", &own.imports, |imports| match imports {
        Imports::All => "(*)".to_owned(),
        Imports::Names(names) => format!("({})", all(names, ", ", |name| name.text.clone())),
    });
    let batches = prefixed(" IN TRANSACTIONS", &own.transactions, |own| {
        prefixed(" OF ", &own.rows, |rows| format!("{} ROWS", expr(rows)))
    });
    format!("{word}{imports} {{{}}}{batches}", query(&own.query))
}

fn projection(projection: &Projection) -> String {
    let distinct = if projection.distinct { "DISTINCT " } else { "" };
    let items = all(&projection.items, ", ", |item| match &item.kind {
        ProjectionItemKind::Wildcard => "*".to_owned(),
        ProjectionItemKind::Expression { expression, alias } => {
            let alias = prefixed(" AS ", alias, |name| name.text.clone());
            format!("{}{alias}", expr(expression))
        }
    });
    let order = all(&projection.order_by, ", ", |item| {
        let nulls = match item.nulls_first {
            Some(true) => " NULLS FIRST",
            Some(false) => " NULLS LAST",
            None => "",
        };
        let descending = if item.descending { " DESC" } else { "" };
        format!("{}{descending}{nulls}", expr(&item.expression))
    });
    let order = if order.is_empty() {
        order
    } else {
        format!(" ORDER BY {order}")
    };
    let skip = prefixed(" SKIP ", &projection.skip, expr);
    let limit = prefixed(" LIMIT ", &projection.limit, expr);
    format!("{distinct}{items}{order}{skip}{limit}")
}

fn set_item(item: &SetItem) -> String {
    match &item.kind {
        SetItemKind::Property { target, value } => format!("{} = {}", expr(target), expr(value)),
        SetItemKind::ReplaceProperties { target, value } => {
            format!("{} = all {}", target.text, expr(value))
        }
        SetItemKind::MergeProperties { target, value } => {
            format!("{} += {}", target.text, expr(value))
        }
        SetItemKind::Labels { target, labels } => format!("{}:{}", target.text, label(labels)),
    }
}

fn pattern(pattern: &Pattern) -> String {
    all(&pattern.paths, ", ", path)
}

fn path(path: &PathPattern) -> String {
    let variable = path.variable.as_ref();
    let variable = variable.map_or(String::new(), |name| format!("{} = ", name.text));
    let selector = path
        .selector
        .map_or(String::new(), |(selector, _)| match selector {
            Selector::All => "ALL ".to_owned(),
            Selector::Any(count) => format!("ANY {count} "),
            Selector::AnyShortest => "ANY SHORTEST ".to_owned(),
            Selector::AllShortest => "ALL SHORTEST ".to_owned(),
            Selector::Shortest(count) => format!("SHORTEST {count} "),
            Selector::ShortestGroups(count) => format!("SHORTEST {count} GROUPS "),
        });
    let mode = path
        .mode
        .map_or(String::new(), |(mode, _)| format!("{} ", mode.as_str()));
    format!(
        "{variable}{selector}{mode}{}",
        all(&path.elements, "", element)
    )
}

fn element(element: &PathElement) -> String {
    match &element.kind {
        PathElementKind::Node(own) => format!("({})", node(own)),
        PathElementKind::Relationship(own) => relationship(own),
        PathElementKind::Group(group) => {
            let predicate = prefixed(" WHERE ", &group.predicate, expr);
            let repeated = prefixed("", &group.quantifier, quantifier);
            format!("group({}{predicate}){repeated}", path(&group.path))
        }
        PathElementKind::Shortest { all, path: own } => {
            let word = if *all {
                "allShortestPaths"
            } else {
                "shortestPath"
            };
            format!("{word}({})", path(own))
        }
    }
}

fn node(own: &NodePattern) -> String {
    let name = prefixed("", &own.variable, |name| name.text.clone());
    let labels = prefixed(":", &own.labels, label);
    let properties = prefixed(" ", &own.properties, expr);
    let predicate = prefixed(" WHERE ", &own.predicate, expr);
    format!("{name}{labels}{properties}{predicate}")
}

fn relationship(own: &RelationshipPattern) -> String {
    let name = prefixed("", &own.variable, |name| name.text.clone());
    let labels = prefixed(":", &own.labels, label);
    let properties = prefixed(" ", &own.properties, expr);
    let predicate = prefixed(" WHERE ", &own.predicate, expr);
    let (left, right) = match own.direction {
        Direction::Right => ("-", "->"),
        Direction::Left => ("<-", "-"),
        Direction::Either => ("-", "-"),
    };
    let repeated = prefixed("", &own.quantifier, quantifier);
    format!("{left}[{name}{labels}{properties}{predicate}]{right}{repeated}")
}

fn quantifier(own: &Quantifier) -> String {
    let most = own.most.map_or(String::new(), |most| most.to_string());
    format!("{{{},{most}}}", own.least)
}

fn label(own: &LabelExpression) -> String {
    match &own.kind {
        LabelKind::Name(name) => name.text.clone(),
        LabelKind::Wildcard => "%".to_owned(),
        LabelKind::Not(inner) => format!("!{}", label(inner)),
        LabelKind::And(parts) => format!("({})", all(parts, " & ", label)),
        LabelKind::Or(parts) => format!("({})", all(parts, " | ", label)),
    }
}

fn expr(own: &Expr) -> String {
    match &own.kind {
        ExprKind::Literal(literal) => self::literal(literal),
        ExprKind::Variable(name) => name.text.clone(),
        ExprKind::Parameter(name) => format!("${name}"),
        ExprKind::Parenthesized(inner) => format!("paren({})", expr(inner)),
        ExprKind::List(items) => format!("[{}]", all(items, ", ", expr)),
        ExprKind::Map(entries) => format!("{{{}}}", all(entries, ", ", entry)),
        ExprKind::Prefix { operator, operand } => match operator {
            PrefixOperator::Not => format!("(NOT {})", expr(operand)),
            PrefixOperator::Plus => format!("(+{})", expr(operand)),
            PrefixOperator::Minus => format!("(-{})", expr(operand)),
        },
        ExprKind::Chain { first, rest } => {
            let rest = all(rest, "", |link| {
                format!(" {} {}", operator(link.operator), expr(&link.operand))
            });
            format!("({}{rest})", expr(first))
        }
        ExprKind::Is {
            operand,
            negated,
            predicate,
        } => {
            let not = if *negated { "NOT " } else { "" };
            let what = match predicate {
                IsPredicate::Null => "NULL".to_owned(),
                IsPredicate::Labels(labels) => label(labels),
            };
            format!("({} IS {not}{what})", expr(operand))
        }
        ExprKind::Property { base, key } => format!("{}.{}", expr(base), key.text),
        ExprKind::Index { base, index } => format!("{}[{}]", expr(base), expr(index)),
        ExprKind::Slice { base, lower, upper } => {
            let (lower, upper) = (
                prefixed("", lower, |own| expr(own)),
                prefixed("", upper, |own| expr(own)),
            );
            format!("{}[{lower}..{upper}]", expr(base))
        }
        ExprKind::Function(call) => function(call),
        ExprKind::Case(case) => self::case(case),
        ExprKind::MapProjection(own) => {
            let items = all(&own.items, ", ", |item| match item {
                MapProjectionItem::Property(name) => format!(".{}", name.text),
                MapProjectionItem::Variable(name) => name.text.clone(),
                MapProjectionItem::Entry(own) => entry(own),
                MapProjectionItem::AllProperties => ".*".to_owned(),
            });
            format!("{}{{{items}}}", expr(&own.base))
        }
        ExprKind::ListComprehension(own) => list_comprehension(own),
        ExprKind::PatternComprehension(own) => pattern_comprehension(own),
        ExprKind::Quantified(own) => quantified(own),
        ExprKind::Reduce(own) => reduce(own),
        ExprKind::Subquery(own) => format!("{} {{{}}}", own.kind.name(), query(&own.query)),
        ExprKind::Pattern(own) => format!("pattern({})", path(own)),
    }
}

fn literal(own: &Literal) -> String {
    match own {
        Literal::Null => "NULL".to_owned(),
        Literal::Bool(true) => "TRUE".to_owned(),
        Literal::Bool(false) => "FALSE".to_owned(),
        Literal::Integer { digits, radix: 10 } => digits.clone(),
        Literal::Integer { digits, radix } => format!("{digits}#{radix}"),
        Literal::Float(digits) => format!("float {digits}"),
        Literal::String(text) => format!("{text:?}"),
    }
}

fn function(call: &FunctionCall) -> String {
    let distinct = if call.distinct.is_some() {
        "DISTINCT "
    } else {
        ""
    };
    let arguments = match call.star {
        true => "*".to_owned(),
        false => all(&call.arguments, ", ", expr),
    };
    format!("{}({distinct}{arguments})", call.name.text)
}

fn case(own: &CaseExpression) -> String {
    let operand = prefixed(" ", &own.operand, |own| expr(own));
    let alternatives = all(&own.alternatives, "", |alternative| {
        let (when, then) = (all(&alternative.when, ", ", expr), expr(&alternative.then));
        format!(" WHEN {when} THEN {then}")
    });
    let otherwise = prefixed(" ELSE ", &own.otherwise, |own| expr(own));
    format!("CASE{operand}{alternatives}{otherwise} END")
}

fn list_comprehension(own: &ListComprehension) -> String {
    let predicate = prefixed(" WHERE ", &own.predicate, |own| expr(own));
    let projection = prefixed(" | ", &own.projection, |own| expr(own));
    format!(
        "[{} IN {}{predicate}{projection}]",
        own.variable.text,
        expr(&own.list)
    )
}

fn pattern_comprehension(own: &PatternComprehension) -> String {
    let predicate = prefixed(" WHERE ", &own.predicate, expr);
    format!(
        "[{}{predicate} | {}]",
        path(&own.pattern),
        expr(&own.projection)
    )
}

fn quantified(own: &Quantified) -> String {
    let (name, list, predicate) = (&own.variable.text, expr(&own.list), expr(&own.predicate));
    format!(
        "{}({name} IN {list} WHERE {predicate})",
        own.quantifier.as_str()
    )
}

fn reduce(own: &Reduce) -> String {
    let (accumulator, initial) = (&own.accumulator.text, expr(&own.initial));
    let (name, list, step) = (&own.variable.text, expr(&own.list), expr(&own.step));
    format!("reduce({accumulator} = {initial}, {name} IN {list} | {step})")
}

fn entry(own: &MapEntry) -> String {
    format!("{}: {}", own.key.text, expr(&own.value))
}

const fn operator(operator: InfixOperator) -> &'static str {
    use InfixOperator as Op;
    match operator {
        Op::Or => "OR",
        Op::Xor => "XOR",
        Op::And => "AND",
        Op::Equal => "=",
        Op::NotEqual => "<>",
        Op::Less => "<",
        Op::LessOrEqual => "<=",
        Op::Greater => ">",
        Op::GreaterOrEqual => ">=",
        Op::RegexMatch => "=~",
        Op::In => "IN",
        Op::StartsWith => "STARTS WITH",
        Op::EndsWith => "ENDS WITH",
        Op::Contains => "CONTAINS",
        Op::Add => "+",
        Op::Subtract => "-",
        Op::Multiply => "*",
        Op::Divide => "/",
        Op::Remainder => "%",
        Op::Power => "^",
    }
}

fn all<T>(items: &[T], between: &str, show: impl Fn(&T) -> String) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(between)
}

fn prefixed<T>(before: &str, part: &Option<T>, show: impl Fn(&T) -> String) -> String {
    part.as_ref()
        .map_or(String::new(), |part| format!("{before}{}", show(part)))
}
