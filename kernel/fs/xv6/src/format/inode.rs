//! An inode: 64 bytes, sixteen to a block.

use object::FileKind;

use super::{BLOCK, half, word};

/// Bytes of an inode.
pub const SIZE: usize = 64;
/// Inodes of a block.
pub const INODES: u32 = (BLOCK / SIZE) as u32;
/// Blocks that the inode names itself.
pub const DIRECT: usize = 12;
/// Blocks that the block of numbers names.
pub const INDIRECT: usize = BLOCK / 4;
/// The longest file, in bytes.
pub const LENGTH_MAX: u64 = ((DIRECT + INDIRECT) * BLOCK) as u64;
/// How many names an inode may have.
pub const LINKS_MAX: u16 = i16::MAX as u16;

const DIRECTORY: u16 = 1;
const FILE: u16 = 2;
const DEVICE: u16 = 3;

/// What an inode says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// 0 for none, 1 for a directory, 2 for a file, 3 for a device.
    pub kind: u16,
    /// A device's number.
    pub major: u16,
    /// A device's second number.
    pub minor: u16,
    /// How many names lead here, a directory's `.` not among them.
    pub links: u16,
    /// Bytes.
    pub size: u32,
    /// The first twelve blocks, and the one that has the numbers of the others; 0 for none.
    pub blocks: [u32; DIRECT + 1],
}

impl Record {
    /// Reads the 64 bytes.
    pub fn read(bytes: &[u8]) -> Record {
        let mut blocks = [0; DIRECT + 1];
        for (index, block) in blocks.iter_mut().enumerate() {
            *block = word(bytes, 12 + index * 4);
        }
        Record {
            kind: half(bytes, 0),
            major: half(bytes, 2),
            minor: half(bytes, 4),
            links: half(bytes, 6),
            size: word(bytes, 8),
            blocks,
        }
    }

    /// Writes the 64 bytes.
    pub fn write(&self, bytes: &mut [u8; SIZE]) {
        let halves = [self.kind, self.major, self.minor, self.links];
        for (place, half) in bytes.chunks_exact_mut(2).zip(halves) {
            place.copy_from_slice(&half.to_le_bytes());
        }
        let words = core::iter::once(&self.size).chain(&self.blocks);
        for (place, word) in bytes[8..].chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
    }

    /// A new inode of a kind that there is.
    pub fn new(kind: FileKind) -> Option<Record> {
        let kind = match kind {
            FileKind::Directory => DIRECTORY,
            FileKind::Regular => FILE,
            FileKind::CharacterDevice => DEVICE,
            _ => return None,
        };
        Some(Record {
            kind,
            links: 1,
            ..Record::default()
        })
    }

    /// What it is; [`None`] for a free one, and for kinds that nobody knows.
    pub fn kind(&self) -> Option<FileKind> {
        match self.kind {
            DIRECTORY => Some(FileKind::Directory),
            FILE => Some(FileKind::Regular),
            DEVICE => Some(FileKind::CharacterDevice),
            _ => None,
        }
    }

    /// Whether it is nobody's.
    pub fn is_free(&self) -> bool {
        self.kind == 0
    }
}
