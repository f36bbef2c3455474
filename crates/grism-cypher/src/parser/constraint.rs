//! `CREATE CONSTRAINT`.

use grism_core::{Constraint, ConstraintRule, EntityKind, Result};

use super::cursor::Parser;
use super::declared_entity::Declared;
use super::dialect::refused;
use super::lexer::TokenKind;
use crate::statement::StatementKind;

/// What Neo4j has in common with Grism for nodes and for hyperedges, and the words for one kind of them.
const RULES: &str = "UNIQUE, NOT NULL, KEY, NODE KEY or RELATIONSHIP KEY";
/// The words that go on with it.
const RULE_WORDS: [&str; 6] = ["UNIQUE", "NOT", "KEY", "NODE", "RELATIONSHIP", "REL"];

impl Parser<'_> {
    /// `[name] [IF NOT EXISTS] FOR (n:Label) REQUIRE n.property IS rule`, or `FOR ()-[r:TYPE]-() REQUIRE (r.a, r.b) IS rule`;
    /// CREATE CONSTRAINT is read already.
    pub(super) fn create_constraint(&mut self) -> Result<StatementKind> {
        self.refuse_old_constraint()?;
        let named = !self.is_word(0, "FOR") && !self.are_words(&["IF", "NOT"]);
        let name = match named {
            true => Some(self.name("a name, IF NOT EXISTS or FOR (n:Label)")?.text),
            false => None,
        };
        let if_not_exists = self.words(&["IF", "NOT", "EXISTS"]);
        self.refuse_old_constraint()?;
        if !self.words(&["FOR"]) {
            let what = match if_not_exists {
                true => "FOR (n:Label)",
                false => "IF NOT EXISTS or FOR (n:Label)",
            };
            return Err(self.expected_words(what, &["FOR"]));
        }
        let declared = self.declared_entity()?;
        if self.is_word(0, "ASSERT") {
            let instead = "write REQUIRE in its place";
            return Err(refused(self, "ASSERT", instead, self.span()));
        }
        if !self.words(&["REQUIRE"]) {
            return Err(self.expected_words("REQUIRE variable.property", &["REQUIRE"]));
        }
        let properties = self.constrained_properties(&declared.variable)?;
        if !self.words(&["IS"]) {
            let what = "IS and a rule, such as IS UNIQUE, IS NOT NULL or IS KEY";
            return Err(self.expected_words(what, &["IS"]));
        }
        let rule = self.constraint_rule(&declared)?;
        if self.is_word(0, "OPTIONS") {
            let instead = "leave it out; an index is made by CREATE INDEX";
            return Err(refused(
                self,
                "OPTIONS of a constraint",
                instead,
                self.span(),
            ));
        }
        let Declared { label, entity, .. } = declared;
        Ok(StatementKind::CreateConstraint {
            constraint: Constraint {
                name: name.unwrap_or_else(|| Constraint::default_name(&label, &properties, rule)),
                entity,
                label,
                properties,
                rule,
            },
            if_not_exists,
        })
    }

    /// `CREATE CONSTRAINT [name] ON (n:Label) ASSERT …`, which Neo4j had before.
    fn refuse_old_constraint(&self) -> Result<()> {
        if !self.is_word(0, "ON") || self.kind(1) != Some(TokenKind::LeftParenthesis) {
            return Ok(());
        }
        let instead = "write CREATE CONSTRAINT FOR (n:Label) REQUIRE n.property IS UNIQUE";
        Err(refused(self, "CREATE CONSTRAINT ON", instead, self.span()))
    }

    /// `n.property` or `(n.property, n.other)`.
    fn constrained_properties(&mut self, variable: &str) -> Result<Vec<String>> {
        if !self.take(TokenKind::LeftParenthesis) {
            return Ok(vec![self.declared_property(variable)?]);
        }
        let properties = self.comma_separated(|parser| parser.declared_property(variable))?;
        self.expect(TokenKind::RightParenthesis, "`,` or `)`")?;
        Ok(properties)
    }

    /// `[NODE | RELATIONSHIP | REL] UNIQUE | KEY`, or `NOT NULL`.
    fn constraint_rule(&mut self, declared: &Declared) -> Result<ConstraintRule> {
        if self.words(&["NOT", "NULL"]) {
            return Ok(ConstraintRule::NotNull);
        }
        if self.is_word(0, "TYPED") || self.are(0, &[TokenKind::Colon, TokenKind::Colon]) {
            let instead =
                "a property takes the type of its first value, and holds any mix of values";
            return Err(refused(
                self,
                "a constraint of a type",
                instead,
                self.span(),
            ));
        }
        let span = self.span();
        let named = if self.words(&["NODE"]) {
            Some(EntityKind::Node)
        } else if self.words(&["RELATIONSHIP"]) || self.words(&["REL"]) {
            Some(EntityKind::Hyperedge)
        } else {
            None
        };
        if named == Some(EntityKind::Node) && declared.entity == EntityKind::Hyperedge {
            let message = "NODE is for (n:Label); write RELATIONSHIP, or neither";
            return Err(self.syntax_error(message, span));
        }
        let rule = match () {
            () if self.words(&["UNIQUE"]) => ConstraintRule::Unique,
            () if self.words(&["KEY"]) => ConstraintRule::Key,
            () if named.is_some() => {
                return Err(self.expected_words("UNIQUE or KEY", &["UNIQUE", "KEY"]));
            }
            () => return Err(self.expected_words(RULES, &RULE_WORDS)),
        };
        Ok(rule)
    }
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{failure, statement};

    /// The constraint that a text creates, in the form of Rust.
    fn shown(text: &str) -> String {
        match statement(text) {
            Ok(crate::StatementKind::CreateConstraint {
                constraint: own,
                if_not_exists,
            }) => format!(
                "{} {:?} {}.{} {:?} {if_not_exists}",
                own.name,
                own.entity,
                own.label,
                own.properties.join("+"),
                own.rule
            ),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn constraints() {
        for (text, expected) in [
            (
                "CREATE CONSTRAINT FOR (n:A) REQUIRE n.k IS UNIQUE",
                "A_k_unique Node A.k Unique false",
            ),
            (
                "create constraint c if not exists for (n:A) require (n.k, n.l) is node key",
                "c Node A.k+l Key true",
            ),
            (
                "CREATE CONSTRAINT IF NOT EXISTS FOR (n:A) REQUIRE (n.k) IS NOT NULL",
                "A_k_not_null Node A.k NotNull true",
            ),
            (
                "CREATE CONSTRAINT FOR ()-[r:R]-() REQUIRE r.k IS RELATIONSHIP KEY",
                "R_k_key Hyperedge R.k Key false",
            ),
            (
                "CREATE CONSTRAINT constraint FOR ()<-[r:R]-() REQUIRE r.k IS REL UNIQUE",
                "constraint Hyperedge R.k Unique false",
            ),
            (
                "CREATE CONSTRAINT `a b` FOR (n:`A B`) REQUIRE n.`x.y` IS KEY",
                "a b Node A B.x.y Key false",
            ),
            (
                "CREATE CONSTRAINT on FOR (n:A) REQUIRE n.k IS NODE UNIQUE",
                "on Node A.k Unique false",
            ),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn slips_in_constraints_are_named() {
        for (text, expected) in [
            (
                "CREATE CONSTRAINT ON (n:A) ASSERT n.k IS UNIQUE",
                "CREATE CONSTRAINT ON is not supported: write CREATE CONSTRAINT FOR (n:Label) REQUIRE n.property IS UNIQUE",
            ),
            (
                "CREATE CONSTRAINT c ON (n:A) ASSERT n.k IS UNIQUE",
                "CREATE CONSTRAINT ON is not supported: write CREATE CONSTRAINT FOR (n:Label) REQUIRE n.property IS UNIQUE",
            ),
            (
                "CREATE CONSTRAINT FOR (n:A) ASSERT n.k IS UNIQUE",
                "ASSERT is not supported: write REQUIRE in its place",
            ),
            (
                "CREATE CONSTRAINT FOR (n:A) REQUIRE m.k IS UNIQUE",
                "syntax error: unexpected `m`; expected `n.` and a property",
            ),
            (
                "CREATE CONSTRAINT FOR (n:A) REQUIRE n.k IS UNIQE",
                "syntax error: unexpected `UNIQE`; expected UNIQUE, NOT NULL, KEY, NODE KEY or RELATIONSHIP KEY; did you mean UNIQUE?",
            ),
            (
                "CREATE CONSTRAINT FOR (n:A) REQUIRE n.k IS TYPED INTEGER",
                "a constraint of a type is not supported: a property takes the type of its first value, and holds any mix of values",
            ),
            (
                "CREATE CONSTRAINT FOR ()-[r:R]-() REQUIRE r.k IS NODE KEY",
                "syntax error: NODE is for (n:Label); write RELATIONSHIP, or neither",
            ),
            (
                "CREATE CONSTRAINT FOR (n:A) REQUIRE n.k IS KEY OPTIONS {}",
                "OPTIONS of a constraint is not supported: leave it out; an index is made by CREATE INDEX",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
