//! Long inputs: the time grows with the length and not with its square, and no stack overflows, in parsing or in dropping.

use std::time::{Duration, Instant};

use super::super::parse_input;
use super::fuzz::limit;

/// The stack of a thread that Rust starts.
const STACK: usize = 2 << 20;

/// Bytes of a long input: a megabyte, or less where the code is not optimized.
const LONG: usize = if cfg!(debug_assertions) {
    100_000
} else {
    1_000_000
};

/// The time that the thread has computed, so that other work of the machine is not counted; where the system does not tell,
/// the time that has passed.
fn computed(start: Instant) -> Duration {
    let status = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = status.split(' ').next().and_then(|text| text.parse().ok());
    nanoseconds.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

/// Runs on a stack of 2 MiB, and gives the shortest time of three.
fn time(text: &str) -> (Duration, Result<usize, String>) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let run = thread.spawn_scoped(scope, || {
            let mut shortest = Duration::MAX;
            let mut outcome = Ok(0);
            let start = Instant::now();
            for _ in 0..3 {
                let before = computed(start);
                let parsed = parse_input(text);
                outcome = match parsed {
                    Ok(statements) => Ok(statements.len()),
                    Err(error) => Err(error.message().to_owned()),
                };
                shortest = shortest.min(computed(start).saturating_sub(before));
            }
            (shortest, outcome)
        });
        run.expect("a thread").join().expect("the parser")
    })
}

/// `unit` as often as fits into a long input, between two texts.
fn long(before: &str, unit: &str, after: &str) -> String {
    let count = LONG / unit.len();
    format!("{before}{}{after}", unit.repeat(count))
}

/// Pieces that differ.
fn numbered(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

/// So many times `open`, a middle and so many times `close`.
fn nested(before: &str, open: &str, middle: &str, close: &str, count: usize) -> String {
    format!(
        "{before}{}{middle}{}",
        open.repeat(count),
        close.repeat(count)
    )
}

#[test]
fn a_long_query_parses_in_linear_time() {
    let row = "{id: 12345, name: 'a name of a row', score: 0.75, tags: ['x', 'y']}, ";
    let texts = [
        (
            "UNWIND of a list of maps",
            long("UNWIND [", row, "{id: 1}] AS row RETURN row"),
        ),
        (
            "a chain of OR",
            long(
                "MATCH (n) WHERE ",
                "n.name = 'some name' OR ",
                "n.x RETURN n",
            ),
        ),
        ("a chain of +", long("RETURN 1", " + 1", "")),
        (
            "many MATCH",
            long("", "MATCH (a:Person {id: 7})-[:KNOWS]->(b) ", "RETURN 1"),
        ),
        (
            "a big CREATE",
            long(
                "CREATE ",
                "(:Person {id: 7, name: 'Ada'})-[:KNOWS]->(:City), ",
                "(x)",
            ),
        ),
        (
            "many WITH",
            long("", "WITH 1 AS a, 2 AS b WHERE a < b ", "RETURN 1"),
        ),
        (
            "many UNION",
            long("", "RETURN 1 AS x UNION ALL ", "RETURN 2 AS x"),
        ),
    ];
    let mut slow = Vec::new();
    for (title, text) in texts {
        let (took, outcome) = time(&text);
        println!("{title}: {} bytes in {took:?}", text.len());
        assert!(outcome.is_ok(), "{title}: {outcome:?}");
        if took > Duration::from_millis(100) {
            slow.push(title);
        }
    }
    assert!(cfg!(debug_assertions) || slow.is_empty(), "slow: {slow:?}");
}

#[test]
fn no_input_takes_time_that_grows_with_its_square() {
    let name = "a".repeat(LONG);
    let texts = [
        ("NOT", long("RETURN ", "NOT ", "true")),
        ("minus signs", long("RETURN ", "-", "1")),
        ("minus signs apart", long("RETURN 1", " - ", "1")),
        ("differences", long("RETURN 1", "-1", "")),
        ("products", long("RETURN 1", "*1", "")),
        ("powers", long("RETURN 1", "^1", "")),
        ("properties", long("RETURN a", ".b", "")),
        (
            "properties in lists",
            long("RETURN [", "a.b.c.d.e.f.g.h,", "1]"),
        ),
        ("a name of a function", long("RETURN a", ".b", "(1)")),
        ("a name of a procedure", long("CALL a", ".b", "()")),
        ("subscripts", long("RETURN a", "[0]", "")),
        ("open parentheses", long("RETURN ", "(", "")),
        ("open brackets", long("RETURN ", "[", "")),
        ("open braces", long("RETURN ", "{a:", "")),
        ("mixed open brackets", long("RETURN ", "([{", "")),
        ("closing parentheses", long("RETURN 1", ")", "")),
        ("parentheses in a row", long("RETURN ", "()", "")),
        ("parentheses with arrows", long("RETURN ", "()-", "()")),
        ("a path", long("MATCH (a)", "-[:R]->()", " RETURN a")),
        ("a predicate of a path", long("RETURN (a)", "-[:R]->()", "")),
        (
            "groups of a predicate",
            long("RETURN (a)", "((b)-->(c))+", "()"),
        ),
        ("groups behind nodes", long("RETURN ", "(a)((b)", "")),
        ("comprehensions", long("RETURN ", "[x IN ", "")),
        ("bars", long("RETURN [x IN l ", "| x ", "]")),
        ("labels", long("MATCH (n", ":A", ") RETURN n")),
        ("label negations", long("MATCH (n:", "!", "A) RETURN n")),
        ("label disjunctions", long("MATCH (n:A", "|A", ") RETURN n")),
        ("label tests", long("RETURN [", "n:A,", "1]")),
        ("case as names", long("RETURN ", "case ", "")),
        ("case with signs", long("RETURN ", "case - ", "1")),
        ("case in lists", long("RETURN [", "case, ", "1]")),
        ("case as a function", long("RETURN [", "case(1), ", "1]")),
        ("CASE WHEN", long("RETURN ", "CASE WHEN ", "1")),
        (
            "case as operands of CASE",
            long(
                "RETURN [x IN l | ",
                "CASE case WHEN 1, 2 THEN 3 END + ",
                "1]",
            ),
        ),
        (
            "CASE in a row in a list",
            long("RETURN [x IN l | ", "case case when ", "1, 2]"),
        ),
        (
            "when as operands of CASE",
            long("RETURN ", "CASE when + ", "1"),
        ),
        (
            "values of an alternative of CASE",
            long("RETURN [x IN l | CASE x WHEN 1", ", 1", " THEN 2 END]"),
        ),
        ("brackets with commas", long("RETURN ", "[x IN y, ", "")),
        ("brackets with bars", long("RETURN ", "[((a)), n:A|B, ", "")),
        (
            "alternatives of CASE",
            long("RETURN CASE ", "WHEN 1 THEN 2 ", "END"),
        ),
        ("exists", long("RETURN ", "EXISTS {", "")),
        ("subqueries", long("", "CALL {", "")),
        ("FOREACH", long("", "FOREACH (x IN l | ", "")),
        ("groups of patterns", long("MATCH ", "((", "")),
        ("semicolons", long("", ";", "RETURN 1")),
        ("EXPLAIN", long("", "EXPLAIN ", "RETURN 1")),
        ("white space", long("RETURN 1", " ", "")),
        ("lines", long("RETURN 1", "\n", " x y")),
        ("a remark", long("RETURN 1 /*", "*", "/")),
        ("a remark of lines", long("RETURN 1 ", "// x\n", "")),
        ("remarks", long("RETURN 1 ", "/**/", "")),
        ("an open remark", long("RETURN 1 ", "/*", "")),
        ("an open text", long("RETURN '", "a\\'", "")),
        ("an open name", long("RETURN `", "``", "")),
        ("a text", long("RETURN '", "\\u0041", "'")),
        ("a name", format!("RETURN {name} AS {name}")),
        ("an unknown word", format!("{name} RETURN 1")),
        ("a number", format!("RETURN {}", "1".repeat(LONG))),
        (
            "a number with a letter",
            format!("RETURN {}x", "1".repeat(LONG)),
        ),
        (
            "a number with underscores",
            format!("RETURN 1{}", "_".repeat(LONG)),
        ),
        ("numbers with dots", long("RETURN 1", ".1", "")),
        ("an option of COPY", format!("COPY A FROM 'a' ({name} 1)")),
        (
            "an option of EXPLAIN",
            format!("EXPLAIN ({name} true) RETURN 1"),
        ),
        (
            "a format of EXPLAIN",
            format!("EXPLAIN (FORMAT {name}) RETURN 1"),
        ),
        (
            "an option of an index",
            format!("CREATE INDEX FOR (n:A) ON (n.b) OPTIONS {{{name}: 1}}"),
        ),
        (
            "a variable of an index",
            format!("CREATE INDEX FOR (n:A) ON ({name}.b)"),
        ),
        ("a list of SHOW", format!("SHOW {name}")),
        (
            "hops",
            format!("MATCH ()-[*{}]->() RETURN 1", "9".repeat(LONG)),
        ),
        ("many statements", long("", "RETURN 1 AS x;", "")),
        ("aggregates beside columns", {
            let columns = numbered(LONG / 40, |own| format!("a.b{own}, "));
            let sums = numbered(LONG / 40, |own| format!("count(*) + a.b{own}, "));
            format!("RETURN {columns}{sums}1")
        }),
        ("an order by aggregates", {
            let items = numbered(LONG / 40, |own| format!("count(a.b{own}), "));
            format!("RETURN {items}1 ORDER BY {items}1")
        }),
        ("an order by sums of aggregates", {
            let items = numbered(LONG / 40, |own| format!("count(a.b{own}), "));
            let order = numbered(LONG / 40, |own| format!("count(a.b{own}) + 1, "));
            format!("RETURN {items}1 ORDER BY {order}1")
        }),
        (
            "aggregates in aggregates",
            nested("RETURN ", "count([1, 2, 3, ", "1", "])", 60),
        ),
        (
            "an empty text between quotes",
            long("RETURN [", "'',", "1]"),
        ),
        ("map projections", long("RETURN a", "{.b}", "")),
        ("EXISTS in lists", long("RETURN [", "EXISTS {(a)},", "1]")),
        ("a chain of comparisons", long("RETURN 1", " < 1", "")),
        ("IS NULL", long("RETURN 1", " IS NULL", "")),
        ("ORDER BY", long("RETURN 1 ORDER BY 1", ", 1 DESC", "")),
        ("SET", long("MATCH (n) SET n.a = 1", ", n.a = 1", "")),
        ("MERGE", long("MERGE (n)", " ON CREATE SET n.a = 1", "")),
        (
            "quantifiers",
            long("MATCH (a)", "((b)-->(c))+", " RETURN a"),
        ),
        ("roles", long("CREATE HYPEREDGE TYPE A (a B", ", a B*", ")")),
    ];
    let mut slow = Vec::new();
    for (title, text) in texts {
        let (took, outcome) = time(&text);
        let outcome: String = format!("{outcome:?}").chars().take(100).collect();
        println!("{title}: {} bytes in {took:?}: {outcome}", text.len());
        if took > limit(&text) {
            slow.push(title);
        }
    }
    assert!(cfg!(debug_assertions) || slow.is_empty(), "slow: {slow:?}");
}

#[test]
fn the_deepest_trees_fit_on_a_stack_of_two_mebibytes() {
    let all_levels = "1 OR 1 XOR 1 AND NOT 1 = 1 IN 1 + 1 * 1 ^ -(";
    let texts = [
        nested("RETURN ", "(", "1", ")", 150),
        nested("RETURN ", "[", "1", "]", 150),
        nested("RETURN ", "[x IN ", "l", " WHERE x | x]", 150),
        nested("RETURN ", "{a: ", "1", "}", 150),
        nested("RETURN ", "f(", "1", ")", 150),
        nested("RETURN ", "a[", "1", "]", 150),
        nested("RETURN ", "CASE WHEN a THEN ", "1", " END", 150),
        nested("RETURN ", "all(x IN l WHERE ", "1", ")", 150),
        nested("RETURN ", "reduce(s = 0, x IN l | ", "1", ")", 150),
        nested("RETURN ", "EXISTS { MATCH (n) WHERE ", "1", " }", 90),
        nested("", "CALL { ", "RETURN 1 AS x", " } RETURN 1 AS x", 150),
        nested("", "FOREACH (x IN l | ", "SET a.b = 1", ")", 150),
        nested("MATCH ", "(", "(a)-->(b)", ")+", 150),
        nested("MATCH (n:", "!(", "A", ")", 150).as_str().to_owned() + ") RETURN n",
        nested("RETURN ", "[(a)-->(b) WHERE ", "1", " | a]", 90),
        nested("RETURN ", all_levels, "1", ")", 15),
        nested("RETURN ", all_levels, "1", ")", 199),
        nested(
            "RETURN ",
            "CASE 1 OR 1 XOR 1 AND 1 = 1 IN 1 + 1 * 1 ^ CASE 1 WHEN ",
            "1",
            " THEN 1 END",
            199,
        ),
        nested(
            "RETURN ",
            "NOT EXISTS { MATCH (n) WHERE NOT [1 + 1 * (",
            "1",
            ")] }",
            66,
        ),
        format!("RETURN {}true", "NOT ".repeat(150)),
        format!("RETURN {}1", "- ".repeat(150)),
        format!("RETURN a{}", ".b".repeat(150)),
        format!("RETURN a{}", "[0]".repeat(150)),
        format!("RETURN a{}", " IS NULL".repeat(150)),
    ];
    for text in texts {
        let (_, outcome) = time(&text);
        if let Err(message) = outcome {
            assert!(
                message.contains("nested deeper"),
                "{message} for {text:.200}"
            );
        }
    }
}
