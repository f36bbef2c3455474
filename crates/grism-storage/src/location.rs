//! Whether a path or URI names a file of this machine or of an object store.

use std::borrow::Cow;
use std::path::Path;

use grism_core::{Error, Result, nearest};
use percent_encoding::percent_decode_str;

/// Where a file or directory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location<'a> {
    /// A path on this machine.
    Local(Cow<'a, str>),
    /// The URI of something elsewhere.
    Remote(&'a str),
}

impl<'a> Location<'a> {
    /// What `name` says: a path, a `file://` URI with an absolute path whose `%` escapes are read, or another URI.
    ///
    /// Escapes were once taken as they stand: where only that path exists, it is still the one that is meant.
    ///
    /// # Errors
    /// `InvalidData` for a `file://` URI without an absolute path of this machine, or whose path is not UTF-8.
    pub fn of(name: &'a str) -> Result<Self> {
        let rest = match name.split_once("://") {
            None => return Ok(Self::Local(Cow::Borrowed(name))),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => rest,
            Some(_) => return Ok(Self::Remote(name)),
        };
        let path = rest.strip_prefix("localhost").unwrap_or(rest);
        if !path.starts_with('/') {
            return Err(Error::invalid_data(format!(
                "{name}: file:// is followed by an absolute path, as file:///data/graph"
            )));
        }
        let decoded = percent_decode_str(path).decode_utf8();
        let decoded =
            decoded.map_err(|_| Error::invalid_data(format!("{name}: its path is no UTF-8")))?;
        if !Path::new(decoded.as_ref()).exists() && Path::new(path).exists() {
            return Ok(Self::Local(Cow::Borrowed(path)));
        }
        Ok(Self::Local(decoded))
    }
}

/// Checks that this build has the object store that `uri` names, and that it names a place there.
///
/// # Errors
/// `Unsupported` for another scheme, and for a store whose cargo feature the build is without; `InvalidData` without a bucket.
pub(crate) fn check_store(uri: &str) -> Result<()> {
    let (scheme, place) = uri.split_once("://").unwrap_or(("", uri));
    let (feature, is_built) = match scheme.to_ascii_lowercase().as_str() {
        "s3" => ("s3", cfg!(feature = "s3")),
        "gs" => ("gcs", cfg!(feature = "gcs")),
        "az" => ("azure", cfg!(feature = "azure")),
        other => {
            let hint = nearest(other, ["file", "s3", "gs", "az"]);
            let hint = hint.map(|near| format!("; did you mean `{near}://`?"));
            return Err(Error::unsupported(format!(
                "{uri}: `{scheme}://` is not supported{}; local paths, file://, s3://, gs:// and az:// are",
                hint.unwrap_or_default()
            )));
        }
    };
    if !is_built {
        return Err(Error::unsupported(format!(
            "{uri}: this build is without {scheme}://, which the cargo feature `{feature}` adds"
        )));
    }
    match place.trim_matches('/') {
        "" => Err(Error::invalid_data(format!("{uri} names no bucket"))),
        _ => Ok(()),
    }
}

/// The local path that `name` says as a pattern, in which characters that a URI escapes stand for themselves.
///
/// # Errors
/// As [`Location::of`].
pub(crate) fn pattern_of(name: &str) -> Result<String> {
    if !name.contains("://") {
        return Ok(name.to_owned());
    }
    let mut escaped = name.to_owned();
    for (code, literal) in [
        ("%2A", "[*]"),
        ("%3F", "[?]"),
        ("%5B", "[[]"),
        ("%5D", "[]]"),
    ] {
        escaped = escaped.replace(code, literal);
        escaped = escaped.replace(&code.to_lowercase(), literal);
    }
    match Location::of(&escaped)? {
        Location::Local(pattern) => Ok(pattern.into_owned()),
        Location::Remote(uri) => Ok(uri.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_file_uris_are_read() {
        let local = |path: &'static str| Location::Local(Cow::Borrowed(path));
        for (name, expected) in [
            ("a b.csv", local("a b.csv")),
            ("a%20b.csv", local("a%20b.csv")),
            ("file:///a%20b/%C3%A9.csv", local("/a b/é.csv")),
            ("file://localhost/a/*.csv", local("/a/*.csv")),
            ("s3://bucket/a%20b", Location::Remote("s3://bucket/a%20b")),
        ] {
            assert_eq!(Location::of(name).unwrap(), expected, "{name}");
        }
        for name in ["file://host/a", "file://a", "file:///%FF"] {
            let error = Location::of(name).unwrap_err();
            assert_eq!(error.kind(), grism_core::ErrorKind::InvalidData, "{name}");
        }
    }

    #[test]
    fn a_store_is_refused_by_name_where_the_build_or_grism_is_without_it() {
        use grism_core::ErrorKind::{InvalidData, Unsupported};
        assert_eq!(check_store("s3://bucket/a").is_ok(), cfg!(feature = "s3"));
        assert_eq!(check_store("gs://bucket/a").is_ok(), cfg!(feature = "gcs"));
        for (uri, kind, part) in [
            ("ftp://host/a", Unsupported, "`ftp://` is not supported"),
            ("s3a://bucket/a", Unsupported, "did you mean `s3://`?"),
            (
                "az://",
                if cfg!(feature = "azure") {
                    InvalidData
                } else {
                    Unsupported
                },
                "az://",
            ),
        ] {
            let error = check_store(uri).unwrap_err();
            assert_eq!(error.kind(), kind, "{uri}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    #[test]
    fn a_directory_whose_name_holds_escapes_is_still_found() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_str().unwrap();
        let uri = format!("file://{path}/a%20b");
        let found = || match Location::of(&uri).unwrap() {
            Location::Local(path) => path.into_owned(),
            Location::Remote(uri) => panic!("{uri}"),
        };
        assert_eq!(found(), format!("{path}/a b"));
        std::fs::create_dir(directory.path().join("a%20b")).unwrap();
        assert_eq!(found(), format!("{path}/a%20b"));
        std::fs::create_dir(directory.path().join("a b")).unwrap();
        assert_eq!(found(), format!("{path}/a b"));
    }
    #[test]
    fn escaped_characters_of_patterns_stand_for_themselves() {
        for (name, expected) in [
            ("a/[12]/*.csv", "a/[12]/*.csv"),
            ("file:///a/run%5B1%5d/*.csv", "/a/run[[]1[]]/*.csv"),
            ("file:///a%20b/%2a%3F.csv", "/a b/[*][?].csv"),
            ("file:///a/%255B.csv", "/a/%5B.csv"),
        ] {
            assert_eq!(pattern_of(name).unwrap(), expected, "{name}");
        }
        let pattern = pattern_of("file:///a/run%5B1%5D/*.csv").unwrap();
        let pattern = glob::Pattern::new(&pattern).unwrap();
        assert!(pattern.matches("/a/run[1]/x.csv") && !pattern.matches("/a/run1/x.csv"));
    }
}
