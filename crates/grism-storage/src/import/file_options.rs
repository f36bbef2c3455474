//! How files are read: their format, what text files are made with, and the types of their columns.

use std::collections::BTreeMap;

use grism_core::{Error, FileOption, Result, nearest};
use grism_text::{ColumnType, Encoding, TimeFormat, TimeFormats};

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// Comma-separated values, or another delimiter.
    Csv,
    /// JSON objects: one a line, one behind the other with any number of lines, or in one array.
    Json,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC, file or stream.
    Arrow,
    /// A Lance dataset.
    Lance,
}

/// How the bytes of a file are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// What to do with files of formats that are not read, by their endings.
const WAYS_ROUND: [(&[&str], &str); 5] = [
    (
        &["xlsx", "xlsm", "xlsb", "xls", "ods"],
        "a sheet of a workbook is loaded as the table pandas.read_excel(path), or from a CSV or Parquet file that it is saved as",
    ),
    (
        &["zip", "7z", "rar", "tar", "tgz"],
        "unpack it, and load the files in it",
    ),
    (
        &["bz2", "xz", "lz4", "br", "lzma", "snappy"],
        "unpack it, or pack it with gzip or zstd",
    ),
    (
        &["avro", "orc"],
        "load it as a table of pyarrow, DuckDB or polars, or from a Parquet file",
    ),
    (
        &["db", "sqlite", "sqlite3", "duckdb"],
        "grism_ray.sql(\"sqlite:///path\", \"SELECT …\") reads a table of a database",
    ),
];

/// What to do with a file of a format that is not read.
pub(super) fn way_round(ending: &str) -> Option<&'static str> {
    let mut ways = WAYS_ROUND.iter();
    ways.find(|(endings, _)| endings.contains(&ending))
        .map(|(_, way)| *way)
}

impl FileFormat {
    const NAMES: [&str; 5] = ["csv", "json", "parquet", "arrow", "lance"];

    /// The format called `name`, in any case.
    ///
    /// # Errors
    /// `Unsupported` for another name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "txt" => Ok(Self::Csv),
            "json" | "jsonl" | "ndjson" => Ok(Self::Json),
            "parquet" | "pq" => Ok(Self::Parquet),
            "arrow" | "feather" | "ipc" | "arrows" => Ok(Self::Arrow),
            "lance" => Ok(Self::Lance),
            other => {
                let hint =
                    || nearest(other, Self::NAMES).map(|near| format!("did you mean {near}?"));
                let hint = way_round(other).map(str::to_owned).or_else(hint);
                let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
                Err(Error::unsupported(format!(
                    "the file format `{other}` is not supported; csv, json, parquet, arrow and lance are{hint}"
                )))
            }
        }
    }

    /// What files of the format are called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Json => "JSON",
            Self::Parquet => "Parquet",
            Self::Arrow => "Arrow",
            Self::Lance => "Lance",
        }
    }
}

impl Compression {
    /// The packing called `name`, in any case.
    ///
    /// # Errors
    /// `Unsupported` for another name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name.to_ascii_lowercase().as_str() {
            "none" => Ok(Self::None),
            "gz" | "gzip" => Ok(Self::Gzip),
            "zst" | "zstd" => Ok(Self::Zstd),
            other => Err(Error::unsupported(format!(
                "the compression `{other}` is not supported; gzip and zstd are"
            ))),
        }
    }

    /// The packing that the ending of a name tells, in any case.
    pub(super) fn told_by_name(name: &str) -> Self {
        match name.rsplit_once('.') {
            Some((_, ending)) if ending.eq_ignore_ascii_case("gz") => Self::Gzip,
            Some((_, ending)) if ending.eq_ignore_ascii_case("zst") => Self::Zstd,
            _ => Self::None,
        }
    }

    /// What the packing is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// The format and the packing that the ending of a path tells.
///
/// # Errors
/// `InvalidData` where there is no ending; `Unsupported` for an unknown one.
pub(crate) fn told_by_name(path: &str) -> Result<(FileFormat, Compression)> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let compression = Compression::told_by_name(name);
    let name = match (compression, name.rsplit_once('.')) {
        (Compression::Gzip | Compression::Zstd, Some((stem, _))) => stem,
        _ => name,
    };
    match name.rsplit_once('.') {
        Some((_, ending)) => {
            let format = FileFormat::from_name(ending).map_err(|error| error.context(path))?;
            Ok((format, compression))
        }
        None => Err(Error::invalid_data(format!(
            "{path} has no ending that tells its format; name the format"
        ))),
    }
}

/// How files are read. What is not said of text files is told by their beginnings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportOptions {
    /// The form of the files; `None` goes by the endings of their names, and by their first bytes.
    pub format: Option<FileFormat>,
    /// How they are packed; `None` goes by the endings of their names, and by their first bytes.
    pub compression: Option<Compression>,
    /// What stands between the values of a CSV file.
    pub delimiter: Option<u8>,
    /// What stands around values of a CSV file that hold delimiters or ends of lines; twice within them.
    pub quote: Option<u8>,
    /// Whether the first line of a CSV file names its columns; otherwise they are `column_1` and so on.
    pub header: Option<bool>,
    /// The encoding of a text file.
    pub encoding: Option<Encoding>,
    /// The texts that stand for null in a CSV file beside an empty value. In a column of texts a quoted value is never null.
    pub nulls: Vec<String>,
    /// Types of columns that are not to be told from the rows of a text file, or of columns of tables that are to be others.
    pub types: BTreeMap<String, ColumnType>,
    /// How dates and times of text files are written, where the type of their column says nothing of it.
    pub times: TimeFormats,
    /// Options of the object store that the files lie in.
    pub store: BTreeMap<String, String>,
}

impl ImportOptions {
    /// Sets an option by its name in the language; false where files have no such option.
    ///
    /// # Errors
    /// `InvalidQuery` and `Unsupported` for a value that the option does not take.
    pub fn set(&mut self, option: &FileOption) -> Result<bool> {
        let value = option.value.as_str();
        match option.name.as_str() {
            "FORMAT" => self.format = Some(FileFormat::from_name(value)?),
            "COMPRESSION" => self.compression = Some(Compression::from_name(value)?),
            "DELIMITER" => self.delimiter = Some(one_byte("DELIMITER", value)?),
            "QUOTE" => self.quote = Some(one_byte("QUOTE", value)?),
            "HEADER" => {
                let header = value.to_ascii_lowercase().parse();
                let header =
                    header.map_err(|_| Error::invalid_query("HEADER must be true or false"));
                self.header = Some(header?);
            }
            "ENCODING" => self.encoding = Some(Encoding::from_name(value)?),
            "NULL" => self.nulls.push(value.to_owned()),
            "DATE_FORMAT" => self.times.date = Some(TimeFormat::new(value)?),
            "TIMESTAMP_FORMAT" => self.times.timestamp = Some(TimeFormat::new(value)?),
            "TYPE" => {
                let column = option.column.clone().unwrap_or_default();
                self.types.insert(column, ColumnType::from_text(value)?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Checks that a file of a format takes all options that are set.
    ///
    /// # Errors
    /// `Unsupported` for an option that is for files of other formats.
    pub(super) fn check_format(&self, format: FileFormat) -> Result<()> {
        let (csv, text) = ("CSV", "CSV and JSON");
        let set = [
            ("delimiter", csv, self.delimiter.is_some()),
            ("quote", csv, self.quote.is_some()),
            ("header", csv, self.header.is_some()),
            ("null", csv, !self.nulls.is_empty()),
            ("encoding", text, self.encoding.is_some()),
            ("date_format", text, self.times.date.is_some()),
            ("timestamp_format", text, self.times.timestamp.is_some()),
        ];
        let is_taken = |of: &str| match format {
            FileFormat::Csv => true,
            FileFormat::Json => of == text,
            FileFormat::Parquet | FileFormat::Arrow | FileFormat::Lance => false,
        };
        match set.iter().find(|(_, of, is_set)| *is_set && !is_taken(of)) {
            Some((name, of, _)) => Err(Error::unsupported(format!(
                "the option {name} is for files of {of}, and this one is read as {}",
                format.name()
            ))),
            None => Ok(()),
        }
    }

    /// The types that are given, each with how its values are written.
    pub(super) fn type_of(&self, column: &str) -> Option<ColumnType> {
        let given = self.types.get(column)?;
        let format = given.format.as_ref().or_else(|| self.times.of(&given.ty));
        Some(ColumnType {
            ty: given.ty.clone(),
            format: format.cloned(),
        })
    }

    /// The null words as they stand in files.
    pub(super) fn null_words(&self) -> Vec<Vec<u8>> {
        let words = self.nulls.iter();
        words.map(|word| word.as_bytes().to_vec()).collect()
    }
}

/// The byte that an option of one character is.
///
/// # Errors
/// `InvalidQuery` for a text of another length, or an end of line.
pub fn one_byte(option: &str, value: &str) -> Result<u8> {
    match value.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [byte] if !matches!(byte, b'\n' | b'\r') => Ok(*byte),
        _ => Err(Error::invalid_query(format!(
            "{option} must be one character, not '{value}'"
        ))),
    }
}
