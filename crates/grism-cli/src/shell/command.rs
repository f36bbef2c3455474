//! Commands of the shell, which begin with a dot.

use clap::ValueEnum as _;
use grism::{Error, Result, nearest};

use crate::arguments::Format;

/// A command: its name, what it takes, and what it does.
pub(super) struct CommandText {
    pub(super) name: &'static str,
    takes: &'static str,
    does: &'static str,
}

/// Every command.
pub(super) const COMMANDS: [CommandText; 5] = [
    CommandText {
        name: "help",
        takes: "",
        does: "show this",
    },
    CommandText {
        name: "schema",
        takes: "",
        does: "show labels, hyperedge types, properties and constraints",
    },
    CommandText {
        name: "mode",
        takes: " FORM",
        does: "show results as box, markdown, csv, json, jsonlines or line",
    },
    CommandText {
        name: "timer",
        takes: " on|off",
        does: "tell how long each statement takes",
    },
    CommandText {
        name: "quit",
        takes: "",
        does: "leave, as Ctrl-D does",
    },
];

/// What a line with a dot asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Help,
    Schema,
    Mode(Format),
    Timer(bool),
    Quit,
}

impl Command {
    /// Reads a line.
    ///
    /// # Errors
    /// `InvalidQuery`, with the nearest command or with what it takes.
    pub(super) fn parse(line: &str) -> Result<Self> {
        let mut words = line.trim().trim_start_matches('.').split_whitespace();
        let (name, argument) = (words.next().unwrap_or_default(), words.next());
        let wanted = |takes: &str| Error::invalid_query(format!(".{name} takes {takes}"));
        match (name, argument) {
            ("help", _) => Ok(Self::Help),
            ("schema", _) => Ok(Self::Schema),
            ("quit" | "exit", _) => Ok(Self::Quit),
            ("timer", Some("on")) => Ok(Self::Timer(true)),
            ("timer", Some("off")) => Ok(Self::Timer(false)),
            ("timer", _) => Err(wanted("on or off")),
            ("mode", Some(form)) => match Format::from_str(form, true) {
                Ok(format) if !matches!(format, Format::Arrow | Format::Parquet) => {
                    Ok(Self::Mode(format))
                }
                _ => Err(wanted("box, markdown, csv, json, jsonlines or line")),
            },
            ("mode", None) => Err(wanted("box, markdown, csv, json, jsonlines or line")),
            _ => {
                let names = COMMANDS.iter().map(|command| command.name);
                let hint = match nearest(name, names) {
                    Some(near) => format!("did you mean `.{near}`?"),
                    None => "`.help` shows all".to_owned(),
                };
                Err(Error::invalid_query(format!(
                    "there is no command `.{name}`; {hint}"
                )))
            }
        }
    }
}

/// What `.help` shows.
pub(super) fn help() -> String {
    let mut text = String::from("A statement ends with a semicolon; Tab completes names.\n");
    for command in &COMMANDS {
        let call = format!(".{}{}", command.name, command.takes);
        text.push_str(&format!("{call:<16}{}\n", command.does));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_with_what_they_take() {
        let read = |line: &str| Command::parse(line).unwrap();
        assert_eq!(read(".help"), Command::Help);
        assert_eq!(read("  .schema  "), Command::Schema);
        assert_eq!(read(".quit"), read(".exit"));
        assert_eq!(read(".timer on"), Command::Timer(true));
        assert_eq!(read(".timer   off"), Command::Timer(false));
        assert_eq!(read(".mode csv"), Command::Mode(Format::Csv));
        assert_eq!(read(".mode MARKDOWN"), Command::Mode(Format::Markdown));
    }

    #[test]
    fn a_wrong_command_is_told_what_is_right() {
        let told = |line: &str| Command::parse(line).unwrap_err().message().to_owned();
        assert!(told(".shema").contains("did you mean `.schema`?"));
        assert!(told(".zzz").contains("`.help` shows all"));
        assert!(told(".timer").contains("takes on or off"));
        assert!(told(".timer maybe").contains("takes on or off"));
        // What is not for a terminal is no mode of the shell.
        for form in [".mode", ".mode arrow", ".mode parquet", ".mode xml"] {
            assert!(told(form).contains("takes box, markdown"), "{form}");
        }
    }

    #[test]
    fn the_help_names_every_command() {
        let help = help();
        for command in &COMMANDS {
            assert!(
                help.contains(&format!(".{}", command.name)),
                "{}",
                command.name
            );
        }
    }
}
