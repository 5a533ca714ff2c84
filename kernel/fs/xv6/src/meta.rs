//! What is known of the file system as a whole, under one sleeping lock: inodes, the bitmap, and the operation under way.
//!
//! An operation changes blocks of records and nothing else, so one that fails is undone by forgetting them
//! ([`Meta::end`]). What an inode says is therefore always read from its block, and kept nowhere.

use base::{Error, Result, log};
use device::block::Records;

use crate::format::inode::{self, INODES, Record};
use crate::format::superblock::Superblock;
use crate::format::{BLOCK, Damage};
use crate::log::Log;

/// What is free.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) blocks: u32,
    pub(crate) inodes: u32,
}

/// See the module.
pub(crate) struct Meta {
    pub(crate) records: Records<()>,
    pub(crate) measures: Superblock,
    pub(crate) log: Log,
    /// Nothing is written any more, or never was.
    pub(crate) read_only: bool,
    pub(crate) free: Counts,
    /// What was free before the operation under way.
    before: Counts,
    /// Blocks that writers were promised, and have not taken yet.
    pub(crate) promised: u32,
    /// Where the search for a free block begins.
    hint: u32,
}

impl Meta {
    pub(crate) fn new(records: Records<()>, measures: Superblock, log: Log) -> Meta {
        Meta {
            records,
            measures,
            log,
            read_only: true,
            free: Counts::default(),
            before: Counts::default(),
            promised: 0,
            hint: measures.data_start(),
        }
    }

    /// Something on the disk makes no sense: says so, writes nothing any more, and gives the error for whoever asked.
    pub(crate) fn damage(&mut self, what: Damage, number: u64) -> Error {
        let name = self.records.device().name();
        log::error!("xv6 {name}: {what} ({number}); nothing is written any more");
        self.read_only = true;
        Error::NeedsCleaning
    }

    /// Begins an operation. What the last one left to do is done first.
    pub(crate) fn begin(&mut self) -> Result<()> {
        if self.read_only {
            return Err(Error::ReadOnlyFileSystem);
        }
        self.log.settle(&mut self.records)?;
        self.before = self.free;
        Ok(())
    }

    /// Ends it: what it has changed happens as a whole; if it has failed, or that fails, nothing has changed.
    pub(crate) fn end<T>(&mut self, outcome: Result<T>) -> Result<T> {
        let outcome = match outcome {
            // Where the disk was found to be damaged in the midst of it, nothing of it is right.
            Ok(_) if self.read_only => Err(Error::NeedsCleaning),
            Ok(value) => self.log.commit(&mut self.records).map(|()| value),
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            for block in self.records.select(|(), _| true) {
                self.records.forget(block);
            }
            self.free = self.before;
        }
        outcome
    }

    /// Where an inode lies: block, and offset in it.
    fn inode_place(&self, number: u32) -> (u64, usize) {
        let block = self.measures.inode_start + number / INODES;
        (block.into(), (number % INODES) as usize * inode::SIZE)
    }

    /// What an inode says.
    pub(crate) fn read_inode(&self, number: u32) -> Result<Record> {
        let (block, offset) = self.inode_place(number);
        let mut bytes = [0; inode::SIZE];
        self.records.read(block, offset, &mut bytes)?;
        Ok(Record::read(&bytes))
    }

    /// Lets an inode say something else.
    pub(crate) fn write_inode(&mut self, number: u32, record: &Record) -> Result<()> {
        let (block, offset) = self.inode_place(number);
        let mut bytes = [0; inode::SIZE];
        record.write(&mut bytes);
        let place = self.records.edit(block, ())?;
        place[offset..offset + inode::SIZE].copy_from_slice(&bytes);
        Ok(())
    }

    /// A free inode, which is `record` from now on.
    pub(crate) fn take_inode(&mut self, record: &Record) -> Result<u32> {
        for number in 1..self.measures.inodes {
            if self.read_inode(number)?.is_free() {
                self.write_inode(number, record)?;
                self.free.inodes = self.free.inodes.saturating_sub(1);
                return Ok(number);
            }
        }
        Err(Error::NoSpace)
    }

    /// Gives an inode back, which has no blocks any more.
    pub(crate) fn return_inode(&mut self, number: u32) -> Result<()> {
        self.write_inode(number, &Record::default())?;
        self.free.inodes += 1;
        Ok(())
    }

    fn bit(&self, block: u32) -> (u64, usize, u8) {
        let bits = BLOCK as u32 * 8;
        let place = self.measures.bitmap_start + block / bits;
        (place.into(), (block % bits / 8) as usize, 1 << (block % 8))
    }

    /// Takes a free block that nobody else was promised; `own` is how many of the promised ones are the caller's.
    pub(crate) fn take_block(&mut self, own: u32) -> Result<u32> {
        if self.free.blocks <= self.promised.saturating_sub(own) {
            return Err(Error::NoSpace);
        }
        let range = self.measures.data_start()..self.measures.size;
        let mut bytes = [0; BLOCK];
        let mut loaded = None;
        for block in (self.hint..range.end).chain(range.start..self.hint) {
            let (place, offset, mask) = self.bit(block);
            if loaded != Some(place) {
                self.records.read(place, 0, &mut bytes)?;
                loaded = Some(place);
            }
            if bytes[offset] & mask == 0 {
                self.records.edit(place, ())?[offset] |= mask;
                self.free.blocks = self.free.blocks.saturating_sub(1);
                self.hint = block;
                return Ok(block);
            }
        }
        Err(Error::NoSpace)
    }

    /// Gives a block back.
    pub(crate) fn return_block(&mut self, block: u32) -> Result<()> {
        let (place, offset, mask) = self.bit(block);
        let byte = &mut self.records.edit(place, ())?[offset];
        if *byte & mask == 0 {
            return Err(self.damage("a block in use is free", block.into()));
        }
        *byte &= !mask;
        self.free.blocks += 1;
        self.hint = self.hint.min(block);
        Ok(())
    }

    /// Counts what is free.
    pub(crate) fn count(&mut self) -> Result<()> {
        let mut free = Counts::default();
        let mut bytes = [0; BLOCK];
        let mut loaded = None;
        for block in self.measures.data_start()..self.measures.size {
            let (place, offset, mask) = self.bit(block);
            if loaded != Some(place) {
                self.records.read(place, 0, &mut bytes)?;
                loaded = Some(place);
            }
            free.blocks += u32::from(bytes[offset] & mask == 0);
        }
        for number in 1..self.measures.inodes {
            free.inodes += u32::from(self.read_inode(number)?.is_free());
        }
        self.free = free;
        Ok(())
    }
}
