//! `grism shell`: statements and commands from a terminal, or line by line from a file.

mod command;
mod complete;
mod editor;
mod history;
mod session;
mod statements;
mod terminal_mode;

pub(crate) use session::shell;
