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

#[cfg(test)]
mod tests {
    use crate::parser::tests::{failure, statement};

    /// The declared type, as it is written.
    fn shown(text: &str) -> String {
        match statement(text) {
            Ok(crate::StatementKind::CreateHyperedgeType(own)) => {
                let roles = own.roles.iter().map(|role| {
                    let member = role.member.as_deref().unwrap_or("any");
                    format!("{} {member} {:?}", role.name, role.cardinality)
                });
                format!("{}: {}", own.name, roles.collect::<Vec<_>>().join(", "))
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn hyperedge_types() {
        for (text, expected) in [
            (
                "CREATE HYPEREDGE TYPE M (a A, b B*, c C?, d, e*, f?)",
                "M: a A One, b B Many, c C Optional, d any One, e any Many, f any Optional",
            ),
            (
                "create hyperedge type `M N` (role type, type role*)",
                "M N: role type One, type role Many",
            ),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn slips_in_declarations_are_named() {
        for (text, expected) in [
            (
                "CREATE HYPEREDGE M (a A)",
                "syntax error: unexpected `M`; expected TYPE",
            ),
            (
                "CREATE HYPEREDGE TYPE M (a: A)",
                "syntax error: unexpected `:`; expected a label, `*`, `?`, `,` or `)`",
            ),
            (
                "CREATE HYPEREDGE TYPE M",
                "syntax error: unexpected end of the query; expected `(` and the roles",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
