//! ^R: looking for a line by a part of it.

use super::History;
use super::keys::Key;
use alloc::string::String;

/// A search in the history.
pub(super) struct Search {
    wanted: String,
    /// Which line was found.
    position: usize,
    found: Option<String>,
}

/// What a key did to the search.
pub(super) enum Outcome {
    /// It goes on.
    Go,
    /// It is over; the text to edit, if one was found and not given up.
    Done(Option<String>),
}

impl Search {
    pub(super) fn new(history: &History) -> Search {
        Search {
            wanted: String::new(),
            position: history.lines().len(),
            found: None,
        }
    }

    pub(super) fn wanted(&self) -> &str {
        &self.wanted
    }

    pub(super) fn found(&self) -> &str {
        self.found.as_deref().unwrap_or("")
    }

    /// Looks among the lines older than `before`.
    fn look(&mut self, history: &History, before: usize) {
        let lines = &history.lines()[..before.min(history.lines().len())];
        let wanted = self.wanted.as_str();
        if let Some(position) = lines.iter().rposition(|line| line.contains(wanted)) {
            self.position = position;
            self.found = Some(lines[position].clone());
        }
    }

    pub(super) fn press(&mut self, key: Key, history: &History) -> Outcome {
        match key {
            Key::Character(character) => {
                self.wanted.push(character);
                self.look(history, self.position.saturating_add(1));
                Outcome::Go
            }
            Key::Backspace => {
                self.wanted.pop();
                self.look(history, history.lines().len());
                Outcome::Go
            }
            Key::Search => {
                self.look(history, self.position);
                Outcome::Go
            }
            Key::Interrupt => Outcome::Done(None),
            _ => Outcome::Done(self.found.take()),
        }
    }
}
