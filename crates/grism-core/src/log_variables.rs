//! The environment variables that ask for logs.

/// The variables that say what is logged; the first that is set and not empty counts.
pub const LOG_VARIABLES: [&str; 2] = ["GRISM_LOG", "RUST_LOG"];

/// The variable that counts, with its value; `None` where nothing is to be logged.
#[must_use]
pub fn log_variable() -> Option<(&'static str, String)> {
    LOG_VARIABLES
        .iter()
        .filter_map(|name| Some((*name, std::env::var(name).ok()?)))
        .find(|(_, value)| !value.is_empty())
}
