//! Directory entries: 32 bytes each.
//!
//! A file has one entry with its short name and attributes; a long name lies in entries of its own right before it, in
//! an order from the end of the name to its beginning ([`super::long`]).

use object::Timestamp;

use super::time;

/// Cannot be written.
pub const READ_ONLY: u8 = 1;
/// Not shown by other systems.
pub const HIDDEN: u8 = 2;
/// The name of the volume, or a part of a long name.
pub const LABEL: u8 = 8;
/// A directory.
pub const DIRECTORY: u8 = 0x10;
/// Changed since it was archived.
pub const ARCHIVE: u8 = 0x20;
/// What a part of a long name has in the place of attributes.
pub const LONG: u8 = 0xf;

/// The first byte of an entry that is free.
pub const DELETED: u8 = 0xe5;
/// Stands for a first byte of [`DELETED`] that belongs to a name.
pub const KANJI: u8 = 5;

/// The base is to be shown in lower case.
pub const LOWER_BASE: u8 = 8;
/// The extension is to be shown in lower case.
pub const LOWER_EXTENSION: u8 = 0x10;

/// What an entry says of its file, besides the name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// [`READ_ONLY`] and so on.
    pub attributes: u8,
    /// The first cluster; 0 for none.
    pub start: u32,
    /// Length in bytes; 0 for directories.
    pub size: u32,
    /// Latest change, in pairs of seconds.
    pub modification_time: Timestamp,
    /// Latest reading, in days.
    pub access_time: Timestamp,
    /// When it was made.
    pub birth_time: Timestamp,
}

fn word(bytes: &[u8; 32], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

impl Record {
    /// What an entry says. `wide` tables have the upper half of the first cluster's number; `long` ones
    /// have all times.
    pub fn read(bytes: &[u8; 32], wide: bool, long: bool) -> Record {
        let upper = if wide { word(bytes, 20) } else { 0 };
        let modification_time = time::read(word(bytes, 24), word(bytes, 22), 0);
        let (access_time, birth_time) = match long {
            true => (
                time::read(word(bytes, 18), 0, 0),
                time::read(word(bytes, 16), word(bytes, 14), bytes[13]),
            ),
            false => (modification_time, modification_time),
        };
        Record {
            attributes: bytes[11],
            start: u32::from(upper) << 16 | u32::from(word(bytes, 26)),
            size: u32::from(word(bytes, 28)) | u32::from(word(bytes, 30)) << 16,
            modification_time,
            access_time,
            birth_time,
        }
    }

    /// Puts it into an entry, whose name stays.
    pub fn write(&self, bytes: &mut [u8; 32], wide: bool, long: bool) {
        bytes[11] = self.attributes;
        let (date, moment, _) = time::write(self.modification_time);
        bytes[22..24].copy_from_slice(&moment.to_le_bytes());
        bytes[24..26].copy_from_slice(&date.to_le_bytes());
        if long {
            let (date, moment, hundredths) = time::write(self.birth_time);
            bytes[13] = hundredths;
            bytes[14..16].copy_from_slice(&moment.to_le_bytes());
            bytes[16..18].copy_from_slice(&date.to_le_bytes());
            let (date, _, _) = time::write(self.access_time);
            bytes[18..20].copy_from_slice(&date.to_le_bytes());
        }
        self.write_place(bytes, wide);
        bytes[28..32].copy_from_slice(&self.size.to_le_bytes());
    }

    /// Puts only the first cluster into an entry.
    pub fn write_place(&self, bytes: &mut [u8; 32], wide: bool) {
        if wide {
            bytes[20..22].copy_from_slice(&((self.start >> 16) as u16).to_le_bytes());
        }
        bytes[26..28].copy_from_slice(&(self.start as u16).to_le_bytes());
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.attributes & DIRECTORY != 0
    }
}

/// What lies in an entry's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Nothing, and nothing behind it.
    Last,
    /// Nothing.
    Free,
    /// A part of a long name.
    Long,
    /// The volume's name.
    Label,
    /// A file's entry.
    File,
}

/// What lies in an entry's place.
pub fn slot(bytes: &[u8; 32]) -> Slot {
    match (bytes[0], bytes[11]) {
        (0, _) => Slot::Last,
        (DELETED, _) => Slot::Free,
        (_, attributes) if attributes & 0x3f == LONG => Slot::Long,
        (_, attributes) if attributes & LABEL != 0 => Slot::Label,
        _ => Slot::File,
    }
}
