//! The files of a load: patterns become paths, and files of object stores come to the local disk first.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use futures::TryStreamExt;
use grism_core::{Error, Result};
use object_store::path::Path as StorePath;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use super::content::form_of;
use super::file_options::{Compression, FileFormat, ImportOptions};
use super::http::{fetch, is_http};
use crate::location::{Location, pattern_of};
use crate::shares::Shares;
use crate::upload::object_store_of;

/// One file that is read.
#[derive(Debug)]
pub(super) struct InputFile {
    /// How it is called in messages.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) format: FileFormat,
    pub(super) compression: Compression,
    pub(super) bytes: u64,
    /// Bytes of a text file that are parsed at a time.
    pub(super) piece_bytes: usize,
    /// Removed with the file, for one that was fetched.
    _fetched: Option<tempfile::TempPath>,
}

/// The files that `paths` stand for, in order; those of one pattern by name. Text is read in pieces of its share.
///
/// # Errors
/// `NotFound` for a path or pattern without a file.
pub(super) async fn input_files(
    paths: &[String],
    options: &ImportOptions,
    shares: Shares,
) -> Result<Vec<InputFile>> {
    let mut files = Vec::new();
    for path in paths {
        match Location::of(path)? {
            Location::Local(local) => local_files(path, &local, options, &mut files)?,
            Location::Remote(uri) if is_http(uri) => {
                let fetched = fetch(uri).await?;
                let local = fetched.path.to_path_buf();
                files.push(input_file(
                    fetched.name,
                    local,
                    options,
                    Some(fetched.path),
                )?);
            }
            Location::Remote(uri) => remote_files(uri, options, &mut files).await?,
        }
    }
    if files.is_empty() {
        return Err(Error::not_found("there is no file to load"));
    }
    for file in &mut files {
        file.piece_bytes = shares.piece_bytes();
    }
    Ok(files)
}

fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

fn input_file(
    name: String,
    path: PathBuf,
    options: &ImportOptions,
    fetched: Option<tempfile::TempPath>,
) -> Result<InputFile> {
    let metadata = path
        .metadata()
        .map_err(|error| Error::from(error).context(&name))?;
    let form = form_of(&name, &path, options);
    if metadata.is_dir() && !matches!(form, Ok((FileFormat::Lance, _))) {
        return Err(Error::invalid_data(format!(
            "{name} is a directory; name its files, as {name}/*.csv"
        )));
    }
    let (format, compression) = form?;
    options
        .check_format(format)
        .map_err(|error| error.context(&name))?;
    if compression != Compression::None && !matches!(format, FileFormat::Csv | FileFormat::Json) {
        return Err(Error::unsupported(format!(
            "{name}: only CSV and JSON lines are read from packed files"
        )));
    }
    Ok(InputFile {
        name,
        path,
        format,
        compression,
        bytes: if metadata.is_dir() { 0 } else { metadata.len() },
        piece_bytes: 0,
        _fetched: fetched,
    })
}

/// The files that `name` stands for, which says the local `path`.
pub(super) fn local_files(
    name: &str,
    path: &str,
    options: &ImportOptions,
    files: &mut Vec<InputFile>,
) -> Result<()> {
    // A file whose name looks like a pattern is a file.
    let pattern = pattern_of(name)?;
    if !is_pattern(&pattern) || PathBuf::from(path).exists() {
        files.push(input_file(
            path.to_owned(),
            PathBuf::from(path),
            options,
            None,
        )?);
        return Ok(());
    }
    let found = glob::glob(&pattern)
        .map_err(|error| Error::invalid_data(format!("the pattern {path}: {error}")))?;
    let before = files.len();
    for file in found {
        let file = file.map_err(|error| Error::from(std::io::Error::from(error)).context(path))?;
        files.push(input_file(file.display().to_string(), file, options, None)?);
    }
    if files.len() == before {
        return Err(Error::not_found(format!("no file matches {path}")));
    }
    Ok(())
}

/// The objects that `uri` stands for, in the order of their names.
///
/// # Errors
/// `NotFound` for a URI or pattern without an object.
pub(super) async fn remote_objects(
    uri: &str,
    options: &ImportOptions,
) -> Result<Vec<(String, ObjectMeta)>> {
    let (store, base) = object_store_of(fixed_part(uri), &options.store).await?;
    if is_pattern(uri) {
        return matching_objects(store.as_ref(), &base, uri).await;
    }
    match store.head(&base).await {
        Ok(object) => Ok(vec![(uri.to_owned(), object)]),
        Err(error) => Err(fetch_error(uri, error)),
    }
}

/// What a pattern begins with: it is no path of its own, and the store is asked for what is below that.
fn fixed_part(uri: &str) -> &str {
    match uri.find(['*', '?', '[']) {
        Some(at) => &uri[..uri[..at].rfind('/').unwrap_or(at)],
        None => uri,
    }
}

async fn matching_objects(
    store: &dyn ObjectStore,
    base: &StorePath,
    uri: &str,
) -> Result<Vec<(String, ObjectMeta)>> {
    let fixed = fixed_part(uri);
    let pattern = glob::Pattern::new(uri)
        .map_err(|error| Error::invalid_data(format!("the pattern {uri}: {error}")))?;
    let rules = glob::MatchOptions {
        require_literal_separator: true,
        ..glob::MatchOptions::new()
    };
    let listed: Vec<_> = store
        .list(Some(base))
        .try_collect()
        .await
        .map_err(|error| Error::unavailable(format!("{uri}: {error}")))?;
    let mut found = Vec::new();
    for meta in listed {
        let rest = &meta.location.as_ref()[base.as_ref().len()..];
        let name = format!("{fixed}/{}", rest.trim_start_matches('/'));
        if pattern.matches_with(&name, rules) {
            found.push((name, meta));
        }
    }
    if found.is_empty() {
        return Err(Error::not_found(format!("no file matches {uri}")));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

fn fetch_error(name: &str, error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::not_found(format!("there is no {name}")),
        other => Error::unavailable(format!("{name}: {other}")),
    }
}

async fn remote_files(
    uri: &str,
    options: &ImportOptions,
    files: &mut Vec<InputFile>,
) -> Result<()> {
    let (store, base) = object_store_of(fixed_part(uri), &options.store).await?;
    let found = if is_pattern(uri) {
        let objects = matching_objects(store.as_ref(), &base, uri).await?;
        let located = objects
            .into_iter()
            .map(|(name, meta)| (name, meta.location));
        located.collect()
    } else {
        vec![(uri.to_owned(), base)]
    };
    for (name, location) in found {
        let fetched = store.get(&location).await;
        let fetched = fetched.map_err(|error| fetch_error(&name, error))?;
        let mut file = tempfile::NamedTempFile::new()?;
        let mut bytes = fetched.into_stream();
        while let Some(piece) = bytes
            .try_next()
            .await
            .map_err(|error| fetch_error(&name, error))?
        {
            file.write_all(&piece)?;
        }
        file.flush()?;
        let path = file.into_temp_path();
        let local = path.to_path_buf();
        files.push(input_file(name, local, options, Some(path))?);
    }
    Ok(())
}

impl InputFile {
    /// Opens it.
    pub(super) fn open(&self) -> Result<File> {
        File::open(&self.path).map_err(|error| Error::from(error).context(&self.name))
    }

    /// An error in it.
    pub(super) fn broken(&self, error: &dyn std::fmt::Display) -> Error {
        Error::invalid_data(format!("{}: {error}", self.name))
    }
}
