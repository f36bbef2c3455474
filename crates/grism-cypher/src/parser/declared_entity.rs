//! What an index or a constraint is declared for: `(n:Label)` or `()-[r:TYPE]-()`, and properties of it.

use grism_core::{EntityKind, Result};

use super::cursor::Parser;
use super::lexer::TokenKind;
use super::shortened::shortened;

/// What stands after FOR.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) variable: String,
    /// The label or the type.
    pub(super) label: String,
    /// By the form alone: a hyperedge type may be written as a label.
    pub(super) entity: EntityKind,
}

impl Parser<'_> {
    /// The variable and the label of `(n:Label)`, or the type of `()-[r:TYPE]-()`.
    pub(super) fn declared_entity(&mut self) -> Result<Declared> {
        self.expect(TokenKind::LeftParenthesis, "`(`")?;
        let is_edge = self.take(TokenKind::RightParenthesis);
        if is_edge {
            self.take(TokenKind::Less);
            self.expect(TokenKind::Minus, "`-[`")?;
            self.expect(TokenKind::LeftBracket, "`[`")?;
        }
        let variable = self.name("a variable")?.text;
        self.expect(TokenKind::Colon, "`:` and a label")?;
        let label = self.name("a label or a type")?.text;
        if is_edge {
            self.expect(TokenKind::RightBracket, "`]`")?;
            self.expect(TokenKind::Minus, "`-`")?;
            self.take(TokenKind::Greater);
            self.expect(TokenKind::LeftParenthesis, "`()`")?;
        }
        self.expect(TokenKind::RightParenthesis, "`)`")?;
        let entity = match is_edge {
            true => EntityKind::Hyperedge,
            false => EntityKind::Node,
        };
        Ok(Declared {
            variable,
            label,
            entity,
        })
    }

    /// `variable.property`.
    pub(super) fn declared_property(&mut self, variable: &str) -> Result<String> {
        let span = self.span();
        if self.name("the variable")?.text != variable {
            let found = shortened(self.source.slice(span));
            let variable = shortened(variable);
            let message = format!("unexpected `{found}`; expected `{variable}.` and a property");
            return Err(self.syntax_error(message, span));
        }
        self.expect(TokenKind::Dot, "`.` and a property")?;
        Ok(self.name("a property")?.text)
    }
}
