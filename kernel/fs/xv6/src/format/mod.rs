//! What lies on the disk: plain values and functions over bytes.
//!
//! ```text
//! | boot | superblock | log header, log … | inodes … | bitmap … | data … |
//! ```
//!
//! All numbers are little-endian, all blocks 1,024 bytes long.

pub mod entry;
pub mod inode;
pub mod superblock;

/// Bytes of a block.
pub const BLOCK: usize = 1024;

/// Why something on the disk makes no sense.
pub type Damage = &'static str;

/// The 32-bit number at an offset; 0 behind the end.
pub(crate) fn word(bytes: &[u8], at: usize) -> u32 {
    let part = bytes.get(at..at + 4).and_then(|part| part.try_into().ok());
    part.map_or(0, u32::from_le_bytes)
}

/// The 16-bit number at an offset; 0 behind the end.
pub(crate) fn half(bytes: &[u8], at: usize) -> u16 {
    let part = bytes.get(at..at + 2).and_then(|part| part.try_into().ok());
    part.map_or(0, u16::from_le_bytes)
}
