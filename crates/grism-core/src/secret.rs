//! Keeps credentials out of what people read: passwords and keys within URIs, and what object stores answer about them.

use std::borrow::Cow;

/// What stands in the place of a secret.
const MASK: &str = "***";

/// Parts of the names of options and of query parameters that hold secrets.
const SECRET_NAMES: [&str; 10] = [
    "secret",
    "password",
    "passwd",
    "token",
    "key",
    "sig",
    "credential",
    "auth",
    "sas",
    "cert",
];

/// The elements of an answer of S3 that repeat what a request was signed with.
const SECRET_ELEMENTS: [&str; 5] = [
    "AWSAccessKeyId",
    "StringToSign",
    "StringToSignBytes",
    "SignatureProvided",
    "CanonicalRequest",
];

/// Whether an option or a parameter of this name may hold a secret.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

/// `text` with `***` in place of the credentials within its URIs: users with passwords, keys, tokens and signatures.
///
/// ```
/// use grism_core::without_secrets;
/// assert_eq!(without_secrets("at https://me:pw@host/a?sig=x&v=1"), "at https://***@host/a?sig=***&v=1");
/// assert_eq!(without_secrets("abfss://container@account/a"), "abfss://container@account/a");
/// ```
#[must_use]
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    masked(text, |_| MASK.to_owned())
}

/// As [`without_secrets`], with as many characters as before, so that places in the text stay the same.
#[must_use]
pub(crate) fn same_length_without_secrets(text: &str) -> Cow<'_, str> {
    masked(text, |secret| "*".repeat(secret.chars().count()))
}

fn masked(text: &str, mask: impl Fn(&str) -> String) -> Cow<'_, str> {
    let mut secrets = Vec::new();
    let mut from = 0;
    while let Some(found) = text[from..].find("://") {
        let authority = from + found + 3;
        from = find_in_uri(text, authority, &mut secrets);
    }
    if text.contains("</") {
        for element in SECRET_ELEMENTS {
            find_elements(text, element, &mut secrets);
        }
    }
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    secrets.sort_unstable();
    let (mut shown, mut at) = (String::with_capacity(text.len()), 0);
    for (start, end) in secrets {
        if start < at {
            continue;
        }
        shown.push_str(&text[at..start]);
        shown.push_str(&mask(&text[start..end]));
        at = end;
    }
    shown.push_str(&text[at..]);
    Cow::Owned(shown)
}

/// Adds the places of the secrets of the URI whose authority starts at `authority`. Returns its end.
fn find_in_uri(text: &str, authority: usize, secrets: &mut Vec<(usize, usize)>) -> usize {
    let rest = &text[authority..];
    let ends = |own: char| own.is_whitespace() || matches!(own, '"' | '\'' | '`' | '<' | '>' | '|');
    let end = authority + rest.find(ends).unwrap_or(rest.len());
    let uri = &text[authority..end];
    let host_end = uri.find(['?', '#']).unwrap_or(uri.len());
    // A password may hold a slash that was not escaped; an `@` behind the first slash is one of a path otherwise.
    let first = &uri[..uri.find('/').unwrap_or(host_end).min(host_end)];
    let at = match first.rfind('@') {
        Some(at) => Some(at),
        None if first.contains(':') && !is_port(first) => uri[..host_end].find('@'),
        None => None,
    };
    let is_web = text[..authority].ends_with("http://") || text[..authority].ends_with("https://");
    if let Some(at) = at.filter(|at| *at > 0 && (is_web || uri[..*at].contains(':'))) {
        secrets.push((authority, authority + at));
    }
    let mut place = authority + host_end;
    for parameter in text[place..end].split_inclusive(['?', '&', '#', ';']) {
        let value = parameter.trim_end_matches(['?', '&', '#', ';']);
        if let Some((name, value)) = value.split_once('=')
            && !value.is_empty()
            && is_secret_name(name)
        {
            let start = place + name.len() + 1;
            secrets.push((start, start + value.len()));
        }
        place += parameter.len();
    }
    end
}

/// Whether what follows the last colon of an authority is the number of a port.
fn is_port(authority: &str) -> bool {
    let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
    port.chars().all(|own| own.is_ascii_digit())
}

fn find_elements(text: &str, element: &str, secrets: &mut Vec<(usize, usize)>) {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let mut from = 0;
    while let Some(found) = text[from..].find(&open) {
        let start = from + found + open.len();
        let length = text[start..].find(&close);
        let end = length.map_or(text.len(), |length| start + length);
        secrets.push((start, end));
        from = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_uris_are_masked_and_nothing_else() {
        for (text, shown) in [
            (
                "s3://AKIA:wJalr@bucket/a: denied",
                "s3://***@bucket/a: denied",
            ),
            ("https://token@host/x", "https://***@host/x"),
            (
                "'http://u:p/q@h/a' and http://u:p@h",
                "'http://***@h/a' and http://***@h",
            ),
            (
                "az://c/p?sv=2020&SIG=a%2Bb&se=1#x",
                "az://c/p?sv=2020&SIG=***&se=1#x",
            ),
            (
                "https://h/a?X-Amz-Security-Token=FQo&X-Amz-Credential=AK%2F1",
                "https://h/a?X-Amz-Security-Token=***&X-Amz-Credential=***",
            ),
            (
                "<Code>No</Code><AWSAccessKeyId>AKIA</AWSAccessKeyId>",
                "<Code>No</Code><AWSAccessKeyId>***</AWSAccessKeyId>",
            ),
        ] {
            assert_eq!(without_secrets(text), shown);
        }
        for text in [
            "abfss://container@account.dfs.core.windows.net/a",
            "http://localhost:9000/a@b",
            "s3://bucket/a?versionId=3",
            "no URI: a@b ://",
            "ünï://cödé/é",
        ] {
            assert!(matches!(without_secrets(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn a_masked_line_keeps_its_columns() {
        let line = "LOAD CSV FROM 'http://u:päss@h/a' AS row RETURN x";
        let masked = same_length_without_secrets(line);
        assert_eq!(masked.chars().count(), line.chars().count());
        assert!(!masked.contains("päss"));
    }
}
