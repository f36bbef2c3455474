//! What binding gives beside a value: warnings, whether the plan serves one run only, and names of internal columns.

use crate::source::Source;
use crate::syntax::Span;
use crate::warning::Warning;
use grism_logical::Internal;

/// What binding gives beside a value.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) warnings: Vec<Warning>,
    /// Whether the plan serves one run only.
    pub(crate) volatile: bool,
    /// The number in the last internal name. Subqueries go on counting where the outer query is, so no two names are equal.
    pub(crate) counter: usize,
}

impl Notes {
    /// Notes whose internal names follow those up to `counter`.
    pub(crate) fn counting_from(counter: usize) -> Self {
        Self {
            counter,
            ..Self::default()
        }
    }

    /// The name of an internal column that holds this.
    pub(crate) fn fresh(&mut self, what: &str) -> String {
        let number = self.next_number();
        Internal::Bound { what, number }.column()
    }

    /// A number that no internal name has yet.
    pub(crate) fn next_number(&mut self) -> usize {
        self.counter += 1;
        self.counter
    }

    /// Warns of what stands at `span`, once.
    pub(crate) fn warn(&mut self, source: Source<'_>, message: String, span: Span) {
        let warning = Warning {
            message,
            location: Some(source.location(span)),
        };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Empty notes for a part of the query whose warnings may not be the query's: they are, where it is absorbed.
    pub(crate) fn branch(&self) -> Self {
        Self::counting_from(self.counter)
    }

    /// Takes over what a branch noted.
    pub(crate) fn absorb(&mut self, mut branch: Self) {
        self.counter = branch.counter;
        self.warnings.append(&mut branch.warnings);
        self.volatile |= branch.volatile;
    }
}
