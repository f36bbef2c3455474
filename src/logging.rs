//! Logs of this process, where the environment asks for them.

use std::io::IsTerminal as _;

use grism_core::{Error, Result, log_variable};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;

/// Libraries that see credentials and may log them, whose records are left out.
const SILENT: [&str; 8] = [
    "aws",
    "h2",
    "hyper",
    "lance_io",
    "object_store",
    "reqwest",
    "rustls",
    "tonic",
];

/// Whether logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logging {
    /// To standard error.
    On,
    /// Nowhere: the environment does not ask for logs, or the program has a subscriber of its own.
    Off,
}

/// Writes logs to standard error as `GRISM_LOG` says, or else `RUST_LOG`: a level such as `debug`, which means Grism's own records in
/// `GRISM_LOG` and all in `RUST_LOG`, or directives such as `grism_engine=trace,lance=info`. Without either nothing is logged.
///
/// Records stand within spans that carry `query_id`, `stage_id`, `task_id` and `operator`. Libraries that see credentials are
/// never logged.
///
/// # Errors
/// `InvalidQuery` for a value that is no filter.
pub fn log_to_standard_error() -> Result<Logging> {
    let Some((name, value)) = log_variable() else {
        return Ok(Logging::Off);
    };
    let records = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_filter(filter(name, &value)?);
    let subscriber = tracing_subscriber::registry().with(records);
    Ok(match tracing::subscriber::set_global_default(subscriber) {
        Ok(()) => Logging::On,
        Err(_) => Logging::Off,
    })
}

/// The filter that the variable `name` asks for with `value`.
fn filter(name: &str, value: &str) -> Result<Targets> {
    let is_level = value.parse::<LevelFilter>().is_ok();
    let text = match name {
        "GRISM_LOG" if is_level => format!("grism={value}"),
        _ => value.to_owned(),
    };
    let filter: Targets = text.parse().map_err(|error| {
        Error::invalid_query(format!(
            "{name}={value} is no filter of logs: {error}; a level such as debug, or grism_engine=trace,lance=info, is one"
        ))
    })?;
    // What is asked of a part of such a library goes as well.
    let kept = filter.iter().filter(|(target, _)| {
        let mut silent = SILENT.iter();
        !silent.any(|own| target.starts_with(own))
    });
    let mut whole = Targets::new();
    whole = whole.with_targets(kept.map(|(target, level)| (target.to_owned(), level)));
    if let Some(level) = filter.default_level() {
        whole = whole.with_default(level);
    }
    Ok(whole.with_targets(SILENT.map(|target| (target, LevelFilter::OFF))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_of_grism_is_its_own_and_libraries_that_see_credentials_are_silent() {
        let own = filter("GRISM_LOG", "debug").unwrap().to_string();
        assert!(own.contains("grism=debug"), "{own}");
        let all = filter("RUST_LOG", "trace").unwrap().to_string();
        assert!(all.contains("trace") && all.contains("hyper=off"), "{all}");
        let louder = filter("RUST_LOG", "hyper=trace").unwrap().to_string();
        assert!(!louder.contains("hyper=trace"), "{louder}");
        let part = filter("RUST_LOG", "hyper::client=trace").unwrap();
        assert!(!part.would_enable("hyper::client", &tracing::Level::ERROR));
        let error = filter("GRISM_LOG", "a=b=c=").unwrap_err();
        assert!(
            error.message().starts_with("GRISM_LOG=a=b=c= is no filter"),
            "{error}"
        );
    }
}
