//! Bringing what was changed to the disk, in an order that survives a loss of power at any point.
//!
//! The crate's essay says why the steps are these and come in this order.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use base::Result;
use zerocopy::little_endian::U32;

use crate::blocks::Class;
use crate::directory::Place;
use crate::meta::Meta;
use crate::volume::Volume;

/// Where the count of names lies in an inode, and where the time of its death.
const LINKS: core::ops::Range<usize> = 26..28;
const DEATH: core::ops::Range<usize> = 20..24;

/// A moment for an inode's death: never so small that it could be taken for an inode's number.
pub(crate) fn death_time() -> u32 {
    (vfs::now().seconds as u32).max(1 << 30)
}

impl Volume {
    /// Brings every change of inodes, maps, names and bitmaps to the disk, and flushes it. Data is the caller's.
    pub(crate) fn write_changes(&self, meta: &mut Meta) -> Result<()> {
        if meta.read_only {
            self.stop_writing();
            // What was changed before the damage was found never gets there.
            let lost = meta.damaged && meta.blocks.waiting() > 0;
            return if lost { meta.check_writable() } else { Ok(()) };
        }
        if meta.untouched {
            if !self.has_changed() && !self.has_dropped() && meta.blocks.waiting() == 0 {
                return Ok(());
            }
            self.open_for_writing(meta)?;
        }
        self.begin_commit();
        self.reap(meta);
        let settled = self.store_nodes(meta)?;
        meta.store_counts()?;
        let parked = meta.park_departing()?;
        let written = meta.write_all();
        for place in parked {
            if let Some(number) = meta.lost_and_found {
                meta.remove_name(number, place)?;
            }
        }
        written?;
        meta.named_in.clear();
        meta.order.clear();
        meta.update_orphans()?;
        meta.release();
        self.forget_settled(settled);
        Ok(())
    }
}

impl Meta {
    /// Steps 1 to 4.
    fn write_all(&mut self) -> Result<()> {
        self.write_fresh()?;
        self.write_plain()?;
        self.unlist_revived()?;
        self.write_names()?;
        self.write_births()?;
        self.blocks.flush()
    }

    /// Gives each inode that leaves a name in `lost+found` while the one that it had goes to another.
    fn park_departing(&mut self) -> Result<Vec<Place>> {
        let mut parked = Vec::new();
        let departing: Vec<(u32, u64)> = self
            .departing
            .iter()
            .map(|(number, block)| (*number, *block))
            .collect();
        for (number, block) in departing {
            if let Some(place) = self.park(number)? {
                self.put_in_order(place.block, block);
                parked.push(place);
            }
        }
        Ok(parked)
    }

    /// Step 1: what nothing on the disk leads to yet.
    fn write_fresh(&mut self) -> Result<()> {
        let fresh = self.blocks.select(|_, fresh| fresh);
        if fresh.is_empty() {
            return Ok(());
        }
        self.blocks.write(&fresh, &|_, _| false)?;
        self.blocks.flush()
    }

    /// Step 2: inodes, maps, bitmaps, counts; those who are being born are dead still, those who leave are alive still.
    fn write_plain(&mut self) -> Result<()> {
        let plain = self.blocks.select(|class, _| class == Class::Plain);
        let newborn: Vec<u32> = self.newborn.keys().copied().collect();
        self.write_inodes(&plain, &newborn, true)?;
        let names = !self
            .blocks
            .select(|class, _| class == Class::Names)
            .is_empty();
        // A name may also lie in a block of step 1 that this step has given a directory.
        if names || !self.newborn.is_empty() || !self.departing.is_empty() {
            self.blocks.flush()?;
        }
        Ok(())
    }

    fn write_inodes(&mut self, blocks: &[u64], dead: &[u32], departing: bool) -> Result<()> {
        // Which inodes are to look otherwise than they are, by block: offset, names, and whether the time of death goes.
        let mut looks: BTreeMap<u64, Vec<(usize, u16)>> = BTreeMap::new();
        let leaving = self
            .departing
            .keys()
            .filter(|_| departing)
            .map(|number| (*number, 1));
        let masked = dead.iter().map(|number| (*number, 0)).chain(leaving);
        for (number, links) in masked {
            let (block, offset) = self.inode_place(number)?;
            looks.entry(block).or_default().push((offset, links));
        }
        let listed: BTreeSet<(u64, usize)> = self
            .orphans
            .iter()
            .filter_map(|number| self.inode_place(*number).ok())
            .collect();
        self.blocks.write(blocks, &|block, bytes| {
            let Some(looks) = looks.get(&block) else {
                return false;
            };
            for &(offset, links) in looks {
                let record = &mut bytes[offset..];
                record[LINKS].copy_from_slice(&u16::to_le_bytes(links));
                if listed.contains(&(block, offset)) {
                    // There lies the number of the next orphan.
                    continue;
                }
                let death = if links == 0 { death_time() } else { 0 };
                record[DEATH].copy_from_slice(&death.to_le_bytes());
            }
            true
        })
    }

    /// Step 3: names, block after block where one has to be there before another.
    fn write_names(&mut self) -> Result<()> {
        let names: BTreeSet<u64> = self
            .blocks
            .select(|class, _| class == Class::Names)
            .into_iter()
            .collect();
        let mut left = names.clone();
        for &(before, after) in &self.order {
            left.extend([before, after]);
        }
        while !left.is_empty() {
            let waits: BTreeSet<u64> = self
                .order
                .iter()
                .filter(|(before, _)| left.contains(before))
                .map(|&(_, after)| after)
                .collect();
            let mut ready: Vec<u64> = left.difference(&waits).copied().collect();
            if ready.is_empty() {
                // No circle is ever entered; if one were, names would be written all at once.
                ready = left.iter().copied().collect();
            }
            for block in &ready {
                left.remove(block);
            }
            ready.retain(|block| names.contains(block));
            if !ready.is_empty() {
                self.blocks.write(&ready, &|_, _| false)?;
                if !left.is_empty() || !self.newborn.is_empty() || !self.departing.is_empty() {
                    self.blocks.flush()?;
                }
            }
        }
        Ok(())
    }

    /// Step 4: births, a directory before what is in it; and who has left is dead.
    fn write_births(&mut self) -> Result<()> {
        let mut depths: BTreeSet<u32> = self.newborn.values().copied().collect();
        if depths.is_empty() && !self.departing.is_empty() {
            depths.insert(0);
        }
        let last = depths.last().copied();
        for depth in depths {
            let mut blocks = BTreeSet::new();
            let due = self
                .newborn
                .iter()
                .filter(|(_, of)| **of == depth)
                .map(|(number, _)| number);
            for number in due.chain(self.departing.keys()) {
                blocks.insert(self.inode_place(*number)?.0);
            }
            let later: Vec<u32> = self
                .newborn
                .iter()
                .filter(|(_, of)| **of > depth)
                .map(|(number, _)| *number)
                .collect();
            let blocks: Vec<u64> = blocks.into_iter().collect();
            self.write_inodes(&blocks, &later, false)?;
            if last != Some(depth) {
                self.blocks.flush()?;
            }
        }
        self.newborn.clear();
        self.departing.clear();
        Ok(())
    }

    /// Still step 2: who is in the list of orphans and has a name again leaves it before it is alive, because e2fsck
    /// takes attributes and bytes from whom it finds there. So do those behind it, until step 5.
    fn unlist_revived(&mut self) -> Result<()> {
        let revived = self
            .orphans
            .iter()
            .position(|number| self.newborn.contains_key(number));
        let Some(first) = revived else {
            return Ok(());
        };
        while self.orphans.len() > first {
            self.unlist_last()?;
        }
        Ok(())
    }

    /// Takes the last one out of the list of orphans.
    fn unlist_last(&mut self) -> Result<()> {
        let Some(last) = self.orphans.pop() else {
            return Ok(());
        };
        self.link_orphan(0)?;
        if self.finished.remove(&last) == Some(true) {
            let kind = self.read_inode(last)?.kind();
            let directory = kind == Some(object::FileKind::Directory);
            self.freed_inodes.push((last, directory));
        }
        Ok(())
    }

    /// Whether the next commit takes one out of the list of orphans.
    pub(crate) fn last_is_finished(&self) -> bool {
        let last = self.orphans.last();
        last.is_some_and(|last| self.finished.contains_key(last))
    }

    /// Step 5: the list of orphans, one link at a time. Its end is where inodes come and go, so that whatever is on the
    /// disk is a list that ends.
    fn update_orphans(&mut self) -> Result<()> {
        while self.last_is_finished() {
            self.unlist_last()?;
        }
        let listed: BTreeSet<u32> = self.orphans.iter().copied().collect();
        let new: Vec<u32> = self.nameless.difference(&listed).copied().collect();
        for number in new {
            self.link_orphan(number)?;
            self.orphans.push(number);
        }
        Ok(())
    }

    /// Lets the end of the list lead to `next`.
    fn link_orphan(&mut self, next: u32) -> Result<()> {
        let block = match self.orphans.last() {
            Some(&last) => {
                let mut record = self.read_inode(last)?;
                record.deletion_time = next;
                self.write_inode(last, &record, false)?;
                self.inode_place(last)?.0
            }
            None => {
                self.superblock.last_orphan = U32::new(next);
                self.counts_changed = true;
                self.store_counts()?;
                crate::format::superblock::OFFSET / self.measures.block_size as u64
            }
        };
        let newborn: Vec<u32> = self.newborn.keys().copied().collect();
        self.write_inodes(&[block], &newborn, true)?;
        self.blocks.flush()
    }

    /// Step 6: nothing on the disk leads there any more, so it may be taken again.
    fn release(&mut self) {
        for (first, count) in core::mem::take(&mut self.freed_blocks) {
            // What is wrong is in the log; the rest is released all the same.
            let _ = self.return_blocks(first, count);
        }
        for (number, directory) in core::mem::take(&mut self.freed_inodes) {
            let _ = self.note_death(number);
            let _ = self.return_inode(number, directory);
        }
    }

    fn note_death(&mut self, number: u32) -> Result<()> {
        let mut record = self.read_inode(number)?;
        if record.deletion_time == 0 {
            record.deletion_time = death_time();
            self.write_inode(number, &record, false)?;
        }
        Ok(())
    }

    /// The block `before` has to be on the disk before `after` is; `false` if the reverse holds already.
    pub(crate) fn put_in_order(&mut self, before: u64, after: u64) -> bool {
        if before == after {
            return true;
        }
        let mut reached = BTreeSet::from([after]);
        let mut ahead = Vec::from([after]);
        while let Some(block) = ahead.pop() {
            if block == before {
                return false;
            }
            for &(_, next) in self.order.range((block, 0)..=(block, u64::MAX)) {
                if reached.insert(next) {
                    ahead.push(next);
                }
            }
        }
        self.order.insert((before, after));
        true
    }
}
