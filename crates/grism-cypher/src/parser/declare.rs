//! Declarations of hyperedge types.

use grism_core::{Cardinality, HyperedgeType, Result, Role};

use super::cursor::Parser;
use super::lexer::TokenKind;

impl Parser<'_> {
    /// `NAME (role Member, role Member*, role Member?)`.
    pub(super) fn hyperedge_type(&mut self) -> Result<HyperedgeType> {
        let name = self.name("the name of the hyperedge type")?.text;
        self.expect(TokenKind::LeftParenthesis, "`(` and the roles")?;
        let roles = self.comma_separated(Self::declared_role)?;
        self.expect(TokenKind::RightParenthesis, "a label, `*`, `?`, `,` or `)`")?;
        Ok(HyperedgeType {
            name,
            roles,
            declared: true,
        })
    }

    fn declared_role(&mut self) -> Result<Role> {
        let name = self.name("the name of a role")?.text;
        let member = match self.is_name(0) {
            true => Some(self.name("a label")?.text),
            false => None,
        };
        let cardinality = if self.take(TokenKind::Star) {
            Cardinality::Many
        } else if self.take(TokenKind::Question) {
            Cardinality::Optional
        } else {
            Cardinality::One
        };
        Ok(Role {
            name,
            member,
            cardinality,
        })
    }
}
