//! An entry of a directory: an inode's number in two bytes, and fourteen of name.

use super::half;

/// Bytes of an entry.
pub const SIZE: usize = 16;
/// The longest name.
pub const NAME: usize = 14;

/// What an entry says; the number is 0 where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The inode.
    pub inode: u16,
    bytes: [u8; NAME],
}

impl Entry {
    /// An entry of a name that is no longer than [`NAME`]; what is behind that is cut off.
    pub fn new(inode: u16, name: &[u8]) -> Entry {
        let mut bytes = [0; NAME];
        for (place, byte) in bytes.iter_mut().zip(name) {
            *place = *byte;
        }
        Entry { inode, bytes }
    }

    /// Reads the sixteen bytes.
    pub fn read(raw: &[u8; SIZE]) -> Entry {
        Entry::new(half(raw, 0), &raw[2..])
    }

    /// The sixteen bytes.
    pub fn write(&self) -> [u8; SIZE] {
        let mut raw = [0; SIZE];
        raw[..2].copy_from_slice(&self.inode.to_le_bytes());
        raw[2..].copy_from_slice(&self.bytes);
        raw
    }

    /// Its name: up to the first zero byte.
    pub fn name(&self) -> &[u8] {
        let end = self.bytes.iter().position(|byte| *byte == 0);
        &self.bytes[..end.unwrap_or(NAME)]
    }
}
