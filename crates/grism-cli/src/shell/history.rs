//! The lines that were typed before, kept in a file between sessions.

use std::io::Write;
use std::path::PathBuf;

/// Lines that are kept.
const MOST_LINES: usize = 1_000;

/// Lines, the newest last.
#[derive(Debug, Default)]
pub(super) struct History {
    lines: Vec<String>,
    path: Option<PathBuf>,
}

impl History {
    /// The lines of earlier sessions; none where there is no home directory or no file.
    pub(super) fn load() -> Self {
        let path = directory().map(|directory| directory.join("history"));
        let text = path
            .as_ref()
            .and_then(|path| std::fs::read_to_string(path).ok())
            .unwrap_or_default();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let first = lines.len().saturating_sub(MOST_LINES);
        Self {
            lines: lines[first..].to_vec(),
            path,
        }
    }

    /// Adds a line, unless it is empty or the newest one already.
    pub(super) fn add(&mut self, line: &str) {
        if line.trim().is_empty() || self.lines.last().is_some_and(|last| last == line) {
            return;
        }
        self.lines.push(line.to_owned());
        // A history that cannot be kept is no reason to stop.
        let _ = self.append(line);
    }

    fn append(&self, line: &str) -> std::io::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)?;
        writeln!(file, "{line}")
    }

    /// The line `back` steps before the newest end; 1 is the newest.
    pub(super) fn line(&self, back: usize) -> Option<&str> {
        let place = self.lines.len().checked_sub(back)?;
        self.lines.get(place).map(String::as_str)
    }
}

/// Where programs keep what they remember: `XDG_STATE_HOME`, or `~/.local/state`.
fn directory() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state"));
    Some(state.or_else(home)?.join("grism"))
}
