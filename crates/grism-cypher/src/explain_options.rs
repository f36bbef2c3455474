//! The options of EXPLAIN, which mean the same in a statement, in Rust, in Python and on the command line.

use grism_core::{Error, Result, nearest};

/// How a query is explained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExplainOptions {
    /// Run it, and add what was measured.
    pub analyze: bool,
    /// Show stages and exchanges.
    pub distributed: bool,
    /// Show what each rule of the optimizer changed too.
    pub verbose: bool,
    /// Show how many rows are expected; `None` shows them with ANALYZE, and in every format but text.
    pub costs: Option<bool>,
    /// Show memory, temporary files, bytes read and the cache; needs ANALYZE, with which `None` shows them.
    pub buffers: Option<bool>,
    /// Show times and threads; needs ANALYZE, with which `None` shows them.
    pub timing: Option<bool>,
    /// The form of the output.
    pub format: ExplainFormat,
}

/// The form of an explained plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExplainFormat {
    /// Indented text.
    #[default]
    Text,
    /// JSON of the form that `docs/explain.md` describes.
    Json,
    /// A graph for Graphviz.
    Dot,
    /// A flowchart for Mermaid.
    Mermaid,
    /// A picture.
    Svg,
}

/// The names of formats.
const FORMATS: [(&str, ExplainFormat); 5] = [
    ("TEXT", ExplainFormat::Text),
    ("JSON", ExplainFormat::Json),
    ("DOT", ExplainFormat::Dot),
    ("MERMAID", ExplainFormat::Mermaid),
    ("SVG", ExplainFormat::Svg),
];

impl ExplainOptions {
    /// The names of the options that are on or off.
    pub const FLAGS: [&'static str; 8] = [
        "ANALYZE",
        "DISTRIBUTED",
        "VERBOSE",
        "COSTS",
        "BUFFERS",
        "TIMING",
        "LINEAGE",
        "TOPOLOGY",
    ];

    /// Turns the option called `name`, in any case, on or off.
    ///
    /// # Errors
    /// `InvalidQuery` for another name, with the nearest one; `Unsupported` for LINEAGE and TOPOLOGY.
    pub fn set(&mut self, name: &str, value: bool) -> Result<()> {
        match name.to_ascii_uppercase().as_str() {
            "ANALYZE" => self.analyze = value,
            "DISTRIBUTED" => self.distributed = value,
            "VERBOSE" => self.verbose = value,
            "COSTS" => self.costs = Some(value),
            "BUFFERS" => self.buffers = Some(value),
            "TIMING" => self.timing = Some(value),
            later @ ("LINEAGE" | "TOPOLOGY") => {
                let what = format!("EXPLAIN ({later}) is not supported yet");
                return Err(Error::unsupported(what));
            }
            other => {
                let hint = nearest(other, Self::FLAGS)
                    .map_or_else(String::new, |near| format!("; did you mean {near}?"));
                let message = format!("EXPLAIN has no option `{name}`{hint}");
                return Err(Error::invalid_query(message));
            }
        }
        Ok(())
    }

    /// Checks that the options go together.
    ///
    /// # Errors
    /// `InvalidQuery` for BUFFERS or TIMING without ANALYZE.
    pub fn check(&self) -> Result<()> {
        let measured = [("BUFFERS", self.buffers), ("TIMING", self.timing)];
        let asked = measured.iter().find(|(_, value)| *value == Some(true));
        match asked {
            Some((name, _)) if !self.analyze => Err(Error::invalid_query(format!(
                "EXPLAIN ({name}) needs ANALYZE: it is known only once the query has run"
            ))),
            _ => Ok(()),
        }
    }

    /// Whether expected rows are shown.
    #[must_use]
    pub fn shows_costs(&self) -> bool {
        let default = self.analyze || self.format != ExplainFormat::Text;
        self.costs.unwrap_or(default)
    }

    /// Whether memory, temporary files, bytes read and the cache are shown.
    #[must_use]
    pub fn shows_buffers(&self) -> bool {
        self.analyze && self.buffers.unwrap_or(true)
    }

    /// Whether times and threads are shown.
    #[must_use]
    pub fn shows_timing(&self) -> bool {
        self.analyze && self.timing.unwrap_or(true)
    }
}

impl ExplainFormat {
    /// The format called `name`, in any case.
    ///
    /// # Errors
    /// `Unsupported` for another name.
    pub fn from_name(name: &str) -> Result<Self> {
        let found = FORMATS
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, format)| *format).ok_or_else(|| {
            let names = FORMATS.map(|(name, _)| name).join(", ");
            Error::unsupported(format!(
                "EXPLAIN (FORMAT {name}) is not supported; the formats are {names}"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_known_by_name_in_any_case() {
        let mut options = ExplainOptions::default();
        for name in ["analyze", "Costs", "TIMING"] {
            options.set(name, true).unwrap();
        }
        assert!(options.analyze && options.shows_costs() && options.shows_buffers());
        let error = options.set("timings", true).unwrap_err();
        assert!(error.message().ends_with("did you mean TIMING?"), "{error}");
        let error = options.set("lineage", false).unwrap_err();
        assert_eq!(error.kind(), grism_core::ErrorKind::Unsupported);
    }

    #[test]
    fn what_is_measured_needs_a_run() {
        let mut options = ExplainOptions::default();
        options.set("BUFFERS", true).unwrap();
        assert!(options.check().is_err());
        options.set("ANALYZE", true).unwrap();
        assert!(options.check().is_ok());
        options.set("BUFFERS", false).unwrap();
        assert!(!options.shows_buffers() && options.shows_timing());
    }
}
