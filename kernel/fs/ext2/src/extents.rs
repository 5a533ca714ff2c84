//! Where the blocks of an ext4 file lie: reading its tree of extents.

use alloc::vec::Vec;

use base::Result;

use crate::format::checksum;
use crate::format::extent::{Found, find, header};
use crate::format::inode::Record;
use crate::map::Run;
use crate::meta::Meta;

/// How many blocks are remembered to have agreed with their checksums.
const VERIFIED_MAX: usize = 16_384;

impl Meta {
    /// [`Meta::find_blocks`] for a file with extents.
    pub(crate) fn find_extent(&mut self, record: &Record, index: u64, most: u64) -> Result<Run> {
        let most = most.max(1);
        let mut end = u64::MAX;
        let mut node: Vec<u8> = record.map_bytes().into();
        let mut above = None;
        // A node is one level below the one that led to it, so this ends.
        loop {
            let parsed = header(&node, above).map_err(|damage| self.damage(damage, index))?;
            match find(&node, parsed, index) {
                Found::Hole { until } => {
                    return Ok(Run {
                        at: None,
                        count: most.min(until.min(end) - index),
                    });
                }
                Found::Run { at, count } => {
                    let count = most.min(count).min(end - index);
                    let last = at.saturating_add(count - 1);
                    if self.block(at).is_none() || self.block(last).is_none() {
                        return Err(self.damage("a run of blocks where none can be", at));
                    }
                    return Ok(Run {
                        at: Some(at),
                        count,
                    });
                }
                Found::Below { block, until } => {
                    if self.block(block).is_none() {
                        return Err(self.damage("a node of extents where none can be", block));
                    }
                    node = self.blocks.copy(block)?;
                    self.verify_extents(record, block, &node)?;
                    above = Some(parsed.depth);
                    end = end.min(until);
                }
            }
        }
    }

    /// A block of the disk, if a file's can be there.
    fn block(&self, block: u64) -> Option<u64> {
        let (group, _) = self.measures.locate_block(block)?;
        let group = self.groups.get(group as usize)?;
        (!group.covers(&self.measures, block)).then_some(block)
    }

    fn verify_extents(&mut self, record: &Record, block: u64, node: &[u8]) -> Result<()> {
        let Ok(parsed) = header(node, None) else {
            // Whoever goes on with it will say so.
            return Ok(());
        };
        self.verify(block, "the checksum of a node of extents", || {
            checksum::extents_agree(record.checksum_seed, node, parsed.most)
        })
    }

    /// Checks a block against its checksum, unless there are none or it has agreed before: what has features of ext4 is
    /// not written, so it stays as it is.
    pub(crate) fn verify(
        &mut self,
        block: u64,
        what: crate::format::Damage,
        agrees: impl FnOnce() -> bool,
    ) -> Result<()> {
        if self.measures.checksum_seed.is_none() || self.verified.contains(&block) {
            return Ok(());
        }
        if !agrees() {
            return Err(self.damage(what, block));
        }
        if self.verified.len() >= VERIFIED_MAX {
            self.verified.clear();
        }
        self.verified.insert(block);
        Ok(())
    }
}
