//! Where output goes: standard output, or a file that takes its name when it is whole.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, IsTerminal as _, Stdout, Write};
use std::path::{Path, PathBuf};

use grism::{Error, Result};

/// Where results are written to.
pub(crate) enum Destination {
    /// Standard output.
    Standard(BufWriter<Stdout>),
    /// A file beside the one that it becomes.
    File {
        /// The file that is written.
        writer: BufWriter<File>,
        /// Its name until it is whole.
        temporary: PathBuf,
        /// Its name then.
        path: PathBuf,
    },
}

impl Destination {
    /// Standard output, or a file.
    ///
    /// # Errors
    /// `Unavailable` or `NotFound` where the file cannot be written.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Standard(BufWriter::new(std::io::stdout())));
        };
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(format!(".tmp-{}", std::process::id()));
        let temporary = PathBuf::from(temporary);
        let file =
            File::create(&temporary).map_err(|error| Error::from(error).context(path.display()))?;
        Ok(Self::File {
            writer: BufWriter::new(file),
            temporary,
            path: path.to_owned(),
        })
    }

    /// Whether somebody looks on.
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Self::Standard(_)) && std::io::stdout().is_terminal()
    }

    /// The columns of the terminal, where there is one.
    pub(crate) fn width(&self) -> Option<u16> {
        self.is_terminal()
            .then(|| console::Term::stdout().size_checked())
            .flatten()
            .map(|(_, columns)| columns)
    }

    /// Writes bytes; whether a reader is there to take more.
    ///
    /// # Errors
    /// `Unavailable` where the file or the disk fails.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<bool> {
        let written = match self {
            Self::Standard(writer) => writer.write_all(bytes),
            Self::File { writer, .. } => writer.write_all(bytes),
        };
        self.reached(written)
    }

    /// Passes on what is buffered; whether a reader is there to take more.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub(crate) fn flush(&mut self) -> Result<bool> {
        let flushed = match self {
            Self::Standard(writer) => writer.flush(),
            Self::File { writer, .. } => writer.flush(),
        };
        self.reached(flushed)
    }

    /// A reader that has seen enough is no error.
    fn reached(&self, done: std::io::Result<()>) -> Result<bool> {
        match done {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(Error::from(error)),
        }
    }

    /// Ends the output: a file takes its name.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub(crate) fn finish(mut self) -> Result<()> {
        self.flush()?;
        if let Self::File {
            temporary, path, ..
        } = &self
        {
            std::fs::rename(temporary, path)
                .map_err(|error| Error::from(error).context(path.display()))?;
        }
        Ok(())
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        // What did not become whole leaves nothing; a file that has its name is not there any more.
        if let Self::File { temporary, .. } = self {
            let _ = std::fs::remove_file(temporary);
        }
    }
}

/// Writes a text and a line's end to standard output; a reader that has seen enough is no error.
///
/// # Errors
/// `Unavailable` where standard output fails otherwise.
pub(crate) fn write_text(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::from(error)),
        _ => Ok(()),
    }
}
