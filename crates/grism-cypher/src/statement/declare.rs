//! Declarations: hyperedge types and indexes.

use grism_core::{
    Cardinality, HyperedgeType, IndexDefinition, IndexKind, Result, Role, VectorMetric,
};
use open_cypher::TokenKind;

use super::StatementKind;
use super::tokens::Reader;

impl Reader<'_> {
    pub(super) fn hyperedge_type(&mut self) -> Result<HyperedgeType> {
        let name = self.name("the name of the hyperedge type")?;
        self.punctuation(TokenKind::LeftParen, "`(`")?;
        let mut roles = Vec::new();
        loop {
            let role = self.name("the name of a role")?;
            let is_name = self.tokens.get(self.at).is_some_and(|token| {
                matches!(
                    token.kind,
                    TokenKind::Identifier | TokenKind::EscapedIdentifier | TokenKind::Keyword(_)
                )
            });
            let member = if is_name {
                Some(self.name("a label")?)
            } else {
                None
            };
            let cardinality = if self.take(TokenKind::Star) {
                Cardinality::Many
            } else if self.take(TokenKind::Question) {
                Cardinality::Optional
            } else {
                Cardinality::One
            };
            roles.push(Role {
                name: role,
                member,
                cardinality,
            });
            if !self.take(TokenKind::Comma) {
                break;
            }
        }
        self.punctuation(TokenKind::RightParen, "`,` or `)`")?;
        Ok(HyperedgeType {
            name,
            roles,
            declared: true,
        })
    }

    /// `[name] [IF NOT EXISTS] FOR (n:Label) ON (n.property) [OPTIONS {…}]`, or `FOR ()-[r:TYPE]-() ON (r.property)`; of a
    /// full-text index `ON EACH [n.property]` too.
    pub(super) fn create_index(&mut self, kind: IndexKind) -> Result<StatementKind> {
        let named = !self.text_at(self.at).eq_ignore_ascii_case("FOR")
            && !self.text_at(self.at).eq_ignore_ascii_case("IF");
        let name = if named {
            Some(self.name("the name of the index")?)
        } else {
            None
        };
        let if_not_exists = self.words(&["IF", "NOT", "EXISTS"]);
        if !self.words(&["FOR"]) {
            return Err(self.expected("FOR (n:Label)"));
        }
        self.punctuation(TokenKind::LeftParen, "`(`")?;
        let is_edge = self.take(TokenKind::RightParen);
        if is_edge {
            self.text("-")?;
            self.text("[")?;
        }
        let variable = self.name("a variable")?;
        self.punctuation(TokenKind::Colon, "`:` and a label")?;
        let label = self.name("a label or a type")?;
        if is_edge {
            self.text("]")?;
            self.text("-")?;
            self.punctuation(TokenKind::LeftParen, "`()`")?;
        }
        self.punctuation(TokenKind::RightParen, "`)`")?;
        if !self.words(&["ON"]) {
            return Err(self.expected("ON (variable.property)"));
        }
        let in_list = kind == IndexKind::FullText && self.words(&["EACH"]);
        if in_list {
            self.text("[")?;
        }
        let in_brackets = !in_list && self.take(TokenKind::LeftParen);
        let span = self.span();
        if self.name("the variable")? != variable {
            return Err(self
                .source
                .invalid(format!("expected the variable `{variable}`"), span));
        }
        self.text(".")?;
        let property = self.name("a property")?;
        if self.peek(TokenKind::Comma) {
            let what = "an index of several properties";
            return Err(self.source.unsupported(what, self.span()));
        }
        if in_brackets {
            self.punctuation(TokenKind::RightParen, "`)`")?;
        }
        if in_list {
            self.text("]")?;
        }
        let kind = if self.words(&["OPTIONS"]) {
            self.index_options(kind)?
        } else {
            kind
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
        self.text("{")?;
        while !self.take_text("}") {
            let span = self.span();
            let name = self.name("the name of an option")?;
            self.punctuation(TokenKind::Colon, "`:` and a value")?;
            kind = match (name.as_str(), kind) {
                ("indexConfig", _) => self.index_options(kind)?,
                ("dimensions" | "vector.dimensions", IndexKind::Vector { metric, .. }) => {
                    let number = self.number("a number of dimensions")?;
                    let dimensions = u32::try_from(number).ok();
                    let dimensions = dimensions.filter(|own| (1..=1 << 16).contains(own));
                    let text = "a vector has from 1 to 65,536 numbers";
                    let dimensions = dimensions.ok_or_else(|| self.source.invalid(text, span))?;
                    IndexKind::Vector { dimensions, metric }
                }
                (
                    "similarity" | "vector.similarity_function",
                    IndexKind::Vector { dimensions, .. },
                ) => {
                    let text = self.string("the name of a similarity")?;
                    let metric = VectorMetric::from_name(&text)?;
                    IndexKind::Vector { dimensions, metric }
                }
                _ => {
                    let what = format!("the option `{name}` of {kind} indexes");
                    return Err(self.source.unsupported(what, span));
                }
            };
            if !self.take_text(",") && self.text_at(self.at) != "}" {
                return Err(self.expected("`,` or `}`"));
            }
        }
        Ok(kind)
    }
}
