//! `CREATE … INDEX`.

use grism_core::{IndexDefinition, IndexKind, Result, VectorMetric, nearest};

use super::cursor::Parser;
use super::declared_entity::Declared;
use super::dialect::refused;
use super::lexer::TokenKind;
use super::shortened::shortened;
use crate::statement::StatementKind;

/// The most numbers that a vector of an index has.
const MOST_DIMENSIONS: u32 = 1 << 16;

impl Parser<'_> {
    /// `[name] [IF NOT EXISTS] FOR (n:Label) ON (n.property) [OPTIONS {…}]`, or `FOR ()-[r:TYPE]-() ON (r.property)`; of a
    /// full-text index `ON EACH [n.property]` too. The first words are read already.
    pub(super) fn create_index(&mut self, kind: IndexKind) -> Result<StatementKind> {
        let old_form = match self.is_word(0, "ON") {
            true => self.is_name(1) || self.kind(1) == Some(TokenKind::Colon),
            false => false,
        };
        if old_form {
            let instead = "write CREATE INDEX FOR (n:Label) ON (n.property)";
            return Err(refused(self, "CREATE INDEX ON", instead, self.span()));
        }
        let named = !self.is_word(0, "FOR") && !self.are_words(&["IF", "NOT"]);
        let name = match named {
            true => Some(self.name("a name, IF NOT EXISTS or FOR (n:Label)")?.text),
            false => None,
        };
        let if_not_exists = self.words(&["IF", "NOT", "EXISTS"]);
        if !self.words(&["FOR"]) {
            let what = match if_not_exists {
                true => "FOR (n:Label)",
                false => "IF NOT EXISTS or FOR (n:Label)",
            };
            return Err(self.expected_words(what, &["FOR"]));
        }
        let Declared {
            variable, label, ..
        } = self.declared_entity()?;
        if !self.words(&["ON"]) {
            return Err(self.expected_words("ON (variable.property)", &["ON"]));
        }
        let in_list = kind == IndexKind::FullText && self.words(&["EACH"]);
        if in_list {
            self.expect(TokenKind::LeftBracket, "`[`")?;
        }
        let in_brackets = !in_list && self.take(TokenKind::LeftParenthesis);
        let property = self.declared_property(&variable)?;
        if self.is(TokenKind::Comma) {
            let what = "an index of several properties";
            return Err(self.source.unsupported(what, self.span()));
        }
        if in_brackets {
            self.expect(TokenKind::RightParenthesis, "`)`")?;
        }
        if in_list {
            self.expect(TokenKind::RightBracket, "`]`")?;
        }
        let kind = match self.words(&["OPTIONS"]) {
            true => self.nested(|parser| parser.index_options(kind))?,
            false => kind,
        };
        Ok(StatementKind::CreateIndex {
            index: IndexDefinition {
                name: name.unwrap_or_else(|| format!("{label}_{property}")),
                label,
                property,
                kind,
            },
            if_not_exists,
        })
    }

    /// `{dimensions: 384, similarity: 'cosine'}`; the names that Neo4j has for these, within `indexConfig`, do as well.
    fn index_options(&mut self, kind: IndexKind) -> Result<IndexKind> {
        let mut kind = kind;
        self.expect(TokenKind::LeftBrace, "`{` and options")?;
        if self.take(TokenKind::RightBrace) {
            return Ok(kind);
        }
        loop {
            kind = self.index_option(kind)?;
            if !self.take(TokenKind::Comma) {
                break;
            }
        }
        self.expect(TokenKind::RightBrace, "`,` or `}`")?;
        Ok(kind)
    }

    fn index_option(&mut self, kind: IndexKind) -> Result<IndexKind> {
        let span = self.span();
        let name = self.name("the name of an option")?.text;
        self.expect(TokenKind::Colon, "`:` and a value")?;
        match (name.as_str(), kind) {
            ("indexConfig", _) => self.nested(|parser| parser.index_options(kind)),
            ("dimensions" | "vector.dimensions", IndexKind::Vector { metric, .. }) => {
                let dimensions = u32::try_from(self.count()?).ok();
                let dimensions = dimensions.filter(|own| (1..=MOST_DIMENSIONS).contains(own));
                let text = "a vector has from 1 to 65,536 numbers";
                let dimensions = dimensions.ok_or_else(|| self.source.invalid(text, span))?;
                Ok(IndexKind::Vector { dimensions, metric })
            }
            ("similarity" | "vector.similarity_function", IndexKind::Vector { dimensions, .. }) => {
                let place = self.span();
                let text = self.string("the name of a similarity, in quotes")?;
                let metric = VectorMetric::from_name(&text)
                    .map_err(|error| error.with_location(self.source.location(place)))?;
                Ok(IndexKind::Vector { dimensions, metric })
            }
            _ => {
                let hint = match kind {
                    IndexKind::Vector { .. } => nearest_option(&name),
                    _ => String::new(),
                };
                if !hint.is_empty() {
                    let message = format!("unexpected `{name}`{hint}");
                    return Err(self.syntax_error(message, span));
                }
                let what = format!("the option `{}` of {kind} indexes", shortened(&name));
                Err(self.source.unsupported(what, span))
            }
        }
    }
}

/// The end of a message that names the option of vector indexes which `name` probably is.
fn nearest_option(name: &str) -> String {
    /// A longer name is no slip of an option.
    const LONGEST: usize = 40;
    if name.len() > LONGEST {
        return String::new();
    }
    nearest(name, ["dimensions", "similarity"])
        .map(|near| format!("; did you mean {near}?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{failure, statement};

    /// The index that a text creates, in the form of Rust.
    fn shown(text: &str) -> String {
        match statement(text) {
            Ok(crate::StatementKind::CreateIndex {
                index,
                if_not_exists,
            }) => format!(
                "{} {}.{} {:?} {if_not_exists}",
                index.name, index.label, index.property, index.kind
            ),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn indexes() {
        for (text, expected) in [
            ("CREATE INDEX FOR (n:A) ON (n.k)", "A_k A.k Range false"),
            (
                "CREATE RANGE INDEX i IF NOT EXISTS FOR (n:A) ON n.k",
                "i A.k Range true",
            ),
            (
                "CREATE INDEX i FOR ()-[r:R]->() ON (r.k)",
                "i R.k Range false",
            ),
            (
                "CREATE FULLTEXT INDEX i FOR (n:A) ON EACH [n.k]",
                "i A.k FullText false",
            ),
            (
                "CREATE VECTOR INDEX i FOR (n:A) ON (n.k) OPTIONS {dimensions: 8, similarity: 'dot'}",
                "i A.k Vector { dimensions: 8, metric: Dot } false",
            ),
            (
                "CREATE INDEX index FOR (n:A) ON (n.k)",
                "index A.k Range false",
            ),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn slips_in_indexes_are_named() {
        for (text, expected) in [
            (
                "CREATE INDEX ON :A(k)",
                "CREATE INDEX ON is not supported: write CREATE INDEX FOR (n:Label) ON (n.property)",
            ),
            (
                "CREATE INDEX i FOR (n:A) ON (m.k)",
                "syntax error: unexpected `m`; expected `n.` and a property",
            ),
            (
                "CREATE INDEX i FOR (n:A) ON (n.k, n.l)",
                "an index of several properties is not supported yet",
            ),
            (
                "CREATE VECTOR INDEX i FOR (n:A) ON (n.k) OPTIONS {dimension: 8}",
                "syntax error: unexpected `dimension`; did you mean dimensions?",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
