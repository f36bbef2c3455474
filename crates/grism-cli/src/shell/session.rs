//! The loop of the shell: reads, runs and shows.

use std::io::IsTerminal as _;
use std::time::Instant;

use grism::{CancellationHandle, Error, Graph, QueryOptions, Result, parse_statements};
use tokio::signal::unix::{self, Signal, SignalKind};

use super::command::{Command, help};
use super::complete::Names;
use super::editor::{Editor, Line};
use super::statements::is_complete;
use super::terminal_mode::{Keys, OriginalMode, TerminalMode};
use crate::arguments::{Format, Settings, Shell};
use crate::functions::{FunctionSource, open};
use crate::interrupt::{Again, until_interrupt};
use crate::output::{ResultWriter, tell, write_text};
use crate::query::{SCHEMA_STATEMENTS, show, show_each};

const PROMPT: &str = "grism> ";
const MORE: &str = "   ...> ";

/// Runs what is typed, until the input ends.
///
/// # Errors
/// At a terminal errors are shown and the shell goes on; from a file or a pipe the first one ends it.
pub(crate) async fn shell(arguments: Shell, functions: Option<&dyn FunctionSource>) -> Result<()> {
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let mut session = Session {
        graph: open(&arguments.graph, true, &arguments.functions, functions).await?,
        format: arguments.format,
        timer: false,
        is_terminal,
        settings: arguments.settings,
    };
    if is_terminal {
        write_text(&format!(
            "grism {} — {}\n.help shows the commands",
            env!("CARGO_PKG_VERSION"),
            arguments.graph.uri
        ))?;
    }
    let mode = is_terminal.then(TerminalMode::hold).transpose()?;
    if let Some(mode) = &mode {
        // Ctrl-C cancels a statement, or is a key; it never ends the shell.
        tokio::spawn(async { while tokio::signal::ctrl_c().await.is_ok() {} });
        for (signal, number) in [(SignalKind::hangup(), 1), (SignalKind::terminate(), 15)] {
            tokio::spawn(end_on(unix::signal(signal)?, number, mode.original()));
        }
    }
    let keys_are = |keys: Keys| mode.as_ref().map_or(Ok(()), |mode| mode.set(keys));
    let mut editor = Editor::new(is_terminal);
    let mut names = session.names().await;
    let mut text = String::new();
    loop {
        let prompt = if text.is_empty() { PROMPT } else { MORE };
        let known = names.clone();
        // A key is waited for on a thread of its own, so that the runtime goes on.
        let read = tokio::task::spawn_blocking(move || {
            let line = editor.read(prompt, &known);
            (editor, line)
        });
        let (back, line) = read
            .await
            .map_err(|error| Error::internal(error.to_string()))?;
        editor = back;
        let line = match line? {
            Line::Text(line) => line,
            Line::Interrupted => {
                text.clear();
                continue;
            }
            Line::End => break,
        };
        if text.is_empty() && line.trim_start().starts_with('.') {
            keys_are(Keys::Signal)?;
            let done = match Command::parse(&line) {
                Ok(Command::Quit) => return Ok(()),
                Ok(command) => session.command(&command).await,
                Err(error) => Err(error),
            };
            keys_are(Keys::Read)?;
            session.told(done)?;
            continue;
        }
        if text.is_empty() && line.trim().is_empty() {
            continue;
        }
        text.push_str(&line);
        text.push('\n');
        if is_complete(&text) {
            keys_are(Keys::Signal)?;
            let done = session.run(&std::mem::take(&mut text)).await;
            keys_are(Keys::Read)?;
            session.told(done)?;
            names = session.names().await;
        }
    }
    if !text.trim().is_empty() {
        let done = session.run(&text).await;
        session.told(done)?;
    }
    Ok(())
}

/// Gives the terminal its mode back and ends the command, as the signal with the number does where nothing waits for it.
async fn end_on(mut signal: Signal, number: i32, mode: OriginalMode) {
    if signal.recv().await.is_some() {
        mode.restore();
        std::process::exit(128 + number);
    }
}

struct Session {
    graph: Graph,
    /// The form of results; `None` is that of the output.
    format: Option<Format>,
    timer: bool,
    is_terminal: bool,
    settings: Settings,
}

impl Session {
    /// Shows an error and goes on, or ends with it.
    fn told(&self, done: Result<()>) -> Result<()> {
        match done {
            Err(error) if self.is_terminal => {
                tell(error);
                Ok(())
            }
            done => done,
        }
    }

    /// The names that Tab knows; none where nobody types, or they cannot be read.
    async fn names(&self) -> Names {
        if !self.is_terminal {
            return Names::default();
        }
        Names::of(&self.graph).await.unwrap_or_default()
    }

    /// Does what a command says.
    async fn command(&mut self, command: &Command) -> Result<()> {
        match command {
            Command::Help => write_text(help().trim_end()),
            Command::Schema => {
                show_each(&self.graph, &SCHEMA_STATEMENTS, Some(Format::Table)).await
            }
            Command::Mode(format) => {
                self.format = Some(*format);
                Ok(())
            }
            Command::Timer(on) => {
                self.timer = *on;
                Ok(())
            }
            // The loop of the shell ends before.
            Command::Quit => Ok(()),
        }
    }

    /// Runs statements and shows every result.
    async fn run(&self, text: &str) -> Result<()> {
        let cancellation = CancellationHandle::default();
        let options = self.settings.options(cancellation.clone())?;
        let again = match self.is_terminal {
            true => Again::IsIgnored,
            false => Again::Ends,
        };
        until_interrupt(&cancellation, again, self.run_all(text, &options)).await
    }

    async fn run_all(&self, text: &str, options: &QueryOptions) -> Result<()> {
        for statement in &parse_statements(text)? {
            let begun = Instant::now();
            let result = self.graph.run(statement, options).await?;
            let mut writer = match self.is_terminal {
                true => ResultWriter::paged(self.format),
                false => ResultWriter::new(self.format, None)?,
            };
            show(result, &mut writer).await?;
            writer.finish()?;
            if self.timer {
                tell(format!("{:.3} s", begun.elapsed().as_secs_f64()));
            }
        }
        Ok(())
    }
}
