//! Statements: an input is split at its semicolons, and each piece is read by its first words.

use std::collections::BTreeSet;
use std::sync::Arc;

use grism_core::{Error, IndexKind, Result, VectorMetric};

use super::cursor::Parser;
use super::dialect::{of_another_dialect, refused};
use super::lexer::TokenKind;
use crate::Query;
use crate::source::Source;
use crate::statement::{ShowKind, Statement, StatementKind};
use crate::syntax::{self, SingleQuery};

/// What SHOW lists, with the words that ask for it.
const LISTS: [(&[&str], ShowKind); 9] = [
    (&["LABELS"], ShowKind::Labels),
    (&["HYPEREDGE", "TYPES"], ShowKind::HyperedgeTypes),
    (&["PROPERTIES"], ShowKind::Properties),
    (&["INDEXES"], ShowKind::Indexes),
    (&["CONSTRAINTS"], ShowKind::Constraints),
    (&["STATISTICS"], ShowKind::Statistics),
    (&["SNAPSHOTS"], ShowKind::Snapshots),
    (&["FUNCTIONS"], ShowKind::Functions),
    (&["PROCEDURES"], ShowKind::Procedures),
];

/// The words that start a statement.
const STATEMENTS: [&str; 23] = [
    "MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN", "CALL", "CREATE", "MERGE", "SET", "REMOVE",
    "DELETE", "DETACH", "FOREACH", "LOAD", "EXPLAIN", "PROFILE", "COPY", "SHOW", "DROP",
    "OPTIMIZE", "VACUUM", "ALTER", "USE",
];

/// Reads the statements of an input.
///
/// # Errors
/// `InvalidQuery` with the place of the first thing that is wrong; `Unsupported` for what is known by name.
pub(crate) fn parse_input(input: &str) -> Result<Vec<Statement>> {
    let text: Arc<str> = Arc::from(input);
    let mut parser = Parser::try_new(Source::new(input))?;
    let mut statements = Vec::new();
    loop {
        while parser.take(TokenKind::Semicolon) {}
        if parser.token(0).is_none() {
            break;
        }
        let start = parser.span();
        let kind = parser.statement(&text)?;
        let span = parser.since(start);
        statements.push(Statement {
            kind,
            text: Arc::clone(&text),
            span: span.start..span.end,
        });
    }
    if statements.is_empty() {
        return Err(Error::invalid_query("the query is empty"));
    }
    Ok(statements)
}

/// Reads the query of an input, or the clauses of a frame, that starts at the byte `offset`, once more: calls of `aggregates`,
/// whose names are in lower case, aggregate.
///
/// # Errors
/// None for what was parsed before.
pub(crate) fn parse_again(
    input: &str,
    offset: usize,
    aggregates: BTreeSet<String>,
) -> Result<syntax::Query> {
    let mut parser = Parser::try_new(Source::new(input))?;
    let tokens = &parser.tokens.tokens;
    parser.at = tokens.partition_point(|token| token.span.start < offset);
    parser.aggregates = aggregates;
    parser.query()
}

/// Reads clauses that need no RETURN, as frames add them.
///
/// # Errors
/// As [`parse_input`].
pub(crate) fn parse_clauses(input: &str) -> Result<SingleQuery> {
    let mut parser = Parser::try_new(Source::new(input))?;
    let query = parser.query()?;
    if parser.token(0).is_some() {
        return Err(parser.no_clause());
    }
    if query.writes() || !query.unions.is_empty() {
        let message = "a frame goes on with clauses that read, without UNION";
        return Err(Error::invalid_query(message));
    }
    Ok(query.head)
}

impl Parser<'_> {
    fn statement(&mut self, text: &Arc<str>) -> Result<StatementKind> {
        let kind = self.own_statement(text)?;
        if self.token(0).is_some() && !self.is(TokenKind::Semicolon) {
            return Err(match &kind {
                StatementKind::Query(_) | StatementKind::Explain { .. } => self.no_clause(),
                StatementKind::Vacuum { .. } => {
                    let words = ["RETAIN", "KEEP"];
                    self.expected_words("RETAIN, KEEP or the end of the statement", &words)
                }
                _ => self.expected("the end of the statement"),
            });
        }
        Ok(kind)
    }

    /// A statement of Grism's own or a query, by its first words.
    fn own_statement(&mut self, text: &Arc<str>) -> Result<StatementKind> {
        if self.words(&["EXPLAIN"]) {
            let options = self.explain_options()?;
            return self.explained(options, text);
        }
        if self.words(&["PROFILE"]) {
            let options = crate::ExplainOptions {
                analyze: true,
                ..crate::ExplainOptions::default()
            };
            return self.explained(options, text);
        }
        // `CREATE index = (a)` creates a path of that name.
        let is_path = self.are(2, &[TokenKind::Equal]);
        if !is_path && self.words(&["CREATE", "HYPEREDGE"]) {
            self.expect_word("TYPE")?;
            return self.hyperedge_type();
        }
        if self.words(&["DROP", "HYPEREDGE"]) {
            self.expect_word("TYPE")?;
            let name = self.name("the name of a hyperedge type")?.text;
            let if_exists = self.words(&["IF", "EXISTS"]);
            return Ok(StatementKind::DropHyperedgeType { name, if_exists });
        }
        if !is_path
            && self.is_word(0, "CREATE")
            && let Some(kind) = self.index_kind()?
        {
            return self.create_index(kind);
        }
        if self.words(&["DROP", "INDEX"]) {
            let name = self.name("the name of an index")?.text;
            let if_exists = self.words(&["IF", "EXISTS"]);
            return Ok(StatementKind::DropIndex { name, if_exists });
        }
        if self.words(&["ALTER", "HYPEREDGE"]) {
            self.expect_word("TYPE")?;
            return self.alter_hyperedge_type().map(StatementKind::Alter);
        }
        if self.words(&["ALTER", "LABEL"]) {
            return self.alter_label().map(StatementKind::Alter);
        }
        if self.is_word(0, "ALTER") {
            if let Some(error) = of_another_dialect(self) {
                return Err(error);
            }
            self.at += 1;
            let words = ["LABEL", "HYPEREDGE"];
            return Err(self.expected_words("LABEL or HYPEREDGE TYPE", &words));
        }
        if !is_path && self.words(&["CREATE", "CONSTRAINT"]) {
            return self.create_constraint();
        }
        if self.words(&["DROP", "CONSTRAINT"]) {
            let name = self.name("the name of a constraint")?.text;
            let if_exists = self.words(&["IF", "EXISTS"]);
            return Ok(StatementKind::DropConstraint { name, if_exists });
        }
        if self.is_word(0, "DROP") && !self.is_word(1, "TABLE") {
            self.at += 1;
            let words = ["INDEX", "CONSTRAINT", "HYPEREDGE"];
            return Err(self.expected_words("INDEX, CONSTRAINT or HYPEREDGE TYPE", &words));
        }
        if self.words(&["COPY"]) {
            return self.copy(text);
        }
        if self.words(&["SHOW"]) {
            return self.show().map(StatementKind::Show);
        }
        if self.words(&["OPTIMIZE"]) {
            return Ok(StatementKind::Optimize);
        }
        if self.words(&["VACUUM"]) {
            return self.vacuum();
        }
        if self.are_words(&["USE", "SNAPSHOT"]) {
            let start = self.span();
            self.at += 2;
            self.take(TokenKind::Integer);
            let instead = "open the graph at a snapshot: open(path, snapshot=7)";
            let span = self.since(start);
            return Err(refused(self, "USE SNAPSHOT", instead, span));
        }
        if !self.starts_clause() {
            let known = of_another_dialect(self).or_else(|| self.misplaced());
            if let Some(error) = known {
                return Err(error);
            }
            let what = "a statement, such as MATCH, CREATE, EXPLAIN, COPY or SHOW";
            return Err(self.expected_words(what, &STATEMENTS));
        }
        let query = self.query()?;
        let query = Query::try_new(Arc::clone(text), query)?;
        Ok(StatementKind::Query(Arc::new(query)))
    }

    /// Whether a word that may start a clause comes next.
    fn starts_clause(&self) -> bool {
        let mut words = super::clause::CLAUSES.iter();
        words.any(|word| self.is_word(0, word))
            || self.is_word(0, "INSERT")
            || self.is_word(0, "NODETACH")
    }

    /// The query after EXPLAIN or PROFILE.
    fn explained(
        &mut self,
        options: crate::ExplainOptions,
        text: &Arc<str>,
    ) -> Result<StatementKind> {
        if !self.starts_clause() {
            let words = [&super::clause::CLAUSES[..], &super::explain::OPTIONS].concat();
            return Err(self.expected_words("an option of EXPLAIN or a query", &words));
        }
        let query = self.query()?;
        Ok(StatementKind::Explain {
            options,
            query: Arc::new(Query::try_new(Arc::clone(text), query)?),
        })
    }

    /// The kind of index that CREATE … INDEX makes, with its words; `None` for another CREATE.
    fn index_kind(&mut self) -> Result<Option<IndexKind>> {
        let vector = IndexKind::Vector {
            dimensions: 0,
            metric: VectorMetric::default(),
        };
        let known: [(&[&str], IndexKind); 4] = [
            (&["CREATE", "INDEX"], IndexKind::Range),
            (&["CREATE", "RANGE", "INDEX"], IndexKind::Range),
            (&["CREATE", "VECTOR", "INDEX"], vector),
            (&["CREATE", "FULLTEXT", "INDEX"], IndexKind::FullText),
        ];
        for (words, kind) in known {
            if self.words(words) {
                return Ok(Some(kind));
            }
        }
        for other in ["TEXT", "POINT", "LOOKUP"] {
            if self.are_words(&["CREATE", other, "INDEX"]) {
                let what = format!("CREATE {other} INDEX");
                return Err(self.source.unsupported(what, self.span()));
            }
        }
        Ok(None)
    }

    /// `[RETAIN hours HOURS] [KEEP number SNAPSHOTS]`.
    fn vacuum(&mut self) -> Result<StatementKind> {
        let (mut retain_hours, mut keep) = (None, None);
        loop {
            if self.words(&["RETAIN"]) {
                retain_hours = Some(self.count()?);
                self.expect_word("HOURS")?;
            } else if self.words(&["KEEP"]) {
                keep = Some(self.count()?);
                self.expect_word("SNAPSHOTS")?;
            } else {
                return Ok(StatementKind::Vacuum { retain_hours, keep });
            }
        }
    }

    fn show(&mut self) -> Result<ShowKind> {
        for (words, kind) in LISTS {
            if self.words(words) {
                return Ok(kind);
            }
        }
        if self.words(&["HYPEREDGE"]) {
            return Err(self.expected_words("TYPES", &["TYPES"]));
        }
        let what = "LABELS, HYPEREDGE TYPES, PROPERTIES, INDEXES, CONSTRAINTS, STATISTICS, SNAPSHOTS, FUNCTIONS or PROCEDURES";
        let lists = LISTS.iter().map(|(words, _)| words.join(" "));
        let lists: Vec<String> = lists.collect();
        let words: Vec<&str> = lists.iter().map(String::as_str).collect();
        Err(self.expected_words(what, &words))
    }
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{failure, statement};

    /// The statement, in the form of Rust.
    fn shown(text: &str) -> String {
        statement(text).map_or_else(|message| message, |kind| format!("{kind:?}"))
    }

    #[test]
    fn statements_of_grism() {
        for (text, expected) in [
            (
                "DROP HYPEREDGE TYPE M",
                r#"DropHyperedgeType { name: "M", if_exists: false }"#,
            ),
            (
                "DROP HYPEREDGE TYPE M IF EXISTS",
                r#"DropHyperedgeType { name: "M", if_exists: true }"#,
            ),
            (
                "DROP INDEX i",
                r#"DropIndex { name: "i", if_exists: false }"#,
            ),
            (
                "drop index i if exists;",
                r#"DropIndex { name: "i", if_exists: true }"#,
            ),
            ("OPTIMIZE", "Optimize"),
            ("VACUUM", "Vacuum { retain_hours: None, keep: None }"),
            (
                "VACUUM RETAIN 24 HOURS KEEP 3 SNAPSHOTS",
                "Vacuum { retain_hours: Some(24), keep: Some(3) }",
            ),
            ("SHOW LABELS", "Show(Labels)"),
            ("show hyperedge types", "Show(HyperedgeTypes)"),
            ("SHOW PROPERTIES", "Show(Properties)"),
            ("SHOW INDEXES", "Show(Indexes)"),
            ("SHOW CONSTRAINTS", "Show(Constraints)"),
            (
                "DROP CONSTRAINT c IF EXISTS",
                r#"DropConstraint { name: "c", if_exists: true }"#,
            ),
            ("SHOW STATISTICS", "Show(Statistics)"),
            ("SHOW SNAPSHOTS", "Show(Snapshots)"),
            ("SHOW FUNCTIONS", "Show(Functions)"),
            ("SHOW PROCEDURES", "Show(Procedures)"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn semicolons_part_statements() {
        let spans = |text: &str| -> Vec<String> {
            let statements = super::parse_input(text).unwrap();
            statements.iter().map(|own| own.text().to_owned()).collect()
        };
        assert_eq!(spans("RETURN 1"), ["RETURN 1"]);
        assert_eq!(
            spans(";; RETURN 1;; SHOW LABELS ;"),
            ["RETURN 1", "SHOW LABELS"]
        );
        assert_eq!(
            spans("RETURN ';' /* ; */; // ;\nRETURN 2"),
            ["RETURN ';'", "RETURN 2"]
        );
    }

    #[test]
    fn slips_in_statements_are_named() {
        for (text, expected) in [
            ("", "the query is empty"),
            (
                "RETURN 1 SHOW LABELS",
                "syntax error: unexpected `SHOW`; a new statement starts behind `;`",
            ),
            (
                "SHOW LABLES",
                "syntax error: unexpected `LABLES`; expected LABELS, HYPEREDGE TYPES, PROPERTIES, INDEXES, CONSTRAINTS, STATISTICS, SNAPSHOTS, FUNCTIONS or PROCEDURES; did you mean LABELS?",
            ),
            (
                "USE SNAPSHOT 7",
                "USE SNAPSHOT is not supported: open the graph at a snapshot: open(path, snapshot=7)",
            ),
            (
                "DROP X",
                "syntax error: unexpected `X`; expected INDEX, CONSTRAINT or HYPEREDGE TYPE",
            ),
            (
                "VACUUM RETAIN 3",
                "syntax error: unexpected end of the query; expected HOURS",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
