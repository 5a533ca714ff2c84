//! The text of a line and its cursor.

use alloc::string::String;
use alloc::vec::Vec;

/// Longer lines are not typed by anybody.
const LONGEST: usize = 64 * 1024;

/// A line, its cursor, and what was last cut out.
#[derive(Default)]
pub(super) struct Line {
    text: Vec<char>,
    cursor: usize,
    killed: Vec<char>,
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

impl Line {
    pub(super) fn text(&self) -> &[char] {
        &self.text
    }

    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    pub(super) fn as_string(&self) -> String {
        self.text.iter().collect()
    }

    /// Another text, with the cursor at its end.
    pub(super) fn set(&mut self, text: &str) {
        self.text = text.chars().collect();
        self.cursor = self.text.len();
    }

    pub(super) fn move_to(&mut self, cursor: usize) {
        self.cursor = cursor.min(self.text.len());
    }

    pub(super) fn insert(&mut self, character: char) {
        if self.text.len() < LONGEST {
            self.text.insert(self.cursor, character);
            self.cursor += 1;
        }
    }

    pub(super) fn backspace(&mut self) {
        if self.cursor > 0 {
            self.cursor -= 1;
            self.text.remove(self.cursor);
        }
    }

    pub(super) fn delete(&mut self) {
        if self.cursor < self.text.len() {
            self.text.remove(self.cursor);
        }
    }

    pub(super) fn left(&mut self) {
        self.cursor = self.cursor.saturating_sub(1);
    }

    pub(super) fn right(&mut self) {
        self.move_to(self.cursor + 1);
    }

    pub(super) fn home(&mut self) {
        self.cursor = 0;
    }

    pub(super) fn end(&mut self) {
        self.cursor = self.text.len();
    }

    fn word_start(&self, inside: fn(char) -> bool) -> usize {
        let mut at = self.cursor;
        while at > 0 && !inside(self.text[at - 1]) {
            at -= 1;
        }
        while at > 0 && inside(self.text[at - 1]) {
            at -= 1;
        }
        at
    }

    fn word_end(&self) -> usize {
        let mut at = self.cursor;
        while at < self.text.len() && !is_word(self.text[at]) {
            at += 1;
        }
        while at < self.text.len() && is_word(self.text[at]) {
            at += 1;
        }
        at
    }

    pub(super) fn word_left(&mut self) {
        self.cursor = self.word_start(is_word);
    }

    pub(super) fn word_right(&mut self) {
        self.cursor = self.word_end();
    }

    fn kill(&mut self, from: usize, to: usize) {
        if from < to {
            self.killed = self.text.drain(from..to).collect();
            self.cursor = from;
        }
    }

    pub(super) fn kill_to_end(&mut self) {
        self.kill(self.cursor, self.text.len());
    }

    pub(super) fn kill_to_start(&mut self) {
        self.kill(0, self.cursor);
    }

    pub(super) fn kill_blank_word(&mut self) {
        self.kill(
            self.word_start(|character| !character.is_whitespace()),
            self.cursor,
        );
    }

    pub(super) fn kill_word_left(&mut self) {
        self.kill(self.word_start(is_word), self.cursor);
    }

    pub(super) fn kill_word_right(&mut self) {
        self.kill(self.cursor, self.word_end());
    }

    pub(super) fn yank(&mut self) {
        for character in self.killed.clone() {
            self.insert(character);
        }
    }

    /// Exchanges the two characters around the cursor.
    pub(super) fn transpose(&mut self) {
        if self.cursor == self.text.len() {
            self.left();
        }
        if self.cursor > 0 {
            self.text.swap(self.cursor - 1, self.cursor);
            self.right();
        }
    }
}
