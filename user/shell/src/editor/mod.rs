//! The line editor behind the prompt, as a state machine: bytes of a keyboard in, bytes for a screen
//! out, and in the end a line.
//!
//! [`Editor::begin`] gives what to print for a prompt; [`Editor::feed`] takes one byte and gives what
//! to print and, when it is decided, an [`Event`]. It touches no terminal: the shell reads and writes,
//! the tests type and look.
//!
//! `keys` makes keys of bytes, `line` is the text with its cursor, `history` the lines before, `screen`
//! the drawing, `complete` the Tab key, `search` ^R.

mod complete;
mod history;
mod keys;
mod line;
mod screen;
mod search;
mod width;

#[cfg(test)]
mod tests;

pub use complete::{Candidate, Completer, NoCompleter};
pub use history::History;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use keys::{Decoder, Key};
use line::Line;
use screen::Screen;
use search::Search;

/// What a line of typing led to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A line, without its newline.
    Line(String),
    /// ^C: the line was given up.
    Interrupted,
    /// ^D on an empty line.
    EndOfInput,
}

/// What one byte did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Step {
    /// What to print.
    pub output: Vec<u8>,
    /// What was decided, if something was.
    pub event: Option<Event>,
}

/// A line being edited.
#[derive(Default)]
pub struct Editor {
    decoder: Decoder,
    line: Line,
    screen: Screen,
    history: History,
    search: Option<Search>,
    /// The last key was a Tab that changed nothing: the next one lists.
    tab_again: bool,
}

impl Editor {
    /// An editor with an empty history.
    pub fn new() -> Editor {
        Editor::default()
    }

    /// The lines before this one.
    pub fn history(&mut self) -> &mut History {
        &mut self.history
    }

    /// Begins a line; gives what to print. A width of 0 is taken for 80.
    pub fn begin(&mut self, prompt: &str, columns: usize) -> Vec<u8> {
        self.line = Line::default();
        self.search = None;
        self.tab_again = false;
        self.history.begin();
        self.screen = Screen::new(prompt, columns);
        self.screen.redraw(self.line.text(), self.line.cursor())
    }

    /// Takes one byte of the keyboard.
    pub fn feed(&mut self, byte: u8, completer: &mut dyn Completer) -> Step {
        match self.decoder.feed(byte) {
            Some(key) => self.press(key, completer),
            None => Step::default(),
        }
    }

    fn press(&mut self, key: Key, completer: &mut dyn Completer) -> Step {
        if let Some(search) = &mut self.search {
            match search.press(key, &self.history) {
                search::Outcome::Go => return self.show_search(),
                search::Outcome::Done(found) => {
                    self.search = None;
                    if let Some(found) = found {
                        self.line.set(&found);
                    }
                    let mut step = Step {
                        output: self.draw_all(),
                        event: None,
                    };
                    if !matches!(key, Key::Interrupt | Key::Other | Key::Search) {
                        let then = self.press(key, completer);
                        step.output.extend(then.output);
                        step.event = then.event;
                    }
                    return step;
                }
            }
        }
        let tab_again = core::mem::take(&mut self.tab_again);
        match key {
            Key::Character(character) => self.line.insert(character),
            Key::Enter => {
                let text = self.line.as_string();
                return self.decided(Event::Line(text), "");
            }
            Key::Interrupt => return self.decided(Event::Interrupted, "^C"),
            Key::EndOfInput if self.line.text().is_empty() => {
                return self.decided(Event::EndOfInput, "");
            }
            Key::EndOfInput | Key::Delete => self.line.delete(),
            Key::Backspace => self.line.backspace(),
            Key::Left => self.line.left(),
            Key::Right => self.line.right(),
            Key::Home => self.line.home(),
            Key::End => self.line.end(),
            Key::WordLeft => self.line.word_left(),
            Key::WordRight => self.line.word_right(),
            Key::KillToEnd => self.line.kill_to_end(),
            Key::KillToStart => self.line.kill_to_start(),
            Key::KillBlankWord => self.line.kill_blank_word(),
            Key::KillWordLeft => self.line.kill_word_left(),
            Key::KillWordRight => self.line.kill_word_right(),
            Key::Yank => self.line.yank(),
            Key::Transpose => self.line.transpose(),
            Key::Up => {
                if let Some(text) = self.history.older(&self.line.as_string()) {
                    self.line.set(&text);
                }
            }
            Key::Down => {
                if let Some(text) = self.history.newer() {
                    self.line.set(&text);
                }
            }
            Key::Search => {
                self.search = Some(Search::new(&self.history));
                return self.show_search();
            }
            Key::Clear => {
                let mut output = b"\x1b[H\x1b[2J".to_vec();
                self.screen.forget();
                output.extend(self.draw_all());
                return Step {
                    output,
                    event: None,
                };
            }
            Key::Tab => return self.complete(tab_again, completer),
            Key::Other => {}
        }
        Step {
            output: self.screen.update(self.line.text(), self.line.cursor()),
            event: None,
        }
    }

    fn decided(&mut self, event: Event, mark: &str) -> Step {
        self.line.end();
        let mut output = self.screen.update(self.line.text(), self.line.cursor());
        output.extend_from_slice(mark.as_bytes());
        output.extend_from_slice(b"\r\n");
        Step {
            output,
            event: Some(event),
        }
    }

    fn draw_all(&mut self) -> Vec<u8> {
        self.screen.redraw(self.line.text(), self.line.cursor())
    }

    fn show_search(&mut self) -> Step {
        let Some(search) = &self.search else {
            return Step::default();
        };
        let text: Vec<char> = format!("(search) {}: {}", search.wanted(), search.found())
            .chars()
            .collect();
        let cursor = text.len();
        Step {
            output: self.screen.redraw_with("", &text, cursor),
            event: None,
        }
    }

    fn complete(&mut self, tab_again: bool, completer: &mut dyn Completer) -> Step {
        let completion = complete::complete(self.line.text(), self.line.cursor(), completer);
        if !completion.insert.is_empty() {
            for character in completion.insert.chars() {
                self.line.insert(character);
            }
            let output = self.screen.update(self.line.text(), self.line.cursor());
            return Step {
                output,
                event: None,
            };
        }
        if completion.shown.len() < 2 || !tab_again {
            self.tab_again = true;
            return Step {
                output: b"\x07".to_vec(),
                event: None,
            };
        }
        let at = self.line.cursor();
        self.line.end();
        let mut output = self.screen.update(self.line.text(), self.line.cursor());
        output.extend_from_slice(b"\r\n");
        output.extend(complete::columns(&completion.shown, self.screen.columns()));
        self.line.move_to(at);
        self.screen.forget();
        output.extend(self.draw_all());
        Step {
            output,
            event: None,
        }
    }
}
