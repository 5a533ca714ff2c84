//! What is free: blocks and inodes, group by group.
//!
//! A file's next block is looked for right behind its last one, and where that is taken, where eight in a row are
//! free, so that files written side by side do not interleave block by block. A new file's inode goes to its
//! directory's group. A directory goes to its parent's group too while that has its share of free blocks and inodes
//! left; those right below the root are spread, because what lies below each belongs together (Orlov's idea).

use base::{Error, Result};
use zerocopy::little_endian::U16;

use crate::blocks::Class;
use crate::format::bitmap;
use crate::format::inode::Record;
use crate::meta::Meta;

fn add(count: &mut U16, by: i32) {
    *count = U16::new(count.get().saturating_add_signed(by as i16));
}

/// With so many blocks beyond the reserve it does not matter who asks: more are never taken at once.
const PLENTY: u64 = 1 << 16;

impl Meta {
    /// Takes up to `want` blocks in a row, as near behind `goal` as there are; gives the first and how many.
    ///
    /// The last blocks are the super-user's: for all others there is no room once only they are left.
    pub(crate) fn allocate_blocks(&mut self, goal: u64, want: u32) -> Result<(u64, u32)> {
        let want = want.min(self.room_for_asker()?);
        let (first, at) = self.measures.locate_block(goal).unwrap_or((0, 0));
        let count = self.measures.groups;
        for step in 0..=count {
            let number = (first + step) % count;
            // The goal's own group comes twice: from the goal on at first, and at last from its beginning.
            let from = if step == 0 { at } else { 0 };
            if self.groups[number as usize].free_blocks.get() == 0 {
                continue;
            }
            if let Some(found) = self.take_in_group(number, from, want)? {
                return Ok(found);
            }
        }
        Err(Error::NoSpace)
    }

    /// How many blocks the calling thread may take; [`Error::NoSpace`] if none.
    fn room_for_asker(&self) -> Result<u32> {
        let free = self.free_blocks();
        let reserved = u64::from(self.superblock.reserved_blocks.get());
        let beyond = free.saturating_sub(reserved);
        let room = match beyond < PLENTY && self.keeps_reserve_from_asker() {
            true => beyond,
            false => free,
        };
        match u32::try_from(room) {
            Ok(0) => Err(Error::NoSpace),
            Ok(room) => Ok(room),
            Err(_) => Ok(u32::MAX),
        }
    }

    /// Whether the calling thread is one of those that the reserve is kept from: all but the super-user, and the user
    /// and the group that the superblock names (mke2fs(8), `-m`; the super-user's group is everybody's, so it does
    /// not count). The kernel itself only does what was asked for before.
    fn keeps_reserve_from_asker(&self) -> bool {
        let Some(asker) = vfs::who_asks() else {
            return false;
        };
        let user = u32::from(self.superblock.reserved_uid.get());
        let group = u32::from(self.superblock.reserved_gid.get());
        !asker.has(vfs::Capabilities::RESOURCES)
            && asker.fsuid != user
            && (group == 0 || !asker.in_group(group))
    }

    fn take_in_group(&mut self, number: u32, from: u32, want: u32) -> Result<Option<(u64, u32)>> {
        let group = self.groups[number as usize];
        let end = self.measures.group_blocks(number);
        let start = self.measures.group_start(number);
        let measures = self.measures;
        let bits = self
            .blocks
            .edit(u64::from(group.block_bitmap.get()), Class::Plain)?;
        let mut from = from;
        loop {
            let found = if from < end && !bitmap::is_set(bits, from) {
                Some(from)
            } else {
                bitmap::find_clear_byte(bits, from, end)
                    .or_else(|| bitmap::find_clear(bits, from, end))
            };
            let Some(index) = found else {
                return Ok(None);
            };
            let mut taken = 0;
            for place in index..index + bitmap::run(bits, index, end, want) {
                // A bitmap that says so lies; the records come first.
                if group.covers(&measures, start + u64::from(place)) {
                    bitmap::set(bits, place);
                    break;
                }
                bitmap::set(bits, place);
                taken += 1;
            }
            if taken > 0 {
                self.count_blocks(number, -(taken as i32));
                return Ok(Some((start + u64::from(index), taken)));
            }
            from = index + 1;
        }
    }

    /// Counts blocks of a group that are free now, or no longer.
    fn count_blocks(&mut self, group: u32, by: i32) {
        let count = &mut self.groups[group as usize].free_blocks;
        let before = count.get();
        add(count, by);
        // A count that lies stays in its bounds, and so does the sum.
        self.free_blocks = self.free_blocks + u64::from(count.get()) - u64::from(before);
        self.counts_changed = true;
    }

    /// Gives blocks back at once: nothing on the disk leads to them.
    pub(crate) fn return_blocks(&mut self, first: u64, count: u32) -> Result<()> {
        for block in first..first + u64::from(count) {
            let Some((group_number, index)) = self.measures.locate_block(block) else {
                return Err(self.damage("a block beyond the end was freed", block));
            };
            let group = self.groups[group_number as usize];
            if group.covers(&self.measures, block) {
                return Err(self.damage("a block of the system was freed", block));
            }
            let bits = self
                .blocks
                .edit(u64::from(group.block_bitmap.get()), Class::Plain)?;
            if bitmap::clear(bits, index) {
                self.count_blocks(group_number, 1);
            } else {
                self.damage("a block was freed twice", block);
            }
        }
        Ok(())
    }

    /// Gives a block back once the disk no longer leads to it.
    pub(crate) fn free_block(&mut self, block: u64) {
        // An inode that stays alive on the disk for a while needs what its map leads to.
        let unseen = self.departing.is_empty();
        let fresh = self.blocks.is_fresh(block);
        if unseen || !fresh {
            self.blocks.forget(block);
        }
        if unseen && fresh {
            // An error is in the log, and the block is lost until e2fsck.
            let _ = self.return_blocks(block, 1);
            return;
        }
        match self.freed_blocks.last_mut() {
            Some((first, count)) if *first + u64::from(*count) == block => *count += 1,
            _ => self.freed_blocks.push((block, 1)),
        }
    }

    /// Takes an inode for something in the directory `parent`.
    pub(crate) fn allocate_inode(&mut self, parent: u32, directory: bool) -> Result<u32> {
        let home = self
            .measures
            .locate_inode(parent)
            .map_or(0, |(group, _)| group);
        let start = if directory {
            self.group_for_directory(home, parent == 2)
        } else {
            home
        };
        for step in 0..self.measures.groups {
            let number = (start + step) % self.measures.groups;
            if self.groups[number as usize].free_inodes.get() == 0 {
                continue;
            }
            if let Some(inode) = self.take_inode(number, directory)? {
                return Ok(inode);
            }
        }
        Err(Error::NoSpace)
    }

    fn take_inode(&mut self, number: u32, directory: bool) -> Result<Option<u32>> {
        let group = self.groups[number as usize];
        let base = number * self.measures.inodes_per_group + 1;
        let from = self.measures.first_inode.saturating_sub(base);
        let end = self.measures.inodes_per_group;
        let bits = self
            .blocks
            .edit(u64::from(group.inode_bitmap.get()), Class::Plain)?;
        let Some(index) = bitmap::find_clear(bits, from, end) else {
            return Ok(None);
        };
        bitmap::set(bits, index);
        let group = &mut self.groups[number as usize];
        add(&mut group.free_inodes, -1);
        if directory {
            add(&mut group.directories, 1);
        }
        self.counts_changed = true;
        Ok(Some(base + index))
    }

    fn group_for_directory(&mut self, home: u32, top: bool) -> u32 {
        let count = u64::from(self.measures.groups);
        let inodes = self.free_inodes() / count;
        let blocks = self.free_blocks() / count;
        let roomy = |meta: &Meta, number: u32, share: u64| {
            let group = &meta.groups[number as usize];
            u64::from(group.free_inodes.get()) * 4 >= inodes * share
                && u64::from(group.free_blocks.get()) * 4 >= blocks * share
                && group.free_inodes.get() > 0
        };
        let start = if top {
            (self.directory_group + 1) % self.measures.groups
        } else {
            home
        };
        let share = if top { 4 } else { 3 };
        for step in 0..self.measures.groups {
            let number = (start + step) % self.measures.groups;
            if roomy(self, number, share) {
                if top {
                    self.directory_group = number;
                }
                return number;
            }
        }
        home
    }

    /// Gives an inode back at once: it is dead on the disk, and no name there leads to it.
    pub(crate) fn return_inode(&mut self, number: u32, directory: bool) -> Result<()> {
        let Some((group, index)) = self.measures.locate_inode(number) else {
            return Err(self.damage("an inode beyond the end was freed", number.into()));
        };
        if number < self.measures.first_inode {
            return Err(self.damage("a special inode was freed", number.into()));
        }
        let bitmap_block = u64::from(self.groups[group as usize].inode_bitmap.get());
        let bits = self.blocks.edit(bitmap_block, Class::Plain)?;
        if !bitmap::clear(bits, index) {
            return Err(self.damage("an inode was freed twice", number.into()));
        }
        let group = &mut self.groups[group as usize];
        add(&mut group.free_inodes, 1);
        if directory {
            add(&mut group.directories, -1);
        }
        self.counts_changed = true;
        Ok(())
    }

    /// Whether an inode is taken.
    pub(crate) fn is_taken(&self, number: u32) -> Result<bool> {
        let (group, index) = self
            .measures
            .locate_inode(number)
            .ok_or(Error::NeedsCleaning)?;
        let block = u64::from(self.groups[group as usize].inode_bitmap.get());
        let mut byte = [0];
        self.blocks.read(block, index as usize / 8, &mut byte)?;
        Ok(byte[0] & (1 << (index % 8)) != 0)
    }

    /// A dead inode's blocks are given back, and the block of its attributes if nobody shares it.
    pub(crate) fn free_contents(&mut self, record: &mut Record) -> Result<()> {
        if crate::inode::has_map(record) {
            self.cut(record, 0)?;
        }
        let attributes = core::mem::take(&mut record.attributes);
        if attributes != 0 {
            self.release_attributes(u64::from(attributes))?;
        }
        Ok(())
    }
}
