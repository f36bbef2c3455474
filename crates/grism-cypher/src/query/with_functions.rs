//! A query as it reads where functions of the user may be called.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use grism_core::Result;
use grism_functions::Functions;

use super::Query;
use crate::binder::NamedLabels;
use crate::check::check_query;
use crate::parser::parse_again;

impl Query {
    /// The query as it reads where `functions` may be called: it groups by what stands beside the user's aggregates.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of an aggregate that stands where none can.
    pub fn with_functions(&self, functions: &Functions) -> Result<Cow<'_, Self>> {
        let mut aggregates = functions.aggregate_names();
        aggregates.retain(|name| self.unknown_calls.contains(name));
        if aggregates.is_empty() {
            return Ok(Cow::Borrowed(self));
        }
        let syntax = parse_again(&self.text, self.offset(), aggregates)?;
        if let Some(error) = check_query(self.source(), &syntax).error {
            return Err(error);
        }
        Ok(Cow::Owned(Self {
            text: Arc::clone(&self.text),
            labels: NamedLabels::of(&syntax),
            syntax,
            is_nested: self.is_nested,
            unknown_calls: BTreeSet::new(),
        }))
    }

    /// Fails for what a check of the text alone finds, where that waited for the functions of the graph.
    pub(super) fn check_calls(&self) -> Result<()> {
        if self.unknown_calls.is_empty() {
            return Ok(());
        }
        let checked = check_query(self.source(), &self.syntax);
        checked.error.map_or(Ok(()), Err)
    }
}
