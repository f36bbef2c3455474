//! Queries: clauses in order, and branches that UNION joins.

use grism_core::{Error, Result};

use super::clause::CLAUSES;
use super::cursor::Parser;
use super::dialect::of_another_dialect;
use super::lexer::TokenKind;
use crate::syntax::{Query, SingleQuery, Union};

impl Parser<'_> {
    /// A query, up to what follows it.
    pub(super) fn query(&mut self) -> Result<Query> {
        let start = self.span();
        let head = self.single_query()?;
        let mut unions = Vec::new();
        while self.is_word(0, "UNION") {
            let place = self.span();
            self.at += 1;
            let all = self.words(&["ALL"]);
            if !all {
                self.words(&["DISTINCT"]);
            }
            let span = self.since(place);
            let query = self.single_query()?;
            unions.push(Union { all, span, query });
        }
        Ok(Query {
            head,
            unions,
            span: self.since(start),
        })
    }

    fn single_query(&mut self) -> Result<SingleQuery> {
        let start = self.span();
        self.follow = "";
        let mut clauses = Vec::new();
        while let Some(clause) = self.clause()? {
            clauses.push(clause);
        }
        if clauses.is_empty() {
            return Err(self.expected_words("a clause, such as MATCH or RETURN", &CLAUSES));
        }
        // What follows a query is the caller's to check, but for what can only be a mistake within it.
        let ends = match self.kind(0) {
            None
            | Some(TokenKind::Semicolon | TokenKind::RightBrace | TokenKind::RightParenthesis) => {
                true
            }
            _ => self.is_word(0, "UNION"),
        };
        if !ends {
            return Err(self.no_clause());
        }
        Ok(SingleQuery {
            clauses,
            span: self.since(start),
        })
    }

    /// The error for what neither goes on with a clause nor starts one.
    pub(super) fn no_clause(&self) -> Error {
        let known = of_another_dialect(self).or_else(|| self.misplaced());
        if let Some(error) = known {
            return error;
        }
        let what = match self.follow {
            "" => "a clause or the end of the query".to_owned(),
            follow => format!("{follow}, a clause or the end of the query"),
        };
        let mut words = CLAUSES.to_vec();
        for word in self.follow.split([',', ' ']) {
            if word.len() > 1 && word.chars().all(|letter| letter.is_ascii_uppercase()) {
                words.push(word);
            }
        }
        self.expected_words(&what, &words)
    }
}
