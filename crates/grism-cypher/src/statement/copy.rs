//! `COPY … FROM …` and `COPY … TO …`.

use std::collections::BTreeMap;

use grism_core::{Result, nearest};
use open_cypher::{Span, TokenKind};

use super::tokens::Reader;
use super::{CopyFrom, CopySource, CopyTo, Exported, MissingMember, RoleColumn, StatementKind};

impl Reader<'_> {
    pub(super) fn copy(&mut self) -> Result<StatementKind> {
        if self.peek(TokenKind::LeftParen) {
            let query = self.in_parentheses()?;
            if !self.words(&["TO"]) {
                return Err(self.expected("TO"));
            }
            return self.copy_to(Exported::Query(query));
        }
        let target = self.name("a label, a hyperedge type or a query in parentheses")?;
        if self.words(&["TO"]) {
            return self.copy_to(Exported::Named(target));
        }
        if !self.words(&["FROM"]) {
            return Err(self.expected("FROM"));
        }
        let path = self.string("the path of a file, in quotes")?;
        self.punctuation(
            TokenKind::LeftParen,
            "`(KEY column)` or `(ROLE role FROM column, …)`",
        )?;
        let (mut key, mut roles, mut options, mut missing) =
            (None, Vec::new(), BTreeMap::new(), MissingMember::Error);
        loop {
            if self.words(&["KEY"]) {
                key = Some(self.name("a column")?);
            } else if self.words(&["ROLE"]) {
                let role = self.name("a role")?;
                if !self.words(&["FROM"]) {
                    return Err(self.expected("FROM and a column"));
                }
                let column = self.name("a column")?;
                let label = if self.words(&["KEY"]) {
                    Some(self.name("a label")?)
                } else {
                    None
                };
                roles.push(RoleColumn {
                    role,
                    label,
                    column,
                });
            } else if self.words(&["MISSING"]) {
                missing = if self.words(&["CREATE"]) {
                    MissingMember::Create
                } else if self.words(&["ERROR"]) {
                    MissingMember::Error
                } else if self.words(&["REJECT"]) {
                    MissingMember::Reject(self.string("the path of the reject file, in quotes")?)
                } else {
                    return Err(self.expected("ERROR, CREATE or REJECT 'file'"));
                };
            } else {
                self.copy_option(&mut options)?;
            }
            if !self.take(TokenKind::Comma) {
                break;
            }
        }
        self.punctuation(TokenKind::RightParen, "`,` or `)`")?;
        let source = match (key, roles.is_empty()) {
            (Some(key), true) => CopySource::Nodes { key },
            (None, false) => CopySource::Hyperedges { roles },
            _ => {
                return Err(self.source.invalid(
                    "COPY needs either KEY or at least one ROLE",
                    self.tokens[0].span,
                ));
            }
        };
        self.end(StatementKind::CopyFrom(CopyFrom {
            target,
            path,
            source,
            options,
            missing,
        }))
    }

    /// The text between the parenthesis here and the one that closes it.
    fn in_parentheses(&mut self) -> Result<String> {
        let start = self.span().end;
        let mut depth = 0usize;
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            match token.kind {
                TokenKind::LeftParen => depth += 1,
                TokenKind::RightParen if depth == 1 => {
                    let span = Span::new(start, token.span.start);
                    return Ok(self.source.slice(span).to_owned());
                }
                TokenKind::RightParen => depth -= 1,
                _ => {}
            }
        }
        Err(self.expected("`)`"))
    }

    fn copy_to(&mut self, source: Exported) -> Result<StatementKind> {
        let path = self.string("the path of a file, in quotes")?;
        let mut options = BTreeMap::new();
        if self.take(TokenKind::LeftParen) {
            loop {
                self.copy_option(&mut options)?;
                if !self.take(TokenKind::Comma) {
                    break;
                }
            }
            self.punctuation(TokenKind::RightParen, "`,` or `)`")?;
        }
        self.end(StatementKind::CopyTo(CopyTo {
            source,
            path,
            options,
        }))
    }

    fn copy_option(&mut self, options: &mut BTreeMap<String, String>) -> Result<()> {
        const KNOWN: [&str; 10] = [
            "KEY",
            "ROLE",
            "MISSING",
            "FORMAT",
            "COMPRESSION",
            "DELIMITER",
            "QUOTE",
            "HEADER",
            "NULL",
            "REJECT",
        ];
        let span = self.span();
        let name = self.name("an option")?.to_ascii_uppercase();
        if !KNOWN[3..].contains(&name.as_str()) {
            let hint = nearest(&name, KNOWN)
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            return Err(self
                .source
                .invalid(format!("COPY has no option {name}{hint}"), span));
        }
        let value = if self.peek(TokenKind::String) {
            self.string("a value")?
        } else {
            self.name("a value")?
        };
        options.insert(name, value);
        Ok(())
    }
}
