//! Clauses that read, and the choice of a clause by its first words.

use grism_core::Result;

use super::cursor::Parser;
use super::dialect::refused;
use super::lexer::TokenKind;
use crate::syntax::{
    CallClause, Clause, ClauseKind, Expr, Imports, LoadForm, LoadRowsClause, MatchClause,
    OrderItem, ProcedureTarget, Projection, ProjectionItem, ProjectionItemKind, Span,
    SubqueryClause, Transactions, UnwindClause, WithClause, YieldClause, YieldItem,
};

/// The words that start a clause.
pub(super) const CLAUSES: [&str; 15] = [
    "MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN", "CALL", "CREATE", "MERGE", "SET", "REMOVE",
    "DELETE", "DETACH", "FOREACH", "LOAD", "UNION",
];

impl Parser<'_> {
    /// The clause that starts here; `None` where none does.
    pub(super) fn clause(&mut self) -> Result<Option<Clause>> {
        let start = self.span();
        let kind = if self.words(&["MATCH"]) {
            self.match_clause(false)?
        } else if self.words(&["OPTIONAL", "MATCH"]) {
            self.match_clause(true)?
        } else if self.words(&["UNWIND"]) {
            self.unwind()?
        } else if self.words(&["WITH"]) {
            let projection = self.projection(start)?;
            let predicate = self.where_predicate()?;
            ClauseKind::With(WithClause {
                projection,
                predicate,
            })
        } else if self.words(&["RETURN"]) {
            ClauseKind::Return(self.projection(start)?)
        } else if self.words(&["CALL"]) {
            self.call_clause(false)?
        } else if self.words(&["OPTIONAL", "CALL"]) {
            self.call_clause(true)?
        } else if self.words(&["OPTIONAL"]) {
            return Err(self.expected_words("MATCH or CALL", &["MATCH", "CALL"]));
        } else if self.words(&["LOAD"]) {
            self.load_rows()?
        } else {
            match self.write_clause()? {
                Some(kind) => kind,
                None => return Ok(None),
            }
        };
        let span = self.since(start);
        Ok(Some(Clause { kind, span }))
    }

    fn match_clause(&mut self, optional: bool) -> Result<ClauseKind> {
        self.match_mode()?;
        let pattern = self.pattern()?;
        self.follow = "a relationship, `,`, WHERE";
        let predicate = self.where_predicate()?;
        Ok(ClauseKind::Match(MatchClause {
            optional,
            pattern,
            predicate,
        }))
    }

    pub(super) fn where_predicate(&mut self) -> Result<Option<Expr>> {
        if !self.words(&["WHERE"]) {
            return Ok(None);
        }
        let predicate = self.expression()?;
        self.follow = "an operator";
        Ok(Some(predicate))
    }

    fn unwind(&mut self) -> Result<ClauseKind> {
        if self.is_word(0, "AS") && self.is_keyword(0) {
            return Err(self.expected("a list"));
        }
        let expression = self.expression()?;
        if !self.words(&["AS"]) {
            return Err(self.expected_words("an operator or AS and a variable", &["AS"]));
        }
        let variable = self.variable("a variable")?;
        self.follow = "";
        Ok(ClauseKind::Unwind(UnwindClause {
            expression,
            variable,
        }))
    }

    /// What WITH and RETURN list, after the word.
    fn projection(&mut self, start: Span) -> Result<Projection> {
        let keyword = self.is_word(0, "DISTINCT")
            && (self.starts_operand(1) || self.are(1, &[TokenKind::Star]));
        let distinct = keyword && self.words(&["DISTINCT"]);
        let items = self.comma_separated(Self::projection_item)?;
        let has_alias = matches!(
            items.last().map(|item| &item.kind),
            Some(
                ProjectionItemKind::Expression { alias: Some(_), .. }
                    | ProjectionItemKind::Wildcard
            )
        );
        self.follow = match has_alias {
            true => "`,`, ORDER BY, SKIP, LIMIT",
            false => "an operator, AS, `,`, ORDER BY, SKIP, LIMIT",
        };
        let mut order_by = Vec::new();
        if self.words(&["ORDER", "BY"]) {
            order_by = self.comma_separated(Self::order_item)?;
            self.follow = "an operator, ASC, DESC, `,`, SKIP, LIMIT";
        } else if self.is_word(0, "ORDER") {
            self.at += 1;
            return Err(self.expected_words("BY", &["BY"]));
        }
        let mut skip = None;
        if self.words(&["SKIP"]) || self.words(&["OFFSET"]) {
            skip = Some(self.expression()?);
            self.follow = "an operator, LIMIT";
        }
        let mut limit = None;
        if self.words(&["LIMIT"]) {
            limit = Some(self.expression()?);
            self.follow = "an operator";
            if self.is(TokenKind::Comma) {
                let message = "LIMIT takes one number; rows are left out by SKIP before it";
                return Err(self.syntax_error(message, self.span()));
            }
        }
        Ok(Projection {
            distinct,
            items,
            order_by,
            skip,
            limit,
            span: self.since(start),
        })
    }

    fn projection_item(&mut self) -> Result<ProjectionItem> {
        let start = self.span();
        let kind = if self.take(TokenKind::Star) {
            ProjectionItemKind::Wildcard
        } else {
            let expression = self.expression()?;
            let alias = match self.words(&["AS"]) {
                true => Some(self.variable("a name for the column")?),
                false => None,
            };
            ProjectionItemKind::Expression { expression, alias }
        };
        Ok(ProjectionItem {
            kind,
            span: self.since(start),
        })
    }

    fn order_item(&mut self) -> Result<OrderItem> {
        let outer = std::mem::replace(&mut self.around.orders, true);
        let expression = self.expression()?;
        self.around.orders = outer;
        let descending = self.words(&["DESC"]) || self.words(&["DESCENDING"]);
        if !descending && !self.words(&["ASC"]) {
            self.words(&["ASCENDING"]);
        }
        let nulls_first = if self.words(&["NULLS", "FIRST"]) {
            Some(true)
        } else if self.words(&["NULLS", "LAST"]) {
            Some(false)
        } else {
            None
        };
        Ok(OrderItem {
            expression,
            descending,
            nulls_first,
        })
    }

    /// A call of a procedure or a subquery, after CALL.
    fn call_clause(&mut self, optional: bool) -> Result<ClauseKind> {
        if self.is(TokenKind::LeftBrace) || self.is(TokenKind::LeftParenthesis) {
            return self.subquery_clause(optional);
        }
        let name = self.qualified_name("the name of a procedure, `{` or `(`")?;
        let mut arguments = None;
        if self.take(TokenKind::LeftParenthesis) {
            let mut given = Vec::new();
            if !self.is(TokenKind::RightParenthesis) {
                given = self.comma_separated(Self::expression)?;
            }
            self.expect(TokenKind::RightParenthesis, "an operator, `,` or `)`")?;
            arguments = Some(given);
        }
        self.follow = "YIELD";
        let mut yields = None;
        if self.words(&["YIELD"]) {
            let items = match self.take(TokenKind::Star) {
                true => None,
                false => Some(self.comma_separated(Self::yield_item)?),
            };
            self.follow = "AS, `,`, WHERE";
            let predicate = self.where_predicate()?;
            yields = Some(YieldClause { items, predicate });
        }
        Ok(ClauseKind::Call(CallClause {
            optional,
            target: ProcedureTarget { name, arguments },
            yields,
        }))
    }

    fn yield_item(&mut self) -> Result<YieldItem> {
        let column = self.name("a column of the procedure or `*`")?;
        if self.are(0, &[TokenKind::LeftParenthesis]) || self.is(TokenKind::Dot) {
            return Err(self.expected("AS, `,` or WHERE: YIELD names columns"));
        }
        let alias = match self.words(&["AS"]) {
            true => Some(self.variable("a variable")?),
            false => None,
        };
        Ok(YieldItem { column, alias })
    }

    /// `[(imports)] { query } [IN TRANSACTIONS [OF n ROWS]]`, after CALL.
    fn subquery_clause(&mut self, optional: bool) -> Result<ClauseKind> {
        let mut imports = None;
        if self.take(TokenKind::LeftParenthesis) {
            imports = Some(if self.take(TokenKind::Star) {
                Imports::All
            } else if self.is(TokenKind::RightParenthesis) {
                Imports::Names(Vec::new())
            } else {
                Imports::Names(self.comma_separated(|parser| parser.variable("a variable"))?)
            });
            self.expect(TokenKind::RightParenthesis, "`,` or `)`")?;
        }
        self.expect(TokenKind::LeftBrace, "`{` and a query")?;
        let query = Box::new(self.nested(Self::query)?);
        self.expect(TokenKind::RightBrace, "a clause or `}`")?;
        let transactions = self.transactions()?;
        self.follow = "IN TRANSACTIONS";
        Ok(ClauseKind::Subquery(SubqueryClause {
            optional,
            imports,
            query,
            transactions,
        }))
    }

    /// `IN TRANSACTIONS [OF n ROWS]`, after the subquery.
    fn transactions(&mut self) -> Result<Option<Transactions>> {
        let start = self.span();
        if let Some(last) = self.ends_concurrent() {
            let what = "IN … CONCURRENT TRANSACTIONS";
            let instead = "write IN TRANSACTIONS, which commits one batch after another";
            return Err(refused(self, what, instead, start.to(last)));
        }
        if !self.words(&["IN", "TRANSACTIONS"]) {
            return Ok(None);
        }
        self.refuse_transaction_options()?;
        let mut rows = None;
        if self.words(&["OF"]) {
            rows = Some(self.expression()?);
            if !self.words(&["ROWS"]) && !self.words(&["ROW"]) {
                return Err(self.expected_words("an operator or ROWS", &["ROWS"]));
            }
        }
        let span = self.since(start);
        self.refuse_transaction_options()?;
        Ok(Some(Transactions { rows, span }))
    }

    /// The end of `IN [n] CONCURRENT TRANSACTIONS`, where that comes next.
    fn ends_concurrent(&self) -> Option<Span> {
        /// Tokens of `IN $n CONCURRENT TRANSACTIONS`.
        const LONGEST: usize = 5;
        if !self.is_word(0, "IN") {
            return None;
        }
        let mut places = 2..LONGEST;
        let last = places.find(|ahead| {
            self.is_word(*ahead - 1, "CONCURRENT") && self.is_word(*ahead, "TRANSACTIONS")
        })?;
        Some(self.token(last)?.span)
    }

    /// Refuses what other dialects write behind IN TRANSACTIONS.
    fn refuse_transaction_options(&self) -> Result<()> {
        let options: [(&[&str], &str); 5] = [
            (
                &["ON", "ERROR", "CONTINUE"],
                "the first error ends the statement; leave out the rows that fail, by a WHERE before the subquery",
            ),
            (
                &["ON", "ERROR", "BREAK"],
                "the first error ends the statement, and the batches before it stay committed",
            ),
            (
                &["ON", "ERROR", "FAIL"],
                "leave it out: the first error ends the statement",
            ),
            (
                &["ON", "ERROR"],
                "the first error ends the statement; run it again for the rows that are not written yet",
            ),
            (
                &["REPORT", "STATUS"],
                "an error is raised; what was committed is listed by SHOW SNAPSHOTS",
            ),
        ];
        for (words, instead) in options {
            if self.are_words(words) {
                let last = self.token(words.len() - 1);
                let span = last.map_or(self.span(), |last| self.span().to(last.span));
                return Err(refused(self, &words.join(" "), instead, span));
            }
        }
        Ok(())
    }

    /// A source of rows, after LOAD.
    fn load_rows(&mut self) -> Result<ClauseKind> {
        if self.words(&["CSV"]) {
            return self.load_csv();
        }
        if !self.words(&["FROM"]) {
            return Err(self.expected_words("CSV or FROM", &["CSV", "FROM"]));
        }
        let source = self.expression()?;
        let mut options = Vec::new();
        if self.take(TokenKind::LeftParenthesis) {
            self.comma_separated(|parser| parser.file_option(&mut options))?;
            self.expect(TokenKind::RightParenthesis, "`,` or `)`")?;
        }
        if !self.words(&["AS"]) {
            return Err(self.expected_words("an operator or AS and a variable", &["AS"]));
        }
        Ok(ClauseKind::LoadRows(LoadRowsClause {
            form: LoadForm::Rows(options),
            source,
            variable: self.variable("a variable")?,
        }))
    }

    /// `[WITH HEADERS] FROM source AS variable [FIELDTERMINATOR text]`, after LOAD CSV.
    fn load_csv(&mut self) -> Result<ClauseKind> {
        let headers = self.words(&["WITH", "HEADERS"]);
        if !self.words(&["FROM"]) {
            return Err(self.expected_words("WITH HEADERS or FROM", &["FROM", "WITH"]));
        }
        let source = self.expression()?;
        if !self.words(&["AS"]) {
            return Err(self.expected_words("an operator or AS and a variable", &["AS"]));
        }
        let variable = self.variable("a variable")?;
        let mut terminator = None;
        if self.words(&["FIELDTERMINATOR"]) {
            let span = self.span();
            terminator = Some((self.string("a character, in quotes")?, span));
        }
        self.follow = "FIELDTERMINATOR";
        Ok(ClauseKind::LoadRows(LoadRowsClause {
            form: LoadForm::Csv {
                headers,
                terminator,
            },
            source,
            variable,
        }))
    }
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{clauses, failure};

    #[test]
    fn clauses_that_read() {
        for (text, expected) in [
            (
                "OPTIONAL MATCH (n) WHERE n.x RETURN n",
                "OPTIONAL MATCH (n) WHERE n.x RETURN n",
            ),
            ("UNWIND [1, 2] AS x RETURN x", "UNWIND [1, 2] AS x RETURN x"),
            (
                "WITH *, 1 AS x WHERE x RETURN DISTINCT *",
                "WITH *, 1 AS x WHERE x RETURN DISTINCT *",
            ),
            (
                "RETURN a AS b, c ORDER BY b DESC, c ASC NULLS FIRST, d DESCENDING NULLS LAST SKIP 1 LIMIT $n",
                "RETURN a AS b, c ORDER BY b DESC, c NULLS FIRST, d DESC NULLS LAST SKIP 1 LIMIT $n",
            ),
            ("RETURN a OFFSET 1", "RETURN a SKIP 1"),
            (
                "WITH a ORDER BY a LIMIT 1 WHERE a RETURN a",
                "WITH a ORDER BY a LIMIT 1 WHERE a RETURN a",
            ),
            ("RETURN distinct", "RETURN distinct"),
            ("RETURN DISTINCT a, b", "RETURN DISTINCT a, b"),
            (
                "RETURN 1 AS x UNION ALL RETURN 2 AS x UNION DISTINCT RETURN 3 AS x",
                "RETURN 1 AS x UNION ALL RETURN 2 AS x UNION RETURN 3 AS x",
            ),
        ] {
            assert_eq!(clauses(text), expected, "{text}");
        }
    }

    #[test]
    fn calls() {
        for (text, expected) in [
            ("CALL db.labels", "CALL db.labels"),
            ("CALL db.labels()", "CALL db.labels()"),
            (
                "CALL a.b(1, x) YIELD c AS d, e WHERE d > 1 RETURN d",
                "CALL a.b(1, x) YIELD c AS d, e WHERE (d > 1) RETURN d",
            ),
            ("CALL a() YIELD * RETURN 1", "CALL a() YIELD * RETURN 1"),
            (
                "OPTIONAL CALL a() YIELD b RETURN b",
                "OPTIONAL CALL a() YIELD b RETURN b",
            ),
            (
                "CALL { RETURN 1 AS x } RETURN x",
                "CALL {RETURN 1 AS x} RETURN x",
            ),
            (
                "CALL (a, b) { CREATE (:A) } RETURN 1",
                "CALL (a, b) {CREATE (:A)} RETURN 1",
            ),
            (
                "CALL (*) { RETURN 1 AS x } RETURN x",
                "CALL (*) {RETURN 1 AS x} RETURN x",
            ),
            (
                "CALL () { RETURN 1 AS x UNION RETURN 2 AS x } RETURN x",
                "CALL () {RETURN 1 AS x UNION RETURN 2 AS x} RETURN x",
            ),
            (
                "OPTIONAL CALL (a) { RETURN 1 AS x } RETURN x",
                "OPTIONAL CALL (a) {RETURN 1 AS x} RETURN x",
            ),
            (
                "CALL { CREATE (:A) } IN TRANSACTIONS",
                "CALL {CREATE (:A)} IN TRANSACTIONS",
            ),
            (
                "CALL (r) { CREATE (:A) } IN TRANSACTIONS OF 10 ROWS",
                "CALL (r) {CREATE (:A)} IN TRANSACTIONS OF 10 ROWS",
            ),
        ] {
            assert_eq!(clauses(text), expected, "{text}");
        }
    }

    #[test]
    fn transactions_of_other_dialects_are_refused() {
        for (text, expected) in [
            (
                "IN 4 CONCURRENT TRANSACTIONS",
                "IN … CONCURRENT TRANSACTIONS is not supported: write IN TRANSACTIONS, which commits one batch after another",
            ),
            (
                "IN $n CONCURRENT TRANSACTIONS OF 10 ROWS",
                "IN … CONCURRENT TRANSACTIONS is not supported: write IN TRANSACTIONS, which commits one batch after another",
            ),
            (
                "IN CONCURRENT TRANSACTIONS",
                "IN … CONCURRENT TRANSACTIONS is not supported: write IN TRANSACTIONS, which commits one batch after another",
            ),
            (
                "IN TRANSACTIONS OF 10 ROWS ON ERROR CONTINUE",
                "ON ERROR CONTINUE is not supported: the first error ends the statement; leave out the rows that fail, by a WHERE before the subquery",
            ),
            (
                "IN TRANSACTIONS ON ERROR BREAK",
                "ON ERROR BREAK is not supported: the first error ends the statement, and the batches before it stay committed",
            ),
            (
                "IN TRANSACTIONS OF 10 ROWS ON ERROR FAIL",
                "ON ERROR FAIL is not supported: leave it out: the first error ends the statement",
            ),
            (
                "IN TRANSACTIONS ON ERROR RETRY",
                "ON ERROR is not supported: the first error ends the statement; run it again for the rows that are not written yet",
            ),
            (
                "IN TRANSACTIONS REPORT STATUS AS s",
                "REPORT STATUS is not supported: an error is raised; what was committed is listed by SHOW SNAPSHOTS",
            ),
        ] {
            let query = format!("UNWIND [1] AS i CALL (i) {{ CREATE (:A) }} {text}");
            assert_eq!(failure(&query), expected, "{text}");
        }
    }

    #[test]
    fn values_name_no_variables() {
        for (text, word) in [
            ("WITH 5 AS null RETURN 1", "null"),
            ("RETURN 1 AS TRUE", "TRUE"),
            ("UNWIND [1] AS false RETURN 1", "false"),
            ("MATCH (null) RETURN 1", "null"),
            ("MATCH ()-[true:R]->() RETURN 1", "true"),
            ("MATCH null = (a) RETURN 1", "null"),
            ("RETURN [null IN [1] | 1]", "null"),
            ("RETURN any(true IN [1] WHERE 1)", "true"),
            ("CALL (null) { RETURN 1 AS x } RETURN x", "null"),
        ] {
            let expected = format!(
                "syntax error: unexpected `{word}`, which is a value; a variable of this name stands in backticks"
            );
            assert_eq!(failure(text), expected, "{text}");
        }
        assert_eq!(
            clauses("WITH 5 AS `null` RETURN `null` AS `true`"),
            "WITH 5 AS null RETURN null AS true"
        );
    }

    #[test]
    fn loads_of_rows() {
        for (text, expected) in [
            (
                "LOAD CSV FROM 'a' AS r RETURN r",
                r#"LOAD CSV FROM "a" AS r RETURN r"#,
            ),
            (
                "LOAD CSV WITH HEADERS FROM $f AS r FIELDTERMINATOR ';' RETURN r.a",
                r#"LOAD CSV WITH HEADERS FROM $f AS r FIELDTERMINATOR ";" RETURN r.a"#,
            ),
            (
                "LOAD FROM $f AS r RETURN r.a",
                "LOAD FROM $f AS r RETURN r.a",
            ),
            (
                "UNWIND [1] AS x load from ('a' + x) (null 'NA', type `b c` int) as r RETURN r",
                r#"UNWIND [1] AS x LOAD FROM paren(("a" + x)) (NULL "NA", TYPE `b c` "int") AS r RETURN r"#,
            ),
        ] {
            assert_eq!(clauses(text), expected, "{text}");
        }
    }

    #[test]
    fn slips_in_clauses_are_named() {
        for (text, expected) in [
            (
                "UNWIND l x RETURN x",
                "syntax error: unexpected `x`; expected an operator or AS and a variable",
            ),
            (
                "RETURN 1 LIMIT 1 SKIP 1",
                "syntax error: SKIP stands once, behind what RETURN or WITH lists, before LIMIT",
            ),
            (
                "RETURN 1 LIMIT 5, 10",
                "syntax error: LIMIT takes one number; rows are left out by SKIP before it",
            ),
            (
                "MATCH (n) RETRUN n",
                "syntax error: unexpected `RETRUN`; expected a relationship, `,`, WHERE, a clause or the end of the query; did you mean RETURN?",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
