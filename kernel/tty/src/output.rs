//! Output processing: what a program writes becomes what the wire carries.
//!
//! The only state is the cursor's column, which tabs and erasing need. Everything is a function
//! from one byte to at most [`MOST_PER_BYTE`] bytes, so the caller can ask for room before it
//! starts and a byte is never half sent.

use crate::settings::{InputFlags, OutputFlags, Settings};

/// The most bytes one byte may become: a tab at a tab stop as eight spaces.
pub const MOST_PER_BYTE: usize = 8;

/// Where the cursor is, as far as anyone can tell from what was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Column(pub usize);

/// Whether `byte` is the second or a later byte of a UTF-8 character, which takes no column.
pub fn is_continuation(byte: u8, settings: &Settings) -> bool {
    settings.input.contains(InputFlags::IUTF8) && byte & 0xc0 == 0x80
}

/// Whether `byte` is a control character as far as echo and columns care.
pub fn is_control(byte: u8) -> bool {
    byte < 0x20 || byte == 0x7f
}

impl Column {
    /// Sends one byte through the output flags to `emit`, and moves the column.
    pub fn process(&mut self, byte: u8, settings: &Settings, emit: &mut dyn FnMut(u8)) {
        let flags = settings.output;
        if !flags.contains(OutputFlags::OPOST) {
            self.advance_raw(byte, settings);
            emit(byte);
            return;
        }
        match byte {
            b'\n' => {
                if flags.contains(OutputFlags::ONLCR) {
                    self.0 = 0;
                    emit(b'\r');
                } else if flags.contains(OutputFlags::ONLRET) {
                    self.0 = 0;
                }
                emit(b'\n');
            }
            b'\r' => {
                if flags.contains(OutputFlags::ONOCR) && self.0 == 0 {
                    return;
                }
                if flags.contains(OutputFlags::OCRNL) {
                    if flags.contains(OutputFlags::ONLRET) {
                        self.0 = 0;
                    }
                    emit(b'\n');
                } else {
                    self.0 = 0;
                    emit(b'\r');
                }
            }
            b'\t' => {
                let spaces = 8 - self.0 % 8;
                self.0 += spaces;
                if flags.contains(OutputFlags::XTABS) {
                    (0..spaces).for_each(|_| emit(b' '));
                } else {
                    emit(b'\t');
                }
            }
            0x08 => {
                self.0 = self.0.saturating_sub(1);
                emit(byte);
            }
            _ => {
                let byte = if flags.contains(OutputFlags::OLCUC) {
                    byte.to_ascii_uppercase()
                } else {
                    byte
                };
                if !is_control(byte) && !is_continuation(byte, settings) {
                    self.0 += 1;
                }
                emit(byte);
            }
        }
    }

    /// Keeps the column true for a byte that goes out unprocessed.
    fn advance_raw(&mut self, byte: u8, settings: &Settings) {
        match byte {
            b'\r' => self.0 = 0,
            b'\t' => self.0 += 8 - self.0 % 8,
            0x08 => self.0 = self.0.saturating_sub(1),
            _ if is_control(byte) || is_continuation(byte, settings) => {}
            _ => self.0 += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &[u8], output: OutputFlags) -> (Vec<u8>, usize) {
        let mut settings = Settings::new();
        settings.output = output;
        let mut column = Column(0);
        let mut out = Vec::new();
        for &byte in text {
            let before = out.len();
            column.process(byte, &settings, &mut |byte| out.push(byte));
            assert!(out.len() - before <= MOST_PER_BYTE);
        }
        (out, column.0)
    }

    #[test]
    fn newline_returns_the_carriage() {
        let flags = OutputFlags::OPOST | OutputFlags::ONLCR;
        assert_eq!(sent(b"ab\nc", flags), (b"ab\r\nc".to_vec(), 1));
    }

    #[test]
    fn without_processing_bytes_pass() {
        assert_eq!(
            sent(b"a\nb\t", OutputFlags::empty()),
            (b"a\nb\t".to_vec(), 8)
        );
    }

    #[test]
    fn tabs_become_spaces_to_the_next_stop() {
        let flags = OutputFlags::OPOST | OutputFlags::XTABS;
        assert_eq!(sent(b"abc\t|", flags), (b"abc     |".to_vec(), 9));
        assert_eq!(sent(b"\t", flags).0.len(), 8);
    }

    #[test]
    fn carriage_returns_translate_or_vanish() {
        let to_newline = OutputFlags::OPOST | OutputFlags::OCRNL;
        assert_eq!(sent(b"a\rb", to_newline).0, b"a\nb");
        let none_at_zero = OutputFlags::OPOST | OutputFlags::ONOCR;
        assert_eq!(sent(b"\ra\r\r", none_at_zero).0, b"a\r");
    }

    #[test]
    fn upper_case_terminals() {
        assert_eq!(
            sent(b"aBc", OutputFlags::OPOST | OutputFlags::OLCUC).0,
            b"ABC"
        );
    }

    #[test]
    fn utf8_takes_one_column_a_character() {
        let mut settings = Settings::new();
        settings.input |= InputFlags::IUTF8;
        let mut column = Column(0);
        for &byte in "äö€".as_bytes() {
            column.process(byte, &settings, &mut |_| ());
        }
        assert_eq!(column.0, 3);
    }
}
