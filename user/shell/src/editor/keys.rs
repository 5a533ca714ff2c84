//! From bytes to keys: UTF-8, control characters, and the escape sequences of terminals.

use alloc::vec::Vec;

/// A key, by what it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Key {
    Character(char),
    Enter,
    Tab,
    Backspace,
    Delete,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    WordLeft,
    WordRight,
    KillToEnd,
    KillToStart,
    /// Back to a blank (^W).
    KillBlankWord,
    /// Back to the start of a word (Alt-Backspace).
    KillWordLeft,
    KillWordRight,
    Yank,
    Transpose,
    Clear,
    Search,
    Interrupt,
    EndOfInput,
    /// Something without a meaning here.
    Other,
}

/// Longer sequences are garbage.
const LONGEST_SEQUENCE: usize = 16;

/// Collects the bytes of a key.
#[derive(Default)]
pub(super) struct Decoder {
    pending: Vec<u8>,
    /// The last byte was a carriage return: a line feed right after it is the same Enter.
    after_return: bool,
}

impl Decoder {
    /// Takes a byte; gives the key that it completes.
    pub(super) fn feed(&mut self, byte: u8) -> Option<Key> {
        let after_return = core::mem::replace(&mut self.after_return, byte == b'\r');
        if self.pending.is_empty() && byte == b'\n' && after_return {
            return None;
        }
        self.pending.push(byte);
        let key = decode(&self.pending)?;
        self.pending.clear();
        Some(key)
    }
}

/// The key of a complete sequence; `None` while more must come.
fn decode(bytes: &[u8]) -> Option<Key> {
    match bytes {
        [0x1b] => None,
        [0x1b, rest @ ..] => escape(rest),
        [byte] if byte.is_ascii() => Some(control(*byte)),
        _ => match core::str::from_utf8(bytes) {
            Ok(text) => Some(text.chars().next().map_or(Key::Other, Key::Character)),
            // Incomplete: more must come; wrong: forget it.
            Err(error) if error.error_len().is_none() => None,
            Err(_) => Some(Key::Other),
        },
    }
}

fn control(byte: u8) -> Key {
    match byte {
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x7f | 0x08 => Key::Backspace,
        0x01 => Key::Home,
        0x02 => Key::Left,
        0x03 => Key::Interrupt,
        0x04 => Key::EndOfInput,
        0x05 => Key::End,
        0x06 => Key::Right,
        0x0b => Key::KillToEnd,
        0x0c => Key::Clear,
        0x0e => Key::Down,
        0x10 => Key::Up,
        0x12 => Key::Search,
        0x14 => Key::Transpose,
        0x15 => Key::KillToStart,
        0x17 => Key::KillBlankWord,
        0x19 => Key::Yank,
        b' '..=b'~' => Key::Character(byte as char),
        _ => Key::Other,
    }
}

/// What follows an escape.
fn escape(rest: &[u8]) -> Option<Key> {
    match rest {
        [b'[' | b'O'] => None,
        [b'[', parameters @ .., last] => {
            let is_end = (0x40..=0x7e).contains(last) && !(parameters.is_empty() && *last == b'[');
            if is_end {
                Some(sequence(parameters, *last))
            } else if rest.len() >= LONGEST_SEQUENCE {
                Some(Key::Other)
            } else {
                None
            }
        }
        [b'O', last] => Some(sequence(b"", *last)),
        [b'b' | b'B'] => Some(Key::WordLeft),
        [b'f' | b'F'] => Some(Key::WordRight),
        [b'd' | b'D'] => Some(Key::KillWordRight),
        [0x7f | 0x08] => Some(Key::KillWordLeft),
        _ => Some(Key::Other),
    }
}

/// `ESC [ parameters last`
fn sequence(parameters: &[u8], last: u8) -> Key {
    let with_control = parameters.ends_with(b";5") || parameters.ends_with(b";3");
    match (last, parameters) {
        (b'A', _) => Key::Up,
        (b'B', _) => Key::Down,
        (b'C', _) if with_control => Key::WordRight,
        (b'D', _) if with_control => Key::WordLeft,
        (b'C', _) => Key::Right,
        (b'D', _) => Key::Left,
        (b'H', _) | (b'~', b"1" | b"7") => Key::Home,
        (b'F', _) | (b'~', b"4" | b"8") => Key::End,
        (b'~', b"3") => Key::Delete,
        _ => Key::Other,
    }
}
