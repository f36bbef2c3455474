//! What is wrong with a query whatever the graph holds: found before anything runs.

use grism_core::Result;
use open_cypher::ast::RegularQuery;

use crate::source::Source;

/// Checks a parsed query.
///
/// # Errors
/// `InvalidQuery` with the place and the code of what is wrong.
pub(crate) fn check_query(_source: Source<'_>, _query: &RegularQuery) -> Result<()> {
    Ok(())
}
