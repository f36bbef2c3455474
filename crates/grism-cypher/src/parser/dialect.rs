//! What other dialects have and Grism has not: each is refused by name, with the way round.

use grism_core::{Error, ErrorKind};

use super::cursor::Parser;
use super::lexer::TokenKind;
use crate::syntax::Span;

/// Words of another dialect, and what is written in their place.
struct Foreign {
    /// The words, as they start where the error is.
    words: &'static [&'static str],
    /// What to write.
    instead: &'static str,
}

/// The kind of the error is Unsupported.
const FOREIGN: &[Foreign] = &[
    Foreign {
        words: &["GROUP", "BY"],
        instead: "WITH and RETURN group by the items that do not aggregate",
    },
    Foreign {
        words: &["HAVING"],
        instead: "aggregate in a WITH, and filter by the WHERE after it",
    },
    Foreign {
        words: &["OVER"],
        instead: "for row_number(), sort, collect the rows of a partition, and UNWIND range(0, size(rows) - 1) AS i",
    },
    Foreign {
        words: &["BETWEEN"],
        instead: "write low <= x AND x <= high",
    },
    Foreign {
        words: &["LIKE"],
        instead: "write CONTAINS, STARTS WITH, ENDS WITH or =~",
    },
    Foreign {
        words: &["ILIKE"],
        instead: "write toLower(x) CONTAINS, or =~ '(?i)…'",
    },
    Foreign {
        words: &["SELECT"],
        instead: "write MATCH … RETURN …",
    },
    Foreign {
        words: &["INSERT", "INTO"],
        instead: "write CREATE (:Label {…})",
    },
    Foreign {
        words: &["UPDATE"],
        instead: "write MATCH … SET …",
    },
    Foreign {
        words: &["TRUNCATE"],
        instead: "write MATCH (n) DETACH DELETE n",
    },
    Foreign {
        words: &["USE"],
        instead: "a graph is chosen when it is opened",
    },
    Foreign {
        words: &["LET"],
        instead: "write WITH *, … AS name",
    },
    Foreign {
        words: &["FILTER"],
        instead: "write WITH * WHERE …",
    },
    Foreign {
        words: &["FINISH"],
        instead: "leave it out: a query that writes needs no RETURN",
    },
    Foreign {
        words: &["NEXT"],
        instead: "write WITH between the parts",
    },
    Foreign {
        words: &["FOR"],
        instead: "write UNWIND list AS x",
    },
    Foreign {
        words: &["USING", "PERIODIC", "COMMIT"],
        instead: "write CALL { … } IN TRANSACTIONS OF n ROWS",
    },
    Foreign {
        words: &["USING"],
        instead: "the planner chooses by statistics; leave the hint out",
    },
    Foreign {
        words: &["START"],
        instead: "write MATCH … WHERE id(n) = …",
    },
    Foreign {
        words: &["CREATE", "UNIQUE"],
        instead: "write MERGE",
    },
    Foreign {
        words: &["CREATE", "CONSTRAINT"],
        instead: "the key of a load is unique and not null: COPY Label FROM 'file' (KEY property)",
    },
    Foreign {
        words: &["DROP", "CONSTRAINT"],
        instead: "the key of a load is the one constraint there is",
    },
    Foreign {
        words: &["CREATE", "DATABASE"],
        instead: "a graph is a directory or a prefix: open it by its path",
    },
    Foreign {
        words: &["BEGIN"],
        instead: "a statement is one commit; several are by graph.transaction()",
    },
    Foreign {
        words: &["COMMIT"],
        instead: "a statement is one commit; several are by graph.transaction()",
    },
    Foreign {
        words: &["ROLLBACK"],
        instead: "a statement is one commit; several are by graph.transaction()",
    },
    Foreign {
        words: &["IS", "TYPED"],
        instead: "compare with the converted value: x = toInteger(x)",
    },
    Foreign {
        words: &["NORMALIZED"],
        instead: "normalize texts before they are stored",
    },
];

/// The error for what stands at the parser's place, where it is known from another dialect.
pub(super) fn of_another_dialect(parser: &Parser<'_>) -> Option<Error> {
    let start = parser.span();
    for foreign in FOREIGN {
        if parser.are_words(foreign.words) {
            let last = parser.token(foreign.words.len() - 1)?;
            let what = foreign.words.join(" ");
            return Some(refused(parser, &what, foreign.instead, start.to(last.span)));
        }
    }
    symbol(parser)
}

/// Operators of other languages: these are slips, so the query is invalid.
fn symbol(parser: &Parser<'_>) -> Option<Error> {
    let (here, next) = (parser.token(0)?, parser.token(1));
    let touches = next.is_some_and(|next| next.span.start == here.span.end);
    let before = parser
        .at
        .checked_sub(1)
        .and_then(|at| parser.tokens.tokens.get(at));
    let touched = before.filter(|before| before.span.end == here.span.start);
    let pair = |kind| touches && next.is_some_and(|next| next.kind == kind);
    let (operator, instead, span) = match here.kind {
        TokenKind::Equal if touched.is_some_and(|before| before.kind == TokenKind::Equal) => {
            ("==", "write =", touched?.span.to(here.span))
        }
        TokenKind::Bang if pair(TokenKind::Equal) => ("!=", "write <>", here.span.to(next?.span)),
        TokenKind::Ampersand if pair(TokenKind::Ampersand) => {
            ("&&", "write AND", here.span.to(next?.span))
        }
        TokenKind::Colon if pair(TokenKind::Colon) => (
            "::",
            "convert by toInteger(), toFloat(), toString() or date()",
            here.span.to(next?.span),
        ),
        TokenKind::Bang => ("!", "write NOT", here.span),
        TokenKind::Question => ("?", "write CASE WHEN … THEN … ELSE … END", here.span),
        _ => return None,
    };
    let message = format!("syntax error: unexpected `{operator}`; {instead}");
    let error = parser.source.invalid(message, span);
    Some(error.with_code("SyntaxError:UnexpectedSyntax"))
}

/// The error for a construct of another dialect.
pub(super) fn refused(parser: &Parser<'_>, what: &str, instead: &str, span: Span) -> Error {
    parser.source.error(
        ErrorKind::Unsupported,
        format!("{what} is not supported: {instead}"),
        span,
    )
}
