//! Declarations of hyperedge types.

use grism_core::{Cardinality, HyperedgeType, Result, Role};

use super::cursor::Parser;
use super::lexer::TokenKind;
use crate::StatementKind;

impl Parser<'_> {
    /// `NAME [IF NOT EXISTS] (role Member, role Member*, role Member?)`, after CREATE HYPEREDGE TYPE.
    pub(super) fn hyperedge_type(&mut self) -> Result<StatementKind> {
        let condition = ["IF", "NOT", "EXISTS"];
        let before = self.words(&condition);
        let name = self.name("the name of the hyperedge type")?.text;
        let if_not_exists = before || self.words(&condition);
        let what = match if_not_exists {
            true => "`(` and the roles",
            false => "IF NOT EXISTS or `(` and the roles",
        };
        self.expect(TokenKind::LeftParenthesis, what)?;
        let roles = self.comma_separated(Self::declared_role)?;
        self.expect(TokenKind::RightParenthesis, "a label, `*`, `?`, `,` or `)`")?;
        Ok(StatementKind::CreateHyperedgeType {
            hyperedge_type: HyperedgeType {
                name,
                roles,
                declared: true,
            },
            if_not_exists,
        })
    }

    /// `role [Label] [*|?]`.
    fn declared_role(&mut self) -> Result<Role> {
        self.conditional_role(&[]).map(|(role, _)| role)
    }

    /// `role [condition] [Label] [*|?]`, and whether the words of the condition stand there.
    pub(super) fn conditional_role(&mut self, condition: &[&str]) -> Result<(Role, bool)> {
        let name = self.name("the name of a role")?.text;
        let has_condition = !condition.is_empty() && self.words(condition);
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
        Ok((Role::new(name, member, cardinality), has_condition))
    }
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{failure, statement};

    /// The declared type, as it is written.
    fn shown(text: &str) -> String {
        match statement(text) {
            Ok(crate::StatementKind::CreateHyperedgeType {
                hyperedge_type: own,
                if_not_exists,
            }) => {
                let roles = own.roles.iter().map(|role| {
                    let member = role.member.as_deref().unwrap_or("any");
                    format!("{} {member} {:?}", role.name, role.cardinality)
                });
                let condition = if if_not_exists { " if missing" } else { "" };
                let roles = roles.collect::<Vec<_>>().join(", ");
                format!("{}{condition}: {roles}", own.name)
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
                "CREATE HYPEREDGE TYPE M IF NOT EXISTS (a A)",
                "M if missing: a A One",
            ),
            (
                "CREATE HYPEREDGE TYPE IF NOT EXISTS M (a A)",
                "M if missing: a A One",
            ),
            ("CREATE HYPEREDGE TYPE IF (a A)", "IF: a A One"),
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
                "syntax error: unexpected end of the query; expected IF NOT EXISTS or `(` and the roles",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
