//! One line of input: edited at a terminal, or read as it is.

use std::io::BufRead;

use console::{Key, Term, measure_text_width};

use super::complete::Names;
use super::history::History;

/// Candidates that are listed, at most.
const MOST_LISTED: usize = 60;

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line without its end.
    Text(String),
    /// Ctrl-C: what was typed is dropped.
    Interrupted,
    /// The end of the input, or Ctrl-D on an empty line.
    End,
}

/// Reads lines.
pub(super) struct Editor {
    /// The terminal; `None` where lines come from a file or a pipe.
    terminal: Option<Term>,
    history: History,
    line: Vec<char>,
    /// The place of the cursor within the line.
    cursor: usize,
    /// Steps back in the history; 0 is the line that is being typed.
    back: usize,
    /// The line that was being typed before the history was shown.
    typed: Vec<char>,
}

impl Editor {
    /// An editor at a terminal, or a reader of lines.
    pub(super) fn new(is_terminal: bool) -> Self {
        Self {
            terminal: is_terminal.then(Term::stdout),
            history: match is_terminal {
                true => History::load(),
                false => History::default(),
            },
            line: Vec::new(),
            cursor: 0,
            back: 0,
            typed: Vec::new(),
        }
    }

    /// Reads a line.
    ///
    /// # Errors
    /// Those of the terminal or of standard input.
    pub(super) fn read(&mut self, prompt: &str, names: &Names) -> std::io::Result<Line> {
        let Some(terminal) = self.terminal.clone() else {
            let mut text = String::new();
            let read = std::io::stdin().lock().read_line(&mut text)?;
            let line = text.trim_end_matches(['\n', '\r']).to_owned();
            return Ok(if read == 0 {
                Line::End
            } else {
                Line::Text(line)
            });
        };
        (self.line, self.cursor, self.back) = (Vec::new(), 0, 0);
        loop {
            self.draw(&terminal, prompt)?;
            match terminal.read_key_raw()? {
                Key::Enter => {
                    terminal.write_line("")?;
                    let text: String = self.line.iter().collect();
                    self.history.add(&text);
                    return Ok(Line::Text(text));
                }
                Key::CtrlC => {
                    terminal.write_line("^C")?;
                    return Ok(Line::Interrupted);
                }
                Key::Char('\u{4}') if self.line.is_empty() => {
                    terminal.write_line("")?;
                    return Ok(Line::End);
                }
                Key::Tab => self.complete(&terminal, names)?,
                Key::Char('\u{c}') => terminal.clear_screen()?,
                key => self.edit(&key),
            }
        }
    }

    fn edit(&mut self, key: &Key) {
        match key {
            Key::ArrowLeft => self.cursor = self.cursor.saturating_sub(1),
            Key::ArrowRight => self.cursor = (self.cursor + 1).min(self.line.len()),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.line.len(),
            Key::ArrowUp => self.recall(self.back + 1),
            Key::ArrowDown => self.recall(self.back.saturating_sub(1)),
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.line.remove(self.cursor);
            }
            Key::Del | Key::Char('\u{4}') if self.cursor < self.line.len() => {
                self.line.remove(self.cursor);
            }
            // To the end, to the start, and the word before, as in a shell.
            Key::Char('\u{b}') => self.line.truncate(self.cursor),
            Key::Char('\u{15}') => {
                self.line.drain(..self.cursor);
                self.cursor = 0;
            }
            Key::Char('\u{17}') => {
                let before = &self.line[..self.cursor];
                let spaces = before.iter().rev().take_while(|own| own.is_whitespace());
                let end = self.cursor - spaces.count();
                let word = before[..end].iter().rev();
                let start = end - word.take_while(|own| !own.is_whitespace()).count();
                self.line.drain(start..self.cursor);
                self.cursor = start;
            }
            Key::Char(character) if !character.is_control() => {
                self.line.insert(self.cursor, *character);
                self.cursor += 1;
            }
            _ => {}
        }
    }

    /// Shows a line of the history.
    fn recall(&mut self, back: usize) {
        if self.back == 0 {
            self.typed.clone_from(&self.line);
        }
        let line = match back {
            0 => Some(self.typed.clone()),
            back => self.history.line(back).map(|line| line.chars().collect()),
        };
        if let Some(line) = line {
            (self.line, self.back) = (line, back);
            self.cursor = self.line.len();
        }
    }

    /// Puts in what all candidates have in common, or lists them.
    fn complete(&mut self, terminal: &Term, names: &Names) -> std::io::Result<()> {
        let (start, found) = names.candidates(&self.line, self.cursor);
        let Some(first) = found.first() else {
            return Ok(());
        };
        let mut common: Vec<char> = first.chars().collect();
        for other in &found[1..] {
            let same = |(a, b): &(&char, char)| a.to_lowercase().eq(b.to_lowercase());
            let length = common.iter().zip(other.chars()).take_while(same).count();
            common.truncate(length);
        }
        if common.len() > self.cursor - start || found.len() == 1 {
            self.line.splice(start..self.cursor, common.iter().copied());
            self.cursor = start + common.len();
            return Ok(());
        }
        terminal.write_line("")?;
        let more = if found.len() > MOST_LISTED {
            "  …"
        } else {
            ""
        };
        let listed = found[..found.len().min(MOST_LISTED)].join("  ");
        terminal.write_line(&format!("{listed}{more}"))
    }

    /// Draws the piece of the line around the cursor that fits.
    fn draw(&self, terminal: &Term, prompt: &str) -> std::io::Result<()> {
        let columns = terminal.size_checked().map_or(80, |(_, columns)| columns);
        let room = usize::from(columns)
            .saturating_sub(measure_text_width(prompt) + 1)
            .max(8);
        let first = self.cursor.saturating_sub(room);
        let shown: String = self.line[first..].iter().take(room).collect();
        let before: String = self.line[first..self.cursor].iter().collect();
        terminal.clear_line()?;
        terminal.write_str(&format!("{prompt}{shown}"))?;
        let behind = measure_text_width(&shown).saturating_sub(measure_text_width(&before));
        if behind > 0 {
            terminal.move_cursor_left(behind)?;
        }
        Ok(())
    }
}
