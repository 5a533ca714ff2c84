//! Partitions: the tables that say how a disk is divided, and the parts as devices.
//!
//! [`find`] reads a table through a function that gives bytes at positions, so that it can be tested
//! and fuzzed without a disk: a GUID partition table ([`gpt`]) if the disk's first sector announces
//! one, otherwise a master boot record ([`mbr`]). Whatever the bytes say, what comes out lies on the
//! disk and has a length; how much is read is bounded.

mod crc;
mod device;
pub mod gpt;
pub mod mbr;
#[cfg(test)]
mod tests;

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::Result;
use mem::transfer::Sink;

pub use crc::crc32;
pub use device::Partition;

use super::{BlockCache, BlockDevice, SECTOR};

/// A part of a disk, as a table names it. In sectors of [`SECTOR`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number: 1 is `vda1`.
    pub number: u32,
    /// Its first sector.
    pub start: u64,
    /// How many sectors it has.
    pub sectors: u64,
}

/// A disk whose table is looked for.
pub struct Disk<'a> {
    /// Fills the buffer with the bytes at a position.
    pub read: &'a mut dyn FnMut(u64, &mut [u8]) -> Result<()>,
    /// Sectors of [`SECTOR`] bytes.
    pub sectors: u64,
    /// Bytes of the disk's own block, in which tables count.
    pub block_size: usize,
}

impl Disk<'_> {
    /// How many blocks of its own the disk has.
    pub(crate) fn blocks(&self) -> u64 {
        self.sectors / self.sectors_per_block()
    }

    pub(crate) fn sectors_per_block(&self) -> u64 {
        (self.block_size / SECTOR).max(1) as u64
    }

    /// Fills the buffer from a block of the disk on.
    pub(crate) fn read_block(&mut self, block: u64, into: &mut [u8]) -> Result<()> {
        let position = block.checked_mul(self.block_size as u64);
        (self.read)(position.ok_or(base::Error::InputOutput)?, into)
    }

    /// What a table says, in the disk's blocks, as an entry; `None` if it does not lie on the disk.
    /// What hangs over the disk's end is cut, as on Linux.
    pub(crate) fn entry(&self, number: u32, start: u64, blocks: u64) -> Option<Entry> {
        let left = self.blocks().checked_sub(start)?;
        let blocks = blocks.min(left);
        (blocks > 0).then(|| Entry {
            number,
            start: start * self.sectors_per_block(),
            sectors: blocks * self.sectors_per_block(),
        })
    }
}

/// The entries of the disk's table, by number; none if there is no table. An error: it could not be
/// read.
pub fn find(disk: &mut Disk<'_>) -> Result<Vec<Entry>> {
    if disk.blocks() < 2 {
        return Ok(Vec::new());
    }
    let mut first = [0; SECTOR];
    disk.read_block(0, &mut first)?;
    if mbr::is_protective(&first) {
        return Ok(gpt::find(disk)?.unwrap_or_default());
    }
    mbr::find(disk, &first)
}

/// Reads the table of a device through its cache, and gives its parts as devices.
pub fn scan(device: &Arc<dyn BlockDevice>) -> Result<Vec<Arc<dyn BlockDevice>>> {
    let cache = BlockCache::of(device)?;
    let geometry = device.geometry();
    let mut read = |position: u64, into: &mut [u8]| {
        let wanted = into.len();
        match cache.pages().read_at(position, &mut Sink::kernel(into))? {
            count if count == wanted => Ok(()),
            _ => Err(base::Error::InputOutput),
        }
    };
    let entries = find(&mut Disk {
        read: &mut read,
        sectors: geometry.sectors,
        block_size: geometry.block_size,
    })?;
    let devices = entries
        .iter()
        .filter_map(|entry| Partition::new(device, entry));
    Ok(devices
        .map(|partition| Arc::new(partition) as Arc<dyn BlockDevice>)
        .collect())
}
