//! Group descriptors: where a group keeps its bitmaps and inodes, and what is free in it.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::Damage;
use super::superblock::Measures;

/// Bytes of a descriptor.
pub const SIZE: usize = 32;

/// The record as it lies on the disk.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[allow(missing_docs, reason = "the names are the format's own")]
pub struct Raw {
    pub block_bitmap: U32,
    pub inode_bitmap: U32,
    pub inode_table: U32,
    pub free_blocks: U16,
    pub free_inodes: U16,
    pub directories: U16,
    pub rest: [u8; 14],
}

impl Raw {
    /// Checks where it points to.
    pub fn check(&self, measures: &Measures, group: u32) -> Result<(), Damage> {
        let first = measures.group_start(group);
        let inside = |block: u32, count: u64| {
            let block = u64::from(block);
            block > measures.first_block && block.saturating_add(count) <= measures.blocks
        };
        if !inside(self.block_bitmap.get(), 1) {
            return Err("place of a block bitmap");
        }
        if !inside(self.inode_bitmap.get(), 1) || self.inode_bitmap == self.block_bitmap {
            return Err("place of an inode bitmap");
        }
        if !inside(self.inode_table.get(), measures.table_blocks()) {
            return Err("place of an inode table");
        }
        if first >= measures.blocks {
            return Err("a group beyond the end");
        }
        Ok(())
    }

    /// Whether `block` holds this group's bitmaps or inodes.
    pub fn covers(&self, measures: &Measures, block: u64) -> bool {
        let table = u64::from(self.inode_table.get());
        block == u64::from(self.block_bitmap.get())
            || block == u64::from(self.inode_bitmap.get())
            || (table..table + measures.table_blocks()).contains(&block)
    }
}
