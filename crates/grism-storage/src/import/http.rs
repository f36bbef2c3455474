//! Files that are read from `http://` and `https://`: they come to the local disk first, as those of object stores do.

use std::error::Error as _;
use std::io::Write as _;
use std::time::Duration;

use grism_core::{Error, Result};
use reqwest::{Client, StatusCode, Url};

/// How long a server may take to be reached, and to send the next bytes.
const CONNECT: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(60);

/// A file that was fetched.
pub(super) struct Fetched {
    /// Its URL without credentials and without a query, which may hold some.
    pub(super) name: String,
    pub(super) path: tempfile::TempPath,
}

/// Whether a URI is fetched so.
pub(super) fn is_http(uri: &str) -> bool {
    let scheme = uri.split_once("://").map_or("", |(scheme, _)| scheme);
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// Fetches the file at `uri`. Redirections are followed; a user and a password in the URL are sent as basic authentication.
///
/// # Errors
/// `InvalidData` for what is no URL; `NotFound` where the server has no such file; `Unavailable` where it cannot be reached,
/// refuses, or stops sending.
pub(super) async fn fetch(uri: &str) -> Result<Fetched> {
    let url = Url::parse(uri);
    let url = url.map_err(|error| Error::invalid_data(format!("this is no URL: {error}")))?;
    let name = shown(&url);
    let failed = |error: reqwest::Error| Error::unavailable(format!("{name}: {}", reason(error)));
    let client = Client::builder()
        .user_agent(concat!("grism/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .build()
        .map_err(failed)?;
    let mut answer = client.get(url).send().await.map_err(failed)?;
    match answer.status() {
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            return Err(Error::not_found(format!("there is no {name}")));
        }
        status if !status.is_success() => {
            return Err(Error::unavailable(format!(
                "{name}: the server answers {status}"
            )));
        }
        _ => {}
    }
    let mut file = tempfile::NamedTempFile::new()?;
    while let Some(piece) = answer.chunk().await.map_err(failed)? {
        file.write_all(&piece)?;
    }
    file.flush()?;
    Ok(Fetched {
        name,
        path: file.into_temp_path(),
    })
}

fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    // A URL without a host has no place for either.
    let has_place = shown
        .set_username("")
        .and_then(|()| shown.set_password(None));
    match has_place {
        Ok(()) => shown.to_string(),
        Err(()) => format!("{}://…", url.scheme()),
    }
}

/// What went wrong, with its causes and without the URL.
fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() {
        let seconds = if error.is_connect() { CONNECT } else { SILENCE }.as_secs();
        return format!("no answer within {seconds} seconds");
    }
    let error = error.without_url();
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(own) = cause {
        text = format!("{text}: {own}");
        cause = own.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_credentials() {
        let url = Url::parse("https://ann:secret@host:81/a%20b.csv?token=secret#c").unwrap();
        assert_eq!(shown(&url), "https://host:81/a%20b.csv");
        assert!(is_http("HTTP://a") && !is_http("s3://a") && !is_http("http:a"));
    }
}
