//! Inputs that a generator makes up from a seed: rows of tokens, valid texts that are broken, and bytes.

/// A small generator of numbers (splitmix64), the same on every machine.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a bound of 64 bits");
        usize::try_from(self.next() % bound).expect("a number below a bound of usize")
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }
}

/// Valid texts of every rule.
pub(super) const VALID: &[&str] = &[
    "MATCH (a:Person {name: 'Ada'})-[r:KNOWS*1..3]->(b) WHERE a.age > 21 AND NOT b:Robot RETURN a.name AS name, count(*)",
    "OPTIONAL MATCH p = (a)<-[:R|!(S|T)]-(b:(A|B)&!C), (c:%&A|B) RETURN DISTINCT p ORDER BY p DESC NULLS LAST SKIP 1 LIMIT 2",
    "MATCH ANY SHORTEST TRAIL (a)((x)-[e:R]->(y) WHERE x.k = 1){1,3}(b) RETURN *",
    "MATCH p = SHORTEST 3 GROUPS (a)-->+(b), ALL SHORTEST (c)-[:R]-*(d) RETURN p",
    "MATCH (a WHERE a.x IS NOT NULL)-[r WHERE r.w > .5]-(b IS A|B) RETURN 1",
    "MATCH p = allShortestPaths((a)-[*..5]->(b)) RETURN length(p)",
    "WITH [1, 2.5, 'x\\u0041', \"y\", null, TRUE, 0x1F, 1_000, 1e3] AS l RETURN l[0], l[1..2], l[..-1], l[1..]",
    "RETURN [x IN range(1, 3) WHERE x:A | x * 2], [(a)-->(b) WHERE b.k | b.k], [x IN l], [x IN l | y]",
    "RETURN all(x IN l WHERE x > 0) AND any(x IN l WHERE x) OR none(x IN l WHERE x) XOR single(x IN l WHERE x)",
    "RETURN reduce(s = 0, x IN l | s + x), CASE WHEN a THEN b ELSE c END, CASE x WHEN 1, 2 THEN 3 END",
    "RETURN n {.name, .*, m, k: 1 + 2}, {a: {b: [1]}}, $p, $1, `odd name`, n.`key`",
    "RETURN a OR b XOR c AND NOT d = e <> f < g <= h > i >= j IN k + l - m * n / o % p ^ -q",
    "RETURN a STARTS WITH b, a ENDS WITH c, a CONTAINS d, a =~ 'x.*', a IS NULL, a || b, a IS LABELED A",
    "MATCH (n) WHERE (n)-[:R]->() AND EXISTS { (n)--(m) WHERE m.x } AND COUNT { MATCH (n) RETURN n } > 1 RETURN COLLECT { RETURN 1 }",
    "UNWIND $rows AS row MERGE (n:A {id: row.id}) ON CREATE SET n.x = 1, n += row ON MATCH SET n:B RETURN n",
    "MATCH (n) SET n.a = 1, n = {b: 2}, n += $m, n:X:Y, n IS Z REMOVE n.c, n:W DETACH DELETE n, n.x",
    "CREATE (a:A {k: 1})-[:R {w: 2}]->(b), (c) WITH a, b AS d WHERE a.k RETURN a UNION ALL RETURN 1 AS a UNION RETURN 2 AS a",
    "CALL { WITH x MATCH (n) RETURN n } IN TRANSACTIONS OF 10 ROWS RETURN 1",
    "CALL (x, y) { CREATE (:A) } CALL (*) { RETURN 1 AS z } OPTIONAL CALL () { RETURN 2 AS w } RETURN z",
    "CALL db.labels() YIELD label AS l, count WHERE l <> 'x' RETURN l",
    "CALL apoc.run",
    "FOREACH (x IN [1, 2] | CREATE (:A {k: x}) FOREACH (y IN x | SET y.z = 1))",
    "LOAD CSV WITH HEADERS FROM 'file.csv' AS row FIELDTERMINATOR ';' RETURN row.a",
    "LOAD FROM $f (NULL 'NA', TYPE `b c` 'date %Y') AS row RETURN row.a",
    "INSERT (:A)-[:R]->(:B)",
    "CREATE HYPEREDGE TYPE MEETING (organizer Person, attendee Person*, room Room?)",
    "DROP HYPEREDGE TYPE MEETING",
    "ALTER HYPEREDGE TYPE IF EXISTS MEETING ADD ROLE IF NOT EXISTS room Room?; ALTER HYPEREDGE TYPE M RENAME ROLE a TO `b c`",
    "ALTER HYPEREDGE TYPE M DROP ROLE IF EXISTS a; ALTER LABEL A RENAME TO B; ALTER LABEL A RENAME PROPERTY IF EXISTS a TO b",
    "CREATE INDEX people IF NOT EXISTS FOR (n:Person) ON (n.name)",
    "CREATE VECTOR INDEX v FOR (n:Person) ON n.v OPTIONS {indexConfig: {`vector.dimensions`: 8, similarity: 'cosine'}}",
    "CREATE FULLTEXT INDEX f FOR ()-[r:R]-() ON EACH [r.text]",
    "DROP INDEX people IF EXISTS",
    "CREATE CONSTRAINT ids IF NOT EXISTS FOR (n:Person) REQUIRE (n.name, n.born) IS NODE KEY",
    "CREATE CONSTRAINT FOR ()-[r:R]-() REQUIRE r.text IS NOT NULL; DROP CONSTRAINT ids IF EXISTS; SHOW CONSTRAINTS",
    "COPY Person FROM 'people.csv' (KEY id, ON CONFLICT UPDATE, INCREMENTAL at, DELIMITER ';', HEADER true)",
    "COPY MEETING FROM 'm.parquet' (ROLE organizer FROM who KEY Person, ROLE room FROM room, MISSING REJECT 'bad.csv')",
    "COPY (MATCH (n) RETURN n.x AS x) TO 'out.parquet' (COMPRESSION zstd)",
    "COPY Person TO 'out.csv'",
    "SHOW HYPEREDGE TYPES; SHOW LABELS; SHOW INDEXES; SHOW STATISTICS; SHOW PROPERTIES; SHOW SNAPSHOTS",
    "EXPLAIN ANALYZE (VERBOSE true, FORMAT JSON, DISTRIBUTED false) MATCH (n) RETURN n",
    "PROFILE MATCH (n) RETURN count(DISTINCT n.x)",
    "OPTIMIZE; VACUUM RETAIN 24 HOURS KEEP 3 SNAPSHOTS;",
    "RETURN 1; // a remark\nRETURN /* another ** */ 2;",
    "RETURN match.where, case - 1, exists(n.x), count {.*}, not, [in IN in WHERE in | in], {return: return}",
    "MATCH (match:match {match: match})-[match:match]->() RETURN match AS match ORDER BY match",
    "RETURN 'Zürich' AS `größe`, \"日本\" AS 名前, '\u{1F600}' // 😀",
    "RETURN labels(n).id, f(x)[0].y, [1][0], {a: 1}.a, $p.k, (a).b, (a)-(b), (a)-[1]",
    "MATCH (a) WHERE (a)((x)-->(y))+() RETURN [(a)((x)-->(y)){2}(c) | 1], [(a)-->(c) AND a:A|B], CASE case WHEN 1 THEN 2 END",
    "MATCH (a)-[r]->(b) WHERE (a)--(b) WITH *, a.x + b.y AS s ORDER BY s ASCENDING OFFSET 3 LIMIT $l WHERE s > 1 RETURN s",
];

/// Tokens and pieces that mean something to the parser, and some that do not.
const TOKENS: &[&str] = &[
    "MATCH",
    "OPTIONAL",
    "UNWIND",
    "WITH",
    "RETURN",
    "CALL",
    "CREATE",
    "MERGE",
    "SET",
    "REMOVE",
    "DELETE",
    "DETACH",
    "FOREACH",
    "LOAD",
    "CSV",
    "UNION",
    "ALL",
    "WHERE",
    "ORDER",
    "BY",
    "SKIP",
    "LIMIT",
    "OFFSET",
    "AS",
    "DISTINCT",
    "ASC",
    "DESC",
    "NULLS",
    "FIRST",
    "LAST",
    "AND",
    "OR",
    "XOR",
    "NOT",
    "IN",
    "IS",
    "NULL",
    "TRUE",
    "FALSE",
    "STARTS",
    "ENDS",
    "CONTAINS",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "EXISTS",
    "COUNT",
    "COLLECT",
    "ANY",
    "NONE",
    "SINGLE",
    "REDUCE",
    "SHORTEST",
    "WALK",
    "TRAIL",
    "ACYCLIC",
    "SIMPLE",
    "GROUPS",
    "PATH",
    "shortestPath",
    "allShortestPaths",
    "ON",
    "YIELD",
    "TRANSACTIONS",
    "OF",
    "ROWS",
    "HEADERS",
    "FROM",
    "TO",
    "KEY",
    "ROLE",
    "MISSING",
    "COPY",
    "SHOW",
    "LABELS",
    "EXPLAIN",
    "ANALYZE",
    "VERBOSE",
    "FORMAT",
    "PROFILE",
    "HYPEREDGE",
    "TYPE",
    "INDEX",
    "VECTOR",
    "FULLTEXT",
    "FOR",
    "OPTIONS",
    "DROP",
    "IF",
    "OPTIMIZE",
    "VACUUM",
    "RETAIN",
    "USE",
    "SNAPSHOT",
    "LABELED",
    "GROUP",
    "OVER",
    "LIKE",
    "x",
    "y",
    "n",
    "r",
    "Person",
    "KNOWS",
    "count",
    "f",
    "`a b`",
    "``",
    "größe",
    "名",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "..",
    ":",
    ";",
    "|",
    "||",
    "&",
    "!",
    "%",
    "+",
    "+=",
    "-",
    "*",
    "/",
    "^",
    "=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "=~",
    "$",
    "$p",
    "?",
    "->",
    "<-",
    "-[",
    "]->",
    "()",
    "(n)",
    "[]",
    "{}",
    "0",
    "1",
    "42",
    "0x1F",
    "1.5",
    ".5",
    "1e3",
    "99999999999999999999",
    "'text'",
    "\"t\"",
    "'\\n'",
    "'\\x'",
    "'",
    "\"",
    "`",
    "//",
    "/*",
];

/// An input of the generator.
pub(super) fn input(random: &mut Random) -> String {
    match random.below(10) {
        0..=2 => tokens(random),
        3..=6 => broken(random),
        7 => repeated(random),
        8 => spliced(random),
        _ => bytes(random),
    }
}

fn tokens(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..=random.below(40) {
        text.push_str(random.pick(TOKENS));
        if random.below(8) > 0 {
            text.push_str([" ", "  ", "\n", "\t", "\u{a0}"][random.below(5)]);
        }
    }
    text
}

/// A valid text of which some tokens are lost, doubled, exchanged or new.
fn broken(random: &mut Random) -> String {
    let mut pieces = split(random.pick(VALID));
    for _ in 0..=random.below(3) {
        let (at, other) = (random.below(pieces.len()), random.below(pieces.len()));
        match random.below(5) {
            0 if pieces.len() > 1 => {
                pieces.remove(at);
            }
            1 => pieces.insert(at, pieces[at]),
            2 => pieces.swap(at, other),
            3 => pieces.insert(at, random.pick(TOKENS)),
            _ => pieces[at] = random.pick(TOKENS),
        }
    }
    pieces.concat()
}

/// A few tokens many times.
fn repeated(random: &mut Random) -> String {
    let mut text = random
        .pick(&["RETURN ", "MATCH ", "MATCH (n) WHERE ", "CREATE ", ""])
        .to_owned();
    let unit: String = (0..=random.below(4))
        .map(|_| format!("{} ", random.pick(TOKENS)))
        .collect();
    text.push_str(&unit.repeat(1 + random.below(300)));
    if random.below(2) == 0 {
        text.push('1');
        let close = random.pick(&[")", "]", "}", " END"]);
        text.push_str(&close.repeat(1 + random.below(300)));
    }
    text
}

/// The beginning of one valid text and the end of another.
fn spliced(random: &mut Random) -> String {
    let (first, second) = (split(random.pick(VALID)), split(random.pick(VALID)));
    let (end, start) = (random.below(first.len()), random.below(second.len()));
    first[..end].concat() + &second[start..].concat()
}

/// Bytes of a valid text, some of them changed, or any bytes, as far as they are text.
fn bytes(random: &mut Random) -> String {
    let mut bytes = random.pick(VALID).as_bytes().to_vec();
    if random.below(3) == 0 {
        bytes = (0..random.below(60)).map(|_| byte(random)).collect();
    }
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        if at < bytes.len() && random.below(2) == 0 {
            bytes[at] = byte(random);
        } else {
            bytes.insert(at, byte(random));
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn byte(random: &mut Random) -> u8 {
    u8::try_from(random.below(256)).expect("a byte")
}

/// Words, numbers and single characters of a text, white space among them.
fn split(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match first.is_alphanumeric() {
            true => rest
                .find(|own: char| !own.is_alphanumeric())
                .unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}
