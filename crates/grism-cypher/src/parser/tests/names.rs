//! No word is reserved: each keyword can be a name wherever names stand.

use super::render::clauses;

/// Every word that the parser knows.
const WORDS: &[&str] = &[
    "match", "optional", "unwind", "with", "return", "call", "create", "merge", "set", "remove",
    "delete", "detach", "nodetach", "foreach", "load", "csv", "union", "all", "where", "order", "by",
    "skip", "limit", "offset", "as", "distinct", "asc", "ascending", "desc", "descending", "nulls",
    "first", "last", "and", "or", "xor", "not", "in", "is", "starts", "ends", "contains", "labeled",
    "typed", "normalized", "case", "when", "then", "else", "end", "exists", "count", "collect", "any",
    "none", "single", "reduce", "shortest", "walk", "trail", "acyclic", "simple", "group", "groups",
    "path", "paths", "shortestPath", "allShortestPaths", "on", "yield", "transactions", "of", "rows",
    "row", "headers", "from", "to", "fieldterminator", "key", "role", "missing", "error", "reject",
    "copy", "show", "labels", "hyperedge", "types", "properties", "indexes", "statistics",
    "snapshots", "functions", "procedures", "explain", "analyze", "distributed", "verbose", "format",
    "profile", "type", "index", "range", "vector", "fulltext", "text", "point", "lookup", "for",
    "options", "each", "drop", "alter", "if", "optimize", "vacuum", "retain", "hours", "keep", "use",
    "snapshot", "insert", "into", "let", "filter", "finish", "next", "having", "over", "between",
    "like", "ilike", "select", "update", "truncate", "using", "start", "unique", "constraint",
    "database", "begin", "commit", "rollback", "repeatable", "elements", "different",
    "relationships", "partition",
];

/// Words that are values where an expression stands, so that they name everything but variables.
const VALUES: &[&str] = &["null", "true", "false"];

/// Places of names that are no variables; `@` is the name.
const NAMES: &[&str] = &[
    "MATCH (x:@) RETURN x",
    "MATCH (x:!@&(@|%)) RETURN x",
    "MATCH (x IS @) RETURN x",
    "MATCH (x:A:@) RETURN x",
    "MATCH (x {@: 1}) RETURN x",
    "MATCH (x {a: 1, @: 2}) RETURN x",
    "MATCH (x)-[:@]->(y) RETURN x",
    "MATCH (x)-[r:@|!@ {@: 1}]->(y) RETURN x",
    "MATCH (x)-[r:@*1..2]->(y) RETURN x",
    "MATCH (x) WHERE x.@ = 1 AND x.@.@ > 2 RETURN x.@",
    "MATCH (x) WHERE x:@ RETURN x:@",
    "MATCH (x) WHERE x:@ AND x:@|@ OR NOT x:@ RETURN x",
    "MATCH (x) WHERE x.@ IS NULL OR x.@ IN x.@ RETURN x",
    "RETURN x.@",
    "RETURN x.@ ORDER BY x.@ DESC, x.@ LIMIT 1",
    "RETURN x.@ AS a, -x.@",
    "RETURN x.@[0].@, x[0].@, $p.@",
    "RETURN {@: 1}",
    "RETURN {a: 1, @: {@: 2}}.@",
    "RETURN x {.@, @: 1}",
    "RETURN $@",
    "RETURN $@ + $@ AS y",
    "RETURN f(x.@, $@)",
    "RETURN a.@(1)",
    "RETURN @.a(1)",
    "CALL a.@(1) YIELD x RETURN x",
    "MATCH (x) SET x.@ = 1, x.@ = x.@",
    "MATCH (x) SET x:@, x:@:@",
    "MATCH (x) REMOVE x.@, x:@",
    "CREATE (x:@ {@: 1})-[:@ {@: 2}]->(:@)",
    "MERGE (x:@) ON CREATE SET x.@ = 1 ON MATCH SET x.@ = 2",
    "RETURN CASE x.@ WHEN x.@ THEN x.@ ELSE x.@ END",
    "RETURN [x IN l WHERE x.@ | x.@]",
    "RETURN [x IN l WHERE x:@ | x.@]",
    "RETURN (x:@), [x:@]",
];

/// Places of variables; `@` is the name.
const VARIABLES: &[&str] = &[
    "MATCH (@) RETURN 1",
    "MATCH (@), (x) RETURN 1",
    "MATCH (@:A) RETURN 1",
    "MATCH (@ {a: 1}) RETURN 1",
    "MATCH (@:A {a: 1}) RETURN 1",
    "MATCH (@ WHERE x) RETURN 1",
    "MATCH (@ IS A) RETURN 1",
    "MATCH ()-[@]->() RETURN 1",
    "MATCH ()-[@:R]->() RETURN 1",
    "MATCH ()-[@*]->() RETURN 1",
    "MATCH ()-[@ {a: 1}]->() RETURN 1",
    "MATCH @ = (a)-->(b) RETURN 1",
    "MATCH (a)-->(@)<--(b) RETURN 1",
    "MATCH (x {a: @}) RETURN 1",
    "MATCH (x WHERE @) RETURN 1",
    "MATCH (x) WHERE @ RETURN 1",
    "MATCH (x) WHERE @.a RETURN 1",
    "MATCH (x) WHERE @ = 1 RETURN 1",
    "MATCH (x) WHERE @.a = @.b RETURN @",
    "MATCH (x) WHERE @:A RETURN 1",
    "MATCH (x) WHERE NOT @ RETURN 1",
    "MATCH (x) WHERE @ AND @ RETURN 1",
    "MATCH (x) WHERE @ OR @ XOR @ RETURN 1",
    "MATCH (x) WHERE NOT @.a AND (@) RETURN 1",
    "MATCH (x) WHERE (@)-->() RETURN 1",
    "MATCH (x) WHERE (@)--(@) RETURN 1",
    "MATCH (x) WHERE @ IS NULL RETURN 1",
    "MATCH (x) WHERE @ IS NOT NULL RETURN 1",
    "RETURN @",
    "RETURN @, @",
    "RETURN 1 AS @",
    "RETURN @ AS @",
    "RETURN @ AS x, @.a AS @",
    "RETURN @.a",
    "RETURN @ + 1",
    "RETURN @ - 1",
    "RETURN @ * @ / @ % @ ^ @",
    "RETURN 1 - @",
    "RETURN -@",
    "RETURN @[0]",
    "RETURN @[1..2]",
    "RETURN x[@]",
    "RETURN @ = @",
    "RETURN @ <> 1, @ < 1, @ >= 1, @ =~ 'a'",
    "RETURN @ IN [@]",
    "RETURN @ IN @",
    "RETURN @ STARTS WITH @",
    "RETURN @ CONTAINS 'a'",
    "RETURN [@]",
    "RETURN [@, @]",
    "RETURN [1, @]",
    "RETURN {a: @}",
    "RETURN {a: @, b: @}",
    "RETURN (@)",
    "RETURN (@) + @",
    "RETURN f(@)",
    "RETURN f(@, @)",
    "RETURN count(DISTINCT @)",
    "RETURN x {@}",
    "RETURN x {.a, @, b: @}",
    "RETURN @ {.a}",
    "RETURN DISTINCT @",
    "RETURN DISTINCT @ AS x",
    "RETURN @ ORDER BY @",
    "RETURN @ ORDER BY @ DESC",
    "RETURN @ AS x ORDER BY @.a ASC, @ SKIP 1 LIMIT 2",
    "RETURN 1 ORDER BY @ LIMIT 1",
    "RETURN @ SKIP 1",
    "RETURN @ LIMIT 1",
    "RETURN @ LIMIT $n",
    "RETURN @ UNION RETURN @",
    "WITH @ RETURN 1",
    "WITH @, 1 AS x RETURN 1",
    "WITH @ AS x RETURN 1",
    "WITH x AS @ RETURN 1",
    "WITH *, x AS @ RETURN 1",
    "WITH @ WHERE @ RETURN @",
    "WITH x AS @ WHERE @ > 1 RETURN @",
    "WITH @ ORDER BY @ LIMIT 1 WHERE @ RETURN 1",
    "WITH @ MATCH (x) RETURN 1",
    "WITH @ AS x MATCH (x) RETURN 1",
    "WITH x AS @ MATCH (x) RETURN 1",
    "WITH x AS @ UNWIND @ AS y RETURN 1",
    "WITH x AS @ CREATE (y)",
    "UNWIND @ AS x RETURN 1",
    "UNWIND x AS @ RETURN 1",
    "UNWIND [1] AS @ RETURN @",
    "UNWIND @ AS @ RETURN @",
    "RETURN [@ IN l | 1]",
    "RETURN [@ IN l WHERE @ | @]",
    "RETURN [@ IN @ WHERE @.a | @.b]",
    "RETURN [x IN @ | x]",
    "RETURN [x IN @ WHERE x]",
    "RETURN [x IN l | @]",
    "RETURN [x IN l WHERE @]",
    "RETURN [(@)-->() | @]",
    "RETURN [(@)-->() WHERE @ | 1]",
    "RETURN [@ = (a)-->() | @]",
    "RETURN all(@ IN l WHERE @)",
    "RETURN any(x IN @ WHERE x)",
    "RETURN reduce(@ = 0, x IN l | @ + x)",
    "RETURN reduce(s = @, @ IN @ | @)",
    "RETURN CASE @ WHEN 1 THEN 2 END",
    "RETURN CASE x WHEN @ THEN @ ELSE @ END",
    "RETURN CASE WHEN @ THEN @ ELSE @ END",
    "RETURN CASE WHEN x THEN @ END",
    "RETURN CASE WHEN @ = 1 THEN @.a WHEN @ > 2 THEN @ ELSE @ END",
    "RETURN EXISTS { (@) }",
    "RETURN COUNT { (@) WHERE @ }",
    "CALL (@) { RETURN 1 AS x } RETURN 1",
    "CALL { WITH @ RETURN 1 AS x } RETURN 1",
    "CALL a.b(@) YIELD x RETURN 1",
    "CALL a.b() YIELD @ RETURN 1",
    "CALL a.b() YIELD x AS @ RETURN 1",
    "CALL a.b() YIELD @ AS @ WHERE @ RETURN 1",
    "CREATE (@)",
    "CREATE (@:A)-[:R]->(@)",
    "CREATE @ = (a)",
    "MERGE (@)",
    "MERGE (@) ON CREATE SET @.a = @",
    "MATCH (x) SET @.a = 1",
    "MATCH (x) SET x.a = @",
    "MATCH (x) SET x.a = @, @.a = x",
    "MATCH (x) SET @ = x",
    "MATCH (x) SET @ += x",
    "MATCH (x) SET @:A",
    "MATCH (x) SET x = @ RETURN 1",
    "MATCH (x) SET x.a = @.a REMOVE x.b",
    "MATCH (x) REMOVE @.a",
    "MATCH (x) REMOVE @:A",
    "MATCH (x) DELETE @",
    "MATCH (x) DELETE @, @",
    "MATCH (x) DETACH DELETE @ RETURN 1",
    "FOREACH (@ IN l | SET @.a = 1)",
    "FOREACH (x IN @ | SET x.a = @)",
    "LOAD CSV FROM @ AS x RETURN 1",
    "LOAD CSV FROM 'a' AS @ RETURN 1",
    "EXPLAIN RETURN @",
];

/// Reads a place with a word in it, and a place with a plain name; the trees must be the same but for the name.
fn difference(place: &str, plain: &str, word: &str) -> Option<String> {
    let expected = plain.replace("zzz", word);
    let text = place.replace('@', word);
    let found = clauses(&text);
    (found != expected).then(|| format!("{text}\n    {found}"))
}

#[test]
fn plain_names_stand_in_all_places() {
    for place in NAMES.iter().chain(VARIABLES) {
        let text = place.replace('@', "zzz");
        let found = clauses(&text);
        assert!(!found.starts_with("error"), "{text}: {found}");
    }
}

#[test]
fn each_word_can_be_a_name() {
    let mut differences = Vec::new();
    for (number, place) in NAMES.iter().chain(VARIABLES).enumerate() {
        let plain = clauses(&place.replace('@', "zzz"));
        let values = if number < NAMES.len() { VALUES } else { &[] };
        for word in WORDS.iter().chain(values) {
            differences.extend(difference(place, &plain, word));
        }
        // Keywords are known in any case.
        let upper = WORDS[number % WORDS.len()].to_ascii_uppercase();
        differences.extend(difference(place, &plain, &upper));
    }
    let report = differences.join("\n");
    assert!(differences.is_empty(), "{} differ:\n{report}", differences.len());
}
