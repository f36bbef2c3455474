//! What other dialects have and Grism has not: each is refused by name, with the way round.

use grism_core::{Error, ErrorKind};

use super::cursor::Parser;
use super::lexer::TokenKind;
use super::slip::slip;
use crate::syntax::Span;

/// Where words of another dialect are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Wherever something else is expected.
    Anywhere,
    /// Where a statement starts: elsewhere the words are more likely to be names.
    Start,
}

/// Words of another dialect, as they start where the error is; where they are looked for; and what is written in their place.
type Foreign = (&'static [&'static str], Place, &'static str);

const ONE_COMMIT: &str = "a statement is one commit; several are by graph.transaction()";
const NO_TABLES: &str =
    "labels need no declaration; a hyperedge type has one: CREATE HYPEREDGE TYPE NAME (role Label)";
const NO_ALTER_TABLE: &str = "write ALTER LABEL or ALTER HYPEREDGE TYPE with RENAME TO, RENAME PROPERTY, ADD ROLE, \
     RENAME ROLE or DROP ROLE; properties need no declaration";
const ALTER_LABEL: &str = "write ALTER LABEL name RENAME TO or RENAME PROPERTY";
const ALTER_TYPE: &str =
    "every relationship type is a hyperedge type: write ALTER HYPEREDGE TYPE name RENAME TO";
const ALTER_CONSTRAINT: &str = "drop the constraint, and create another";
const NO_USERS: &str = "who may read a graph is up to the directory or bucket that holds it";
const NO_JOIN: &str =
    "write a pattern, MATCH (a)-[:TYPE]->(b), or OPTIONAL MATCH for an outer join";
const ONE_BY_ONE: &str =
    "collect the values of one side in a WITH, and filter the other side by x IN list";

const FOREIGN: &[Foreign] = &[
    (
        &["GROUP", "BY"],
        Place::Anywhere,
        "WITH and RETURN group by the items that do not aggregate",
    ),
    (
        &["HAVING"],
        Place::Anywhere,
        "aggregate in a WITH, and filter by the WHERE after it",
    ),
    (
        &["OVER"],
        Place::Anywhere,
        "a window is written WITH n ORDER BY n.x WITH n.key AS key, collect(n) AS rows \
         UNWIND range(0, size(rows) - 1) AS i, and rows[i] is then row number i + 1 of its key",
    ),
    (
        &["QUALIFY"],
        Place::Anywhere,
        "filter by the WHERE after a WITH",
    ),
    (
        &["BETWEEN"],
        Place::Anywhere,
        "write low <= x AND x <= high",
    ),
    (
        &["NOT", "BETWEEN"],
        Place::Anywhere,
        "write x < low OR x > high",
    ),
    (
        &["LIKE"],
        Place::Anywhere,
        "write CONTAINS, STARTS WITH, ENDS WITH or =~",
    ),
    (
        &["NOT", "LIKE"],
        Place::Anywhere,
        "write NOT x CONTAINS 'text', or NOT with STARTS WITH, ENDS WITH or =~",
    ),
    (
        &["ILIKE"],
        Place::Anywhere,
        "write toLower(x) CONTAINS, or =~ '(?i)…'",
    ),
    (&["RLIKE"], Place::Anywhere, "write =~"),
    (&["SELECT"], Place::Anywhere, "write MATCH … RETURN …"),
    (&["FROM"], Place::Start, "write MATCH (n:Label) …"),
    (
        &["INSERT", "INTO"],
        Place::Anywhere,
        "write CREATE (:Label {…})",
    ),
    (&["UPDATE"], Place::Anywhere, "write MATCH … SET …"),
    (&["UPSERT"], Place::Anywhere, "write MERGE"),
    (
        &["DELETE", "FROM"],
        Place::Anywhere,
        "write MATCH (n:Label) DELETE n",
    ),
    (
        &["TRUNCATE"],
        Place::Anywhere,
        "write MATCH (n) DETACH DELETE n",
    ),
    (
        &["USE"],
        Place::Anywhere,
        "a graph is chosen when it is opened",
    ),
    (&["LET"], Place::Anywhere, "write WITH *, … AS name"),
    (&["FILTER"], Place::Anywhere, "write WITH * WHERE …"),
    (
        &["FINISH"],
        Place::Anywhere,
        "leave it out: a query that writes needs no RETURN",
    ),
    (&["NEXT"], Place::Anywhere, "write WITH between the parts"),
    (&["FOR"], Place::Anywhere, "write UNWIND list AS x"),
    (
        &["USING", "PERIODIC", "COMMIT"],
        Place::Anywhere,
        "write CALL { … } IN TRANSACTIONS OF n ROWS",
    ),
    (
        &["USING", "INDEX"],
        Place::Anywhere,
        "the planner chooses by statistics; leave the hint out",
    ),
    (
        &["USING", "SCAN"],
        Place::Anywhere,
        "the planner chooses by statistics; leave the hint out",
    ),
    (
        &["USING", "JOIN"],
        Place::Anywhere,
        "the planner chooses by statistics; leave the hint out",
    ),
    (
        &["USING"],
        Place::Anywhere,
        "the planner chooses by statistics; leave the hint out",
    ),
    (&["START"], Place::Start, "write MATCH … WHERE id(n) = …"),
    (
        &["CYPHER"],
        Place::Start,
        "there is one version of the language; leave the prefix out",
    ),
    (&["CREATE", "UNIQUE"], Place::Anywhere, "write MERGE"),
    (&["CREATE", "TABLE"], Place::Anywhere, NO_TABLES),
    (&["CREATE", "NODE", "TABLE"], Place::Anywhere, NO_TABLES),
    (&["CREATE", "REL", "TABLE"], Place::Anywhere, NO_TABLES),
    (&["CREATE", "NODE", "TYPE"], Place::Anywhere, NO_TABLES),
    (
        &["DROP", "TABLE"],
        Place::Anywhere,
        "write MATCH (n:Label) DETACH DELETE n",
    ),
    (&["ALTER", "TABLE"], Place::Anywhere, NO_ALTER_TABLE),
    (&["ALTER", "NODE"], Place::Start, ALTER_LABEL),
    (&["ALTER", "RELATIONSHIP"], Place::Start, ALTER_TYPE),
    (&["ALTER", "REL"], Place::Start, ALTER_TYPE),
    (&["ALTER", "EDGE"], Place::Start, ALTER_TYPE),
    (
        &["ALTER", "INDEX"],
        Place::Start,
        "drop the index, and create another",
    ),
    (&["ALTER", "CONSTRAINT"], Place::Start, ALTER_CONSTRAINT),
    (
        &["ALTER", "DATABASE"],
        Place::Start,
        "a graph is a directory or a prefix: open it by its path",
    ),
    (&["ALTER", "USER"], Place::Start, NO_USERS),
    (&["ALTER", "ROLE"], Place::Start, NO_USERS),
    (
        &["CREATE", "VIEW"],
        Place::Anywhere,
        "keep the text of the query, and run it again",
    ),
    (
        &["CREATE", "DATABASE"],
        Place::Anywhere,
        "a graph is a directory or a prefix: open it by its path",
    ),
    (
        &["DATABASES"],
        Place::Anywhere,
        "a graph is a directory or a prefix: open it by its path",
    ),
    (&["CREATE", "USER"], Place::Anywhere, NO_USERS),
    (&["CREATE", "ROLE"], Place::Anywhere, NO_USERS),
    (&["GRANT"], Place::Start, NO_USERS),
    (&["DENY"], Place::Start, NO_USERS),
    (&["REVOKE"], Place::Start, NO_USERS),
    (&["BEGIN"], Place::Anywhere, ONE_COMMIT),
    (&["COMMIT"], Place::Anywhere, ONE_COMMIT),
    (&["ROLLBACK"], Place::Anywhere, ONE_COMMIT),
    (&["JOIN"], Place::Anywhere, NO_JOIN),
    (&["INNER", "JOIN"], Place::Anywhere, NO_JOIN),
    (&["LEFT", "JOIN"], Place::Anywhere, NO_JOIN),
    (&["LEFT", "OUTER", "JOIN"], Place::Anywhere, NO_JOIN),
    (&["RIGHT", "JOIN"], Place::Anywhere, NO_JOIN),
    (&["FULL", "JOIN"], Place::Anywhere, NO_JOIN),
    (&["CROSS", "JOIN"], Place::Anywhere, "write MATCH (a), (b)"),
    (&["INTERSECT"], Place::Anywhere, ONE_BY_ONE),
    (&["EXCEPT"], Place::Anywhere, ONE_BY_ONE),
    (
        &["OTHERWISE"],
        Place::Anywhere,
        "run the second query where the first has no rows",
    ),
    (&["FETCH", "FIRST"], Place::Anywhere, "write LIMIT n"),
    (&["FETCH", "NEXT"], Place::Anywhere, "write LIMIT n"),
    (
        &["IS", "TYPED"],
        Place::Anywhere,
        "compare with the converted value: x = toInteger(x)",
    ),
    (
        &["NORMALIZED"],
        Place::Anywhere,
        "normalize texts before they are stored",
    ),
];

/// The error for what stands at the parser's place, where it is known from another dialect or a slip of its own.
pub(super) fn of_another_dialect(parser: &Parser<'_>) -> Option<Error> {
    let start = parser.span();
    let starts = parser.at_start();
    for (words, place, instead) in FOREIGN {
        if (starts || *place == Place::Anywhere) && parser.are_words(words) {
            let last = parser.token(words.len() - 1)?;
            return Some(refused(
                parser,
                &words.join(" "),
                instead,
                start.to(last.span),
            ));
        }
    }
    if starts && parser.is(TokenKind::Colon) && parser.is_name(1) {
        let span = start.to(parser.token(1)?.span);
        let instead = "parameters are handed over with the query, as $name";
        return Some(refused(parser, "a command of another shell", instead, span));
    }
    slip(parser)
}

/// The error for a construct of another dialect.
pub(super) fn refused(parser: &Parser<'_>, what: &str, instead: &str, span: Span) -> Error {
    parser.source.error(
        ErrorKind::Unsupported,
        format!("{what} is not supported: {instead}"),
        span,
    )
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::failure;

    #[test]
    fn window_functions_are_refused_with_a_rewrite() {
        let message = failure("MATCH (n) RETURN row_number() OVER (PARTITION BY n.a ORDER BY n.b)");
        assert_eq!(
            message,
            "OVER is not supported: a window is written WITH n ORDER BY n.x WITH n.key AS key, collect(n) AS rows UNWIND range(0, size(rows) - 1) AS i, and rows[i] is then row number i + 1 of its key"
        );
    }

    #[test]
    fn words_of_other_dialects_are_refused_wherever_they_stand() {
        for (text, expected) in [
            (
                "RETURN a, count(*) GROUP BY a",
                "GROUP BY is not supported: WITH and RETURN group by the items that do not aggregate",
            ),
            (
                "RETURN a GROUP BY a ORDER BY a",
                "GROUP BY is not supported: WITH and RETURN group by the items that do not aggregate",
            ),
            (
                "RETURN a AS b, count(*) AS c GROUP BY b",
                "GROUP BY is not supported: WITH and RETURN group by the items that do not aggregate",
            ),
            (
                "WITH a, count(*) AS c GROUP BY a RETURN c",
                "GROUP BY is not supported: WITH and RETURN group by the items that do not aggregate",
            ),
            (
                "MATCH (n) GROUP BY n.a RETURN n",
                "GROUP BY is not supported: WITH and RETURN group by the items that do not aggregate",
            ),
            (
                "RETURN a ORDER BY a GROUP BY a",
                "GROUP BY is not supported: WITH and RETURN group by the items that do not aggregate",
            ),
            (
                "RETURN a LIMIT 1 GROUP BY a",
                "GROUP BY is not supported: WITH and RETURN group by the items that do not aggregate",
            ),
            (
                "CALL { RETURN a GROUP BY a } RETURN 1",
                "GROUP BY is not supported: WITH and RETURN group by the items that do not aggregate",
            ),
            (
                "RETURN EXISTS { MATCH (n) RETURN n GROUP BY n }",
                "GROUP BY is not supported: WITH and RETURN group by the items that do not aggregate",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }

    #[test]
    fn words_of_other_dialects_are_names_where_names_stand() {
        for text in [
            "RETURN use, let, filter, finish, next, over, having, like, select, update",
            "MATCH (group:having {between: 1}) RETURN group.by AS using",
            "MATCH (from)-[join:LIKE]->(start) RETURN from, start ORDER BY start",
        ] {
            assert!(failure(text).starts_with("no failure"), "{}", failure(text));
        }
    }
}
