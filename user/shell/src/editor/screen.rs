//! Drawing a line that may be longer than the screen is wide.
//!
//! Lines are wrapped here, with explicit newlines, so that the drawing is right even on a terminal
//! that is wider than it said. A character typed at the end is simply printed; everything else goes
//! back to the prompt, prints all and clears the rest.

use super::width;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What is on the screen.
#[derive(Default)]
pub(super) struct Screen {
    prompt: String,
    columns: usize,
    shown: Vec<char>,
    shown_cursor: usize,
    /// The row of the cursor below the prompt's row.
    row: usize,
}

/// A place: row below the prompt's, column.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    row: usize,
    column: usize,
}

impl Screen {
    pub(super) fn new(prompt: &str, columns: usize) -> Screen {
        let columns = if columns < 4 { 80 } else { columns };
        Screen {
            prompt: prompt.to_string(),
            columns,
            ..Screen::default()
        }
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Nothing is on the screen any more; the cursor is at the start of a free line.
    pub(super) fn forget(&mut self) {
        self.row = 0;
    }

    fn start(&self, prompt: &str) -> Place {
        let last = prompt.rsplit('\n').next().unwrap_or("");
        Place {
            row: 0,
            column: width::of_text(last) % self.columns,
        }
    }

    /// Where the next place is after a character; whether a newline must be printed before it.
    fn after(&self, place: Place, character: char) -> (Place, bool) {
        if character == '\n' {
            return (
                Place {
                    row: place.row + 1,
                    column: 0,
                },
                false,
            );
        }
        let wide = width::of(character);
        if place.column + wide > self.columns {
            (
                Place {
                    row: place.row + 1,
                    column: wide,
                },
                true,
            )
        } else {
            (
                Place {
                    row: place.row,
                    column: place.column + wide,
                },
                false,
            )
        }
    }

    /// Prints what changed.
    pub(super) fn update(&mut self, text: &[char], cursor: usize) -> Vec<u8> {
        let appended = text.starts_with(&self.shown)
            && self.shown_cursor == self.shown.len()
            && cursor == text.len();
        if !appended {
            if text == self.shown && cursor == self.shown_cursor {
                return Vec::new();
            }
            return self.redraw(text, cursor);
        }
        let prompt = self.prompt.clone();
        let mut place = self.place_of(&prompt, &self.shown, self.shown.len());
        let mut output = String::new();
        for &character in &text[self.shown.len()..] {
            place = self.print(&mut output, place, character);
        }
        place = self.leave_last_column(&mut output, place);
        self.row = place.row;
        self.shown = text.to_vec();
        self.shown_cursor = cursor;
        output.into_bytes()
    }

    /// Prints everything.
    pub(super) fn redraw(&mut self, text: &[char], cursor: usize) -> Vec<u8> {
        let prompt = self.prompt.clone();
        self.redraw_with(&prompt, text, cursor)
    }

    /// Prints everything with another prompt.
    pub(super) fn redraw_with(&mut self, prompt: &str, text: &[char], cursor: usize) -> Vec<u8> {
        let mut output = String::new();
        if self.row > 0 {
            output.push_str(&format!("\x1b[{}A", self.row));
        }
        let first_time = self.row == 0 && self.shown.is_empty() && text.is_empty();
        // A fresh prompt is printed as it is, so that logs of a session stay readable.
        if !first_time {
            output.push_str("\r\x1b[J");
        }
        output.push_str(prompt);
        let mut place = self.start(prompt);
        for &character in text {
            place = self.print(&mut output, place, character);
        }
        let end = self.leave_last_column(&mut output, place);
        let target = self.place_of(prompt, text, cursor);
        if target != end {
            if end.row > target.row {
                output.push_str(&format!("\x1b[{}A", end.row - target.row));
            }
            output.push('\r');
            if target.column > 0 {
                output.push_str(&format!("\x1b[{}C", target.column));
            }
        }
        self.row = target.row;
        self.shown = text.to_vec();
        self.shown_cursor = cursor;
        output.into_bytes()
    }

    fn print(&self, output: &mut String, place: Place, character: char) -> Place {
        let (next, wraps) = self.after(place, character);
        if wraps || character == '\n' {
            output.push_str("\r\n");
        }
        if character != '\n' {
            output.push(character);
        }
        next
    }

    /// A full row leaves a terminal's cursor between two lines; this puts it onto the next.
    fn leave_last_column(&self, output: &mut String, place: Place) -> Place {
        if place.column < self.columns {
            return place;
        }
        output.push_str("\r\n");
        Place {
            row: place.row + 1,
            column: 0,
        }
    }

    /// Where the cursor is before character `index`.
    fn place_of(&self, prompt: &str, text: &[char], index: usize) -> Place {
        let mut place = self.start(prompt);
        for &character in &text[..index] {
            place = self.after(place, character).0;
        }
        // Before a character that wraps, the cursor is on it, at the start of the next row.
        let wraps = match text.get(index) {
            Some(&next) => self.after(place, next).1,
            None => place.column >= self.columns,
        };
        if wraps {
            Place {
                row: place.row + 1,
                column: 0,
            }
        } else {
            place
        }
    }
}
