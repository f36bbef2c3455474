//! Where output goes: standard output, or a file that takes its name when it is whole.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, IsTerminal as _, Stdout, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use grism::{Compression, Error, PackedFile, Result};

/// Where results are written to.
pub(crate) enum Destination {
    /// Standard output.
    Standard(BufWriter<Stdout>),
    /// A program that shows it page by page.
    Pager {
        /// What it reads; `None` once it has all.
        writer: Option<BufWriter<ChildStdin>>,
        /// The program.
        child: Child,
    },
    /// A file beside the one that it becomes.
    File {
        /// The file that is written; `None` once it is whole.
        writer: Option<PackedFile>,
        /// Its name until it is whole.
        temporary: PathBuf,
        /// Its name then.
        path: PathBuf,
    },
}

impl Destination {
    /// Standard output, or a file, which is packed.
    ///
    /// # Errors
    /// `Unavailable` or `NotFound` where the file cannot be written.
    pub(crate) fn open(path: Option<&Path>, compression: Compression) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Standard(BufWriter::new(std::io::stdout())));
        };
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(format!(".tmp-{}", std::process::id()));
        let temporary = PathBuf::from(temporary);
        let file =
            File::create(&temporary).map_err(|error| Error::from(error).context(path.display()))?;
        Ok(Self::File {
            writer: Some(PackedFile::new(file, compression)?),
            temporary,
            path: path.to_owned(),
        })
    }

    /// The pager of the terminal, or standard output where there is none. What fits the screen is shown as it is.
    pub(crate) fn pager() -> Self {
        let named = std::env::var("PAGER").ok().filter(|name| !name.is_empty());
        let mut words = named.as_deref().unwrap_or("less").split_whitespace();
        let spawned = words.next().and_then(|program| {
            let mut command = Command::new(program);
            command.args(words).stdin(Stdio::piped());
            if std::env::var_os("LESS").is_none() {
                // Quit where it fits, keep colours, leave the text on the screen.
                command.env("LESS", "FRX");
            }
            command.spawn().ok()
        });
        match spawned {
            Some(mut child) => Self::Pager {
                writer: child.stdin.take().map(BufWriter::new),
                child,
            },
            None => Self::Standard(BufWriter::new(std::io::stdout())),
        }
    }

    fn writer(&mut self) -> Option<&mut dyn Write> {
        match self {
            Self::Standard(writer) => Some(writer),
            Self::Pager { writer, .. } => writer.as_mut().map(|own| own as &mut dyn Write),
            Self::File { writer, .. } => writer.as_mut().map(|own| own as &mut dyn Write),
        }
    }

    /// Whether somebody looks on.
    pub(crate) fn is_terminal(&self) -> bool {
        !matches!(self, Self::File { .. }) && std::io::stdout().is_terminal()
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
        let written = self.writer().map_or(Ok(()), |own| own.write_all(bytes));
        reached(written)
    }

    /// Passes on what is buffered; whether a reader is there to take more.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub(crate) fn flush(&mut self) -> Result<bool> {
        let flushed = self.writer().map_or(Ok(()), Write::flush);
        reached(flushed)
    }

    /// Ends the output: a file takes its name.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub(crate) fn finish(mut self) -> Result<()> {
        self.flush()?;
        match &mut self {
            Self::Standard(_) => Ok(()),
            Self::Pager { writer, child } => {
                drop(writer.take());
                child.wait().map(|_| ()).map_err(Error::from)
            }
            Self::File {
                writer,
                temporary,
                path,
            } => {
                let finished = writer.take().map_or(Ok(()), PackedFile::finish);
                finished
                    .and_then(|()| std::fs::rename(temporary, &path))
                    .map_err(|error| Error::from(error).context(path.display()))
            }
        }
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        match self {
            Self::Standard(_) => {}
            // Its input ends, and the terminal is its own until it is left.
            Self::Pager { writer, child } => {
                drop(writer.take());
                let _ = child.wait();
            }
            // What did not become whole leaves nothing; a file that has its name is not there any more.
            Self::File { temporary, .. } => {
                let _ = std::fs::remove_file(temporary);
            }
        }
    }
}

/// A reader that has seen enough is no error.
fn reached(done: std::io::Result<()>) -> Result<bool> {
    match done {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Error::from(error)),
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
