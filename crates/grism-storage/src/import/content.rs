//! What the first bytes of a file tell of its form, beside the ending of its name.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use grism_core::{Error, ErrorKind, Result};

use super::file_options::{Compression, FileFormat, ImportOptions, told_by_name, way_round};
use super::unpacked::unpacked;

/// Bytes that tell.
const HEAD: usize = 1 << 12;

/// What a file is by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Packed(Compression),
    Table(FileFormat),
    /// A format that is not read, by an ending of it.
    Refused(&'static str),
    /// No bytes that only one format begins with.
    Other,
}

impl Content {
    fn of(head: &[u8]) -> Self {
        match head {
            [0x1F, 0x8B, ..] => Self::Packed(Compression::Gzip),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Self::Packed(Compression::Zstd),
            [0xFF, 0xFF, 0xFF, 0xFF, ..] => Self::Table(FileFormat::Arrow),
            [b'P', b'K', 3, 4, ..] => Self::Refused(zipped(head)),
            [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, ..] => Self::Refused("xls"),
            [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => Self::Refused("xz"),
            [b'7', b'z', 0xBC, 0xAF, ..] => Self::Refused("7z"),
            [b'O', b'b', b'j', 1, ..] => Self::Refused("avro"),
            // What texts may begin with too, as the names of columns.
            head if is_text(head) => Self::Other,
            head if head.starts_with(b"PAR1") => Self::Table(FileFormat::Parquet),
            head if head.starts_with(b"ARROW1") => Self::Table(FileFormat::Arrow),
            head if head.starts_with(b"ORC") => Self::Refused("orc"),
            head if head.starts_with(b"BZh") => Self::Refused("bz2"),
            head if head.starts_with(b"SQLite format 3") => Self::Refused("sqlite"),
            head if head.get(8..12) == Some(b"DUCK") => Self::Refused("duckdb"),
            _ => Self::Other,
        }
    }
}

/// Whether there are no bytes that texts do not have.
fn is_text(head: &[u8]) -> bool {
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C);
    !head.iter().any(is_control)
}

/// Which of the formats that are zip files this is one of.
fn zipped(head: &[u8]) -> &'static str {
    let holds = |text: &[u8]| head.windows(text.len()).any(|part| part == text);
    if holds(b"[Content_Types].xml") || holds(b"xl/") {
        "xlsx"
    } else if holds(b"opendocument.spreadsheet") {
        "ods"
    } else {
        "zip"
    }
}

/// The format and the packing of the file at `path` that is called `name`.
///
/// What the options say counts, then what its first bytes say, then the ending of its name.
///
/// # Errors
/// `Unsupported` for a format that is not read, with what to do; `InvalidData` where the name and the bytes contradict each
/// other, or neither tells the format.
pub(super) fn form_of(
    name: &str,
    path: &Path,
    options: &ImportOptions,
) -> Result<(FileFormat, Compression)> {
    let named = told_by_name(name.trim_end_matches('/'));
    if path.is_dir() {
        return form_of_directory(named, options);
    }
    let head = head_of(path, Compression::None).map_err(|error| error.context(name))?;
    let content = Content::of(&head);
    let broken = |text: String| Error::invalid_data(format!("{name}: {text}"));
    let refused = |ending: &str| {
        Error::unsupported(format!(
            "{name} is a file of the format `{ending}` by its first bytes, which is not supported; {}",
            way_round(ending).unwrap_or_default()
        ))
    };
    if let Content::Refused(ending) = content {
        return Err(refused(ending));
    }
    let by_name = named.as_ref().ok().map(|(_, packing)| *packing);
    let packing_by_name = by_name.unwrap_or_else(|| Compression::told_by_name(name));
    let compression = match (options.compression, content) {
        (Some(given), _) => given,
        (None, Content::Packed(packing)) => packing,
        (None, _) if packing_by_name != Compression::None && !head.is_empty() => {
            return Err(broken(format!(
                "its name says {}, and its first bytes do not; it may be cut off, or not packed: then name the compression none",
                packing_by_name.name()
            )));
        }
        (None, _) => packing_by_name,
    };
    let format = match (options.format, named, content) {
        (Some(given), ..) => given,
        (None, Ok((format, _)), Content::Table(found)) if found != format => {
            return Err(broken(format!(
                "its name says {}, and by its first bytes it is a file of {}: name the format",
                format.name(),
                found.name()
            )));
        }
        (None, Ok((FileFormat::Parquet, _)), _)
            if !head.is_empty() && !head.starts_with(b"PAR1") =>
        {
            return Err(broken(
                "its name says Parquet, and its first bytes do not: name the format".to_owned(),
            ));
        }
        (None, Ok((format, _)), _) => format,
        (None, Err(_), Content::Table(found)) => found,
        // An ending that says another format is not to be guessed about.
        (None, Err(error), _)
            if error.kind() == ErrorKind::Unsupported && compression == packing_by_name =>
        {
            return Err(error);
        }
        (None, Err(error), _) => format_of_text(path, compression).ok_or(error)?,
    };
    Ok((format, compression))
}

fn form_of_directory(
    named: Result<(FileFormat, Compression)>,
    options: &ImportOptions,
) -> Result<(FileFormat, Compression)> {
    let (format, compression) = match options.format {
        Some(given) => (given, Compression::None),
        None => named?,
    };
    Ok((format, options.compression.unwrap_or(compression)))
}

/// JSON where a text begins as one, else CSV; `None` for what is no text.
fn format_of_text(path: &Path, compression: Compression) -> Option<FileFormat> {
    let head = head_of(path, compression).ok()?;
    let text = head.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(&head);
    match text.trim_ascii_start().first() {
        Some(b'{' | b'[') => Some(FileFormat::Json),
        Some(_) if !head.contains(&0) => Some(FileFormat::Csv),
        _ => None,
    }
}

/// The first bytes of a file, unpacked.
fn head_of(path: &Path, compression: Compression) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    let reader = unpacked(File::open(path)?, compression)?;
    reader.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}
