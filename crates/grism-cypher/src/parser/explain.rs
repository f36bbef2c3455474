//! The options of EXPLAIN, as bare words or in parentheses.

use grism_core::Result;

use super::cursor::Parser;
use super::lexer::TokenKind;
use super::shortened::shortened;
use crate::{ExplainFormat, ExplainOptions};

/// Options that are known by name and not there yet.
const LATER: [&str; 5] = ["COSTS", "BUFFERS", "TIMING", "LINEAGE", "TOPOLOGY"];

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
    /// `[ANALYZE] [DISTRIBUTED] [VERBOSE] [(option [true|false], …)]`.
    pub(super) fn explain_options(&mut self) -> Result<ExplainOptions> {
        let mut options = ExplainOptions::default();
        loop {
            if self.take(TokenKind::LeftParenthesis) {
                self.comma_separated(|parser| parser.explain_option(&mut options, true))?;
                self.expect(TokenKind::RightParenthesis, "`,` or `)`")?;
            } else if OPTIONS.iter().any(|option| self.is_word(0, option)) {
                self.explain_option(&mut options, false)?;
            } else {
                return Ok(options);
            }
        }
    }

    fn explain_option(&mut self, options: &mut ExplainOptions, listed: bool) -> Result<()> {
        let span = self.span();
        if listed && self.words(&["FORMAT"]) {
            let span = self.span();
            let format = self.name("TEXT or JSON")?.text.to_ascii_uppercase();
            options.format = match format.as_str() {
                "TEXT" => ExplainFormat::Text,
                "JSON" => ExplainFormat::Json,
                other => {
                    let what = format!("EXPLAIN (FORMAT {})", shortened(other));
                    return Err(self.source.unsupported(what, span));
                }
            };
            return Ok(());
        }
        if let Some(later) = LATER.iter().find(|option| self.is_word(0, option)) {
            return Err(self.source.unsupported(format!("EXPLAIN ({later})"), span));
        }
        let known = ["ANALYZE", "DISTRIBUTED", "VERBOSE"];
        let Some(name) = known.into_iter().find(|option| self.is_word(0, option)) else {
            return Err(self.expected_words("an option of EXPLAIN", &OPTIONS));
        };
        self.at += 1;
        let value = match listed {
            true if self.words(&["FALSE"]) => false,
            true => {
                self.words(&["TRUE"]);
                true
            }
            false => true,
        };
        match name {
            "ANALYZE" => options.analyze = value,
            "DISTRIBUTED" => options.distributed = value,
            _ => options.verbose = value,
        }
        Ok(())
    }
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
                "EXPLAIN (FORMAT YAML) is not supported yet",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
