//! Editing the line in canonical mode: erasing a character, a word, the line, and showing it again.
//!
//! What an erased character leaves on the screen is found by measuring: the line that remains is
//! laid out again from the column where it began, and the cursor goes back by the difference. That
//! gives tabs and `^X` pairs their right width without remembering anything about them.

use alloc::vec::Vec;

use crate::discipline::Discipline;
use crate::output::{is_continuation, is_control};
use crate::settings::{Control, LocalFlags};

impl Discipline {
    /// VERASE: takes the last character away.
    pub(crate) fn erase_character(&mut self) {
        if let Some(character) = self.pop_character() {
            self.wipe(&character, Control::Erase);
        }
        self.finish_if_empty();
    }

    /// VWERASE: takes trailing separators and the word before them away.
    pub(crate) fn erase_word(&mut self) {
        let mut seen_word = false;
        while let Some(first) = self.last_character_start() {
            let is_word = first.is_ascii_alphanumeric() || first == b'_' || first >= 0x80;
            if seen_word && !is_word {
                break;
            }
            seen_word |= is_word;
            let Some(character) = self.pop_character() else {
                break;
            };
            self.wipe(&character, Control::WordErase);
        }
        self.finish_if_empty();
    }

    /// VKILL: takes the whole line away.
    pub(crate) fn kill_line(&mut self) {
        if self.input.line_len() == 0 {
            return;
        }
        let wiping = LocalFlags::ECHOK | LocalFlags::ECHOKE | LocalFlags::ECHOE;
        if !self.has_local(LocalFlags::ECHO) {
            self.input.clear_line();
            return;
        }
        if !self.has_local(wiping) {
            self.input.clear_line();
            self.finish_erasing();
            if let Some(kill) = self.settings.character(Control::Kill) {
                self.echo(kill);
            }
            if self.has_local(LocalFlags::ECHOK) {
                self.show(b"\n");
            }
            return;
        }
        while let Some(character) = self.pop_character() {
            self.wipe(&character, Control::Kill);
        }
        self.finish_if_empty();
    }

    /// VREPRINT: shows the line under edit again on a fresh screen line.
    pub(crate) fn reprint(&mut self, byte: u8) {
        self.finish_erasing();
        self.echo(byte);
        self.show(b"\n");
        self.line_column = self.column.0;
        let line: Vec<u8> = self.input.line().collect();
        for byte in line {
            self.echo(byte);
        }
    }

    /// Closes an ECHOPRT sequence.
    pub(crate) fn finish_erasing(&mut self) {
        if core::mem::take(&mut self.erasing) {
            self.show(b"/");
        }
    }

    fn finish_if_empty(&mut self) {
        if self.input.line_len() == 0 && self.has_local(LocalFlags::ECHO) {
            self.finish_erasing();
        }
    }

    /// The first byte of the last character of the line.
    fn last_character_start(&self) -> Option<u8> {
        let mut bytes = self.input.line().rev();
        bytes
            .find(|&byte| !is_continuation(byte, &self.settings))
            .or(self.input.last())
    }

    /// Takes the last character, all bytes of it, in order.
    fn pop_character(&mut self) -> Option<Vec<u8>> {
        let mut character = Vec::new();
        while let Some(byte) = self.input.pop() {
            character.push(byte);
            if !is_continuation(byte, &self.settings) {
                break;
            }
        }
        character.reverse();
        (!character.is_empty()).then_some(character)
    }

    /// Shows that `character`, just taken from the line, is gone.
    fn wipe(&mut self, character: &[u8], by: Control) {
        if !self.has_local(LocalFlags::ECHO) {
            return;
        }
        if self.has_local(LocalFlags::ECHOPRT) {
            if !core::mem::replace(&mut self.erasing, true) {
                self.show(b"\\");
            }
            character.iter().for_each(|&byte| self.echo(byte));
        } else if by == Control::Erase && !self.has_local(LocalFlags::ECHOE) {
            if let Some(erase) = self.settings.character(Control::Erase) {
                self.echo(erase);
            }
        } else if character.first() == Some(&b'\t') {
            let start = self.measure_line();
            let back = self.column.0.saturating_sub(start).clamp(1, 8);
            (0..back).for_each(|_| self.show(b"\x08"));
        } else {
            let width = character.first().map_or(0, |&byte| self.width(byte));
            (0..width).for_each(|_| self.show(b"\x08 \x08"));
        }
    }

    /// How many columns a character that begins with `byte` takes, other than a tab.
    fn width(&self, byte: u8) -> usize {
        match (is_control(byte), self.has_local(LocalFlags::ECHOCTL)) {
            (true, true) => 2,
            (true, false) => 0,
            (false, _) => 1,
        }
    }

    /// The column at which the line under edit ends on the screen.
    fn measure_line(&self) -> usize {
        self.input
            .line()
            .fold(self.line_column, |column, byte| match byte {
                b'\t' => column + 8 - column % 8,
                _ if is_continuation(byte, &self.settings) => column,
                _ => column + self.width(byte),
            })
    }
}
