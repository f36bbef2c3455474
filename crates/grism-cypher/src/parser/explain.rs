//! The options of EXPLAIN, as bare words or in parentheses.

use grism_core::Result;

use super::cursor::Parser;
use super::lexer::TokenKind;
use super::shortened::shortened;
use crate::{ExplainFormat, ExplainOptions};

/// The names of all options.
pub(super) const OPTIONS: [&str; 9] = [
    "ANALYZE",
    "DISTRIBUTED",
    "VERBOSE",
    "FORMAT",
    "COSTS",
    "BUFFERS",
    "TIMING",
    "LINEAGE",
    "TOPOLOGY",
];

impl Parser<'_> {
    /// `[ANALYZE] [DISTRIBUTED] [VERBOSE] … [(option [true|false], …)]`.
    pub(super) fn explain_options(&mut self) -> Result<ExplainOptions> {
        let mut options = ExplainOptions::default();
        loop {
            if self.take(TokenKind::LeftParenthesis) {
                self.comma_separated(|parser| {
                    parser.explain_option(&mut options, OptionPlace::Listed)
                })?;
                self.expect(TokenKind::RightParenthesis, "`,` or `)`")?;
            } else if OPTIONS.iter().any(|option| self.is_word(0, option)) {
                self.explain_option(&mut options, OptionPlace::Bare)?;
            } else {
                return Ok(options);
            }
        }
    }

    fn explain_option(&mut self, options: &mut ExplainOptions, place: OptionPlace) -> Result<()> {
        let span = self.span();
        if self.words(&["FORMAT"]) {
            let span = self.span();
            let name = self.name("TEXT, JSON, DOT, MERMAID or SVG")?.text;
            options.format = ExplainFormat::from_name(&shortened(&name))
                .map_err(|error| error.with_location(self.source.location(span)))?;
            return Ok(());
        }
        let mut known = ExplainOptions::FLAGS.into_iter();
        let Some(name) = known.find(|option| self.is_word(0, option)) else {
            return Err(self.expected_words("an option of EXPLAIN", &OPTIONS));
        };
        self.at += 1;
        let value = match place {
            OptionPlace::Listed if self.words(&["FALSE"]) => false,
            OptionPlace::Listed => {
                self.words(&["TRUE"]);
                true
            }
            OptionPlace::Bare => true,
        };
        options
            .set(name, value)
            .map_err(|error| error.with_location(self.source.location(span)))
    }
}

/// Where an option stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OptionPlace {
    /// Before the query, as a word.
    Bare,
    /// In parentheses, where TRUE or FALSE may follow.
    Listed,
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{clauses, failure, statement};

    /// The options of an EXPLAIN of `RETURN 1`.
    fn options(text: &str) -> String {
        match statement(&format!("{text} RETURN 1")) {
            Ok(crate::StatementKind::Explain { options, .. }) => format!("{options:?}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn bare_words_and_listed_options_mean_the_same() {
        for (bare, listed) in [
            ("EXPLAIN", "EXPLAIN (ANALYZE false)"),
            ("EXPLAIN ANALYZE", "EXPLAIN (ANALYZE)"),
            (
                "EXPLAIN VERBOSE DISTRIBUTED",
                "EXPLAIN (DISTRIBUTED true, VERBOSE)",
            ),
            ("EXPLAIN FORMAT DOT", "EXPLAIN (FORMAT dot)"),
            ("EXPLAIN ANALYZE COSTS", "EXPLAIN (ANALYZE, COSTS true)"),
            ("PROFILE", "EXPLAIN (ANALYZE true, FORMAT TEXT)"),
        ] {
            assert_eq!(options(bare), options(listed));
        }
        assert!(options("EXPLAIN (FORMAT JSON)").contains("Json"));
        assert_eq!(
            clauses("EXPLAIN MATCH (n) RETURN n"),
            "EXPLAIN MATCH (n) RETURN n"
        );
    }

    #[test]
    fn slips_in_options_are_named() {
        for (text, expected) in [
            (
                "EXPLAIN ANALYSE RETURN 1",
                "syntax error: unexpected `ANALYSE`; expected an option of EXPLAIN or a query; did you mean ANALYZE?",
            ),
            (
                "EXPLAIN (COST) RETURN 1",
                "syntax error: unexpected `COST`; expected an option of EXPLAIN; did you mean COSTS?",
            ),
            (
                "EXPLAIN SHOW LABELS",
                "syntax error: unexpected `SHOW`; expected an option of EXPLAIN or a query",
            ),
            (
                "EXPLAIN (FORMAT YAML) RETURN 1",
                "EXPLAIN (FORMAT YAML) is not supported; the formats are TEXT, JSON, DOT, MERMAID, SVG",
            ),
            (
                "EXPLAIN (LINEAGE) RETURN 1",
                "EXPLAIN (LINEAGE) is not supported yet",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
