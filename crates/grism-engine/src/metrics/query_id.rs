//! The name of one run of a query, for logs and workers.

/// A name that no other run has.
#[must_use]
pub fn new_query_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
