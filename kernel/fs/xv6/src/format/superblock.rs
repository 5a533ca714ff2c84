//! The superblock, which lies in block 1: where everything else is.

use super::{BLOCK, Damage, word};
use crate::format::inode::INODES;

/// What the first number is.
pub const MAGIC: u32 = 0x1020_3040;
/// How many blocks the largest operation changes, by xv6's own count (`MAXOPBLOCKS`). A smaller log is none.
pub const OPERATION: u32 = 10;
/// How many block numbers the header of the log has room for.
const HEADER: u32 = BLOCK as u32 / 4 - 1;

/// Where things are, in blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Superblock {
    /// Blocks in all.
    pub size: u32,
    /// Blocks for data, which are the last ones.
    pub data: u32,
    /// Inodes, the unused number 0 among them.
    pub inodes: u32,
    /// Blocks of the log, its header among them.
    pub log: u32,
    /// The log's header.
    pub log_start: u32,
    /// The first block of inodes.
    pub inode_start: u32,
    /// The first block of the bitmap.
    pub bitmap_start: u32,
}

impl Superblock {
    /// Reads block 1 of a disk of so many blocks, and sees whether what it says fits together.
    pub fn read(bytes: &[u8], blocks: u64) -> Result<Superblock, Damage> {
        if word(bytes, 0) != MAGIC {
            return Err("no xv6 file system");
        }
        let own = Superblock {
            size: word(bytes, 4),
            data: word(bytes, 8),
            inodes: word(bytes, 12),
            log: word(bytes, 16),
            log_start: word(bytes, 20),
            inode_start: word(bytes, 24),
            bitmap_start: word(bytes, 28),
        };
        let ends = |start: u32, length: u32, limit: u32| {
            u64::from(start) + u64::from(length) <= u64::from(limit)
        };
        if u64::from(own.size) > blocks {
            return Err("it is larger than its disk");
        }
        if own.data == 0 || own.data >= own.size {
            return Err("its number of data blocks");
        }
        if own.inodes < 2 || own.inodes > 1 << 16 {
            return Err("its number of inodes");
        }
        if own.log <= OPERATION {
            return Err("its log has no room for one operation");
        }
        if own.log_start < 2 || !ends(own.log_start, own.log, own.inode_start) {
            return Err("where its log lies");
        }
        if !ends(own.inode_start, own.inode_blocks(), own.bitmap_start) {
            return Err("where its inodes lie");
        }
        if !ends(own.bitmap_start, own.bitmap_blocks(), own.data_start()) {
            return Err("where its bitmap lies");
        }
        Ok(own)
    }

    /// The block as it is written.
    pub fn write(&self) -> [u8; BLOCK] {
        let mut bytes = [0; BLOCK];
        let words = [
            MAGIC,
            self.size,
            self.data,
            self.inodes,
            self.log,
            self.log_start,
            self.inode_start,
            self.bitmap_start,
        ];
        for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// A layout as MIT's mkfs makes it: so many blocks and inodes, and a log of so many.
    pub fn new(size: u32, inodes: u32, log: u32) -> Superblock {
        let inode_start = 2 + log;
        let bitmap_start = inode_start + inodes / INODES + 1;
        Superblock {
            size,
            data: size.saturating_sub(bitmap_start + size / (BLOCK as u32 * 8) + 1),
            inodes,
            log,
            log_start: 2,
            inode_start,
            bitmap_start,
        }
    }

    /// How many blocks one transaction may change.
    pub fn capacity(&self) -> usize {
        (self.log - 1).min(HEADER) as usize
    }

    /// The first block of data.
    pub fn data_start(&self) -> u32 {
        self.size - self.data
    }

    /// Whether a file may have a block.
    pub fn is_data(&self, block: u32) -> bool {
        (self.data_start()..self.size).contains(&block)
    }

    /// Whether there is an inode of this number.
    pub fn has_inode(&self, number: u32) -> bool {
        (1..self.inodes).contains(&number)
    }

    /// Blocks of inodes.
    pub fn inode_blocks(&self) -> u32 {
        self.inodes.div_ceil(INODES)
    }

    /// Blocks of the bitmap.
    pub fn bitmap_blocks(&self) -> u32 {
        self.size.div_ceil(BLOCK as u32 * 8)
    }
}
