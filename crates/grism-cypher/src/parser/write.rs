//! Clauses that write.

use grism_core::Result;

use super::cursor::Parser;
use super::dialect::{of_another_dialect, refused};
use super::lexer::TokenKind;
use crate::syntax::{
    Clause, ClauseKind, DeleteClause, Expr, ExprKind, ForeachClause, LabelExpression, MergeAction,
    MergeClause, MergeTrigger, Name, RemoveItem, RemoveItemKind, SetItem, SetItemKind,
};

impl Parser<'_> {
    /// The clause that starts here and writes; `None` where none does.
    pub(super) fn write_clause(&mut self) -> Result<Option<ClauseKind>> {
        let kind = if self.words(&["CREATE"]) || self.insert() {
            self.create()?
        } else if self.words(&["MERGE"]) {
            self.merge()?
        } else if self.words(&["SET"]) {
            let items = self.comma_separated(Self::set_item)?;
            self.follow = "an operator, `,`";
            ClauseKind::Set(items)
        } else if self.words(&["REMOVE"]) {
            let items = self.comma_separated(Self::remove_item)?;
            self.follow = "`,`";
            ClauseKind::Remove(items)
        } else if ["DELETE", "DETACH", "NODETACH"]
            .iter()
            .any(|word| self.is_word(0, word))
        {
            // `DELETE from RETURN …` deletes a variable.
            let names_table = self.is_name(2) && !self.is_keyword(2);
            if self.are_words(&["DELETE", "FROM"]) && names_table {
                return Err(self.expected("an expression"));
            }
            let detach = self.words(&["DETACH"]);
            self.words(&["NODETACH"]);
            self.expect_word("DELETE")?;
            let expressions = self.comma_separated(Self::expression)?;
            self.follow = "an operator, `,`";
            ClauseKind::Delete(DeleteClause {
                detach,
                expressions,
            })
        } else if self.words(&["FOREACH"]) {
            self.foreach()?
        } else {
            return Ok(None);
        };
        Ok(Some(kind))
    }

    /// A pattern, after CREATE.
    fn create(&mut self) -> Result<ClauseKind> {
        if !self.starts_pattern() {
            self.at -= 1;
            let is_first = self.at_start();
            if let Some(error) = of_another_dialect(self) {
                return Err(error);
            }
            self.at += 1;
            let words = ["HYPEREDGE", "INDEX", "VECTOR", "FULLTEXT", "RANGE"];
            return Err(match is_first {
                true => self.expected_words("a pattern, HYPEREDGE TYPE or INDEX", &words),
                false => self.expected("a pattern, which starts with `(`"),
            });
        }
        let pattern = self.pattern()?;
        self.follow = "a relationship, `,`";
        Ok(ClauseKind::Create(pattern))
    }

    /// INSERT, as GQL calls CREATE.
    fn insert(&mut self) -> bool {
        let found = self.is_word(0, "INSERT") && self.are(1, &[TokenKind::LeftParenthesis]);
        self.at += usize::from(found);
        found
    }

    fn merge(&mut self) -> Result<ClauseKind> {
        let path = self.path_pattern()?;
        if self.is(TokenKind::Comma) {
            let message = "MERGE takes one path; write a MERGE for each";
            return Err(self.syntax_error(message, self.span()));
        }
        if self.are_words(&["CREATE", "SET"]) || self.are_words(&["MATCH", "SET"]) {
            let word = self.text(0).to_ascii_uppercase();
            let message = format!("unexpected `{word} SET`; expected ON before it");
            let span = self
                .token(1)
                .map_or(self.span(), |last| self.span().to(last.span));
            return Err(self.syntax_error(message, span));
        }
        let mut actions = Vec::new();
        while self.is_word(0, "ON") {
            self.at += 1;
            let trigger = if self.words(&["CREATE"]) {
                MergeTrigger::Create
            } else if self.words(&["MATCH"]) {
                MergeTrigger::Match
            } else {
                return Err(self.expected_words("CREATE or MATCH", &["CREATE", "MATCH"]));
            };
            self.expect_word("SET")?;
            let items = self.comma_separated(Self::set_item)?;
            actions.push(MergeAction { trigger, items });
        }
        self.follow = match actions.is_empty() {
            true => "a relationship, ON CREATE SET, ON MATCH SET",
            false => "an operator, `,`, ON CREATE SET, ON MATCH SET",
        };
        Ok(ClauseKind::Merge(MergeClause { path, actions }))
    }

    fn set_item(&mut self) -> Result<SetItem> {
        let start = self.span();
        let kind = if self.is_name(0) && self.are(1, &[TokenKind::Equal]) {
            let target = self.variable("a variable")?;
            self.at += 1;
            let value = self.expression()?;
            SetItemKind::ReplaceProperties { target, value }
        } else if self.is_name(0) && self.are(1, &[TokenKind::PlusEqual]) {
            let target = self.variable("a variable")?;
            self.at += 1;
            let value = self.expression()?;
            SetItemKind::MergeProperties { target, value }
        } else if let Some((target, labels)) = self.labelled_variable()? {
            SetItemKind::Labels { target, labels }
        } else {
            let target = self.property_target("SET")?;
            if self.is(TokenKind::PlusEqual) {
                let message = "`+=` adds the entries of a map to a variable; write n.x = n.x + 1";
                return Err(self.syntax_error(message, self.span()));
            }
            self.expect(TokenKind::Equal, "`=` and a value")?;
            let value = self.expression()?;
            SetItemKind::Property { target, value }
        };
        Ok(SetItem {
            kind,
            span: self.since(start),
        })
    }

    fn remove_item(&mut self) -> Result<RemoveItem> {
        let start = self.span();
        let kind = match self.labelled_variable()? {
            Some((target, labels)) => RemoveItemKind::Labels { target, labels },
            None => RemoveItemKind::Property(self.property_target("REMOVE")?),
        };
        Ok(RemoveItem {
            kind,
            span: self.since(start),
        })
    }

    /// `variable:Label` or `variable IS Label`.
    fn labelled_variable(&mut self) -> Result<Option<(Name, LabelExpression)>> {
        if !self.is_name(0) || !(self.are(1, &[TokenKind::Colon]) || self.is_word(1, "IS")) {
            return Ok(None);
        }
        let target = self.variable("a variable")?;
        self.at += 1;
        Ok(Some((target, self.label_expression()?)))
    }

    /// `base.key`, whose base may be any operand.
    fn property_target(&mut self, clause: &str) -> Result<Expr> {
        let target = self.operand()?;
        match &target.kind {
            ExprKind::Property { .. } => Ok(target),
            ExprKind::Index { .. } => {
                let what = format!("{clause} of a computed key");
                let instead = "write SET n += {key: value}";
                Err(refused(self, &what, instead, target.span))
            }
            _ => {
                if let Some(error) = self.missing_expression() {
                    return Err(error);
                }
                let takes = match clause {
                    "SET" => "n.key = value, n:Label, n = map or n += map",
                    _ => "n.key or n:Label",
                };
                Err(self.syntax_error(format!("{clause} takes {takes}"), target.span))
            }
        }
    }

    /// `(variable IN list | clauses)`, after FOREACH.
    fn foreach(&mut self) -> Result<ClauseKind> {
        let bar = self.tokens.bracket(self.at).last_bar;
        self.expect(TokenKind::LeftParenthesis, "`(`")?;
        let variable = self.variable("a variable")?;
        self.expect_word("IN")?;
        let outer = std::mem::take(&mut self.around);
        // A clause may hold bars of its own, so the list ends at the first one that ends an expression.
        self.around.bar = bar;
        let list = self.expression()?;
        self.around = outer;
        self.expect(TokenKind::Bar, "an operator or `|`")?;
        let clauses = self.nested(|parser| {
            let mut clauses: Vec<Clause> = Vec::new();
            while let Some(clause) = parser.clause()? {
                if !clause.is_write() {
                    return Err(parser
                        .source
                        .invalid(
                            "FOREACH holds clauses that write, and no others",
                            clause.span,
                        )
                        .with_code("SyntaxError:InvalidClauseComposition"));
                }
                clauses.push(clause);
            }
            Ok(clauses)
        })?;
        if clauses.is_empty() {
            let words = ["CREATE", "MERGE", "SET", "REMOVE", "DELETE", "FOREACH"];
            return Err(self.expected_words("a clause that writes", &words));
        }
        let what = match self.follow.is_empty() {
            true => "a clause that writes or `)`".to_owned(),
            false => format!("{}, a clause that writes or `)`", self.follow),
        };
        self.expect(TokenKind::RightParenthesis, &what)?;
        self.follow = "";
        Ok(ClauseKind::Foreach(ForeachClause {
            variable,
            list,
            clauses,
        }))
    }
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{clauses, failure};

    #[test]
    fn clauses_that_write() {
        for (text, expected) in [
            (
                "CREATE (a:A {k: 1})-[:R]->(b), (c)",
                "CREATE (a:A {k: 1})-[:R]->(b), (c)",
            ),
            ("INSERT (:A)", "CREATE (:A)"),
            (
                "MERGE (n:A) ON CREATE SET n.x = 1, n:B ON MATCH SET n += {y: 2}",
                "MERGE (n:A) ON CREATE SET n.x = 1, n:B ON MATCH SET n += {y: 2}",
            ),
            (
                "MATCH (n) SET n.a = 1, n = m, n += $p, n:A:B, n IS C",
                "MATCH (n) SET n.a = 1, n = all m, n += $p, n:(A & B), n:C",
            ),
            (
                "MATCH (n) SET head(l).a = 1, (n).b.c = 2",
                "MATCH (n) SET head(l).a = 1, paren(n).b.c = 2",
            ),
            ("MATCH (n) REMOVE n.a, n:A", "MATCH (n) REMOVE n.a, n:A"),
            ("MATCH (n) DELETE n, n.a", "MATCH (n) DELETE n, n.a"),
            ("MATCH (n) DETACH DELETE n", "MATCH (n) DETACH DELETE n"),
            ("MATCH (n) NODETACH DELETE n", "MATCH (n) DELETE n"),
            (
                "MATCH (from) DELETE from RETURN 1",
                "MATCH (from) DELETE from RETURN 1",
            ),
        ] {
            assert_eq!(clauses(text), expected, "{text}");
        }
    }

    #[test]
    fn foreach() {
        for (text, expected) in [
            (
                "FOREACH (x IN [1, 2] | CREATE (:A {k: x}))",
                "FOREACH(x IN [1, 2] | CREATE (:A {k: x}))",
            ),
            (
                "FOREACH (x IN l | SET x.a = 1 DELETE y FOREACH (z IN x | REMOVE z.b))",
                "FOREACH(x IN l | SET x.a = 1 DELETE y FOREACH(z IN x | REMOVE z.b))",
            ),
        ] {
            assert_eq!(clauses(text), expected, "{text}");
        }
    }

    #[test]
    fn slips_in_writing_are_named() {
        for (text, expected) in [
            (
                "MERGE (n) CREATE SET n.a = 1",
                "syntax error: unexpected `CREATE SET`; expected ON before it",
            ),
            (
                "MERGE (a), (b)",
                "syntax error: MERGE takes one path; write a MERGE for each",
            ),
            (
                "MATCH (n) SET n.a += 1",
                "syntax error: `+=` adds the entries of a map to a variable; write n.x = n.x + 1",
            ),
            (
                "MATCH (n) SET n['a'] = 1",
                "SET of a computed key is not supported: write SET n += {key: value}",
            ),
            (
                "MATCH (n) SET f(n) = 1",
                "syntax error: SET takes n.key = value, n:Label, n = map or n += map",
            ),
            (
                "FOREACH (x IN l | RETURN x)",
                "FOREACH holds clauses that write, and no others",
            ),
            (
                "DELETE FROM A",
                "DELETE FROM is not supported: write MATCH (n:Label) DELETE n",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
