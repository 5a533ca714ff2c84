//! The lines before this one.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// How many lines are kept.
const MOST: usize = 1000;

/// Lines, the oldest first, and where one is looking.
#[derive(Default)]
pub struct History {
    lines: Vec<String>,
    position: usize,
    /// What was typed before one began to look.
    draft: String,
}

impl History {
    /// Remembers a line, unless it is blank or the same as the last.
    pub fn add(&mut self, line: &str) {
        if line.trim().is_empty() || self.lines.last().is_some_and(|last| last == line) {
            return;
        }
        if self.lines.len() == MOST {
            self.lines.remove(0);
        }
        self.lines.push(line.to_string());
    }

    /// All lines, the oldest first.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.begin();
    }

    pub(super) fn begin(&mut self) {
        self.position = self.lines.len();
        self.draft.clear();
    }

    pub(super) fn older(&mut self, current: &str) -> Option<String> {
        if self.position == 0 {
            return None;
        }
        if self.position == self.lines.len() {
            self.draft = current.to_string();
        }
        self.position -= 1;
        self.lines.get(self.position).cloned()
    }

    pub(super) fn newer(&mut self) -> Option<String> {
        if self.position >= self.lines.len() {
            return None;
        }
        self.position += 1;
        Some(self.lines.get(self.position).unwrap_or(&self.draft).clone())
    }
}
