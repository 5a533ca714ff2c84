//! What is known of the file system as a whole, and where each inode lies.
//!
//! One [`Meta`] a volume, under one sleeping lock: whoever changes names, maps or bitmaps holds it for the whole
//! operation, and no user memory is touched meanwhile.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use base::{Error, Result, log};
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, IntoBytes};

use crate::blocks::{Blocks, Class};
use crate::format::inode::Record;
use crate::format::superblock::{self, Measures, OnError};
use crate::format::{Damage, checksum, group};
use crate::index::Indices;

/// See the module.
pub(crate) struct Meta {
    pub(crate) blocks: Blocks,
    pub(crate) measures: Measures,
    pub(crate) superblock: superblock::Raw,
    pub(crate) groups: Vec<group::Raw>,
    /// Free blocks of all groups.
    pub(crate) free_blocks: u64,
    /// The superblock or a descriptor differs from what lies in [`Meta::blocks`].
    pub(crate) counts_changed: bool,
    /// Nothing is written any more, or never was.
    pub(crate) read_only: bool,
    /// Nothing was written yet: it was mounted to be read.
    pub(crate) untouched: bool,
    /// What to do when something wrong is found, whatever the superblock says.
    pub(crate) on_error: Option<OnError>,
    /// Something wrong was found.
    pub(crate) damaged: bool,
    /// It was not left in order before it was mounted, and does not become so by being mounted.
    pub(crate) unclean: bool,

    /// Inodes that are dead on the disk until their names are there; the number says how deep they lie in directories
    /// that are new too.
    pub(crate) newborn: BTreeMap<u32, u32>,
    /// Inodes that stay alive on the disk until the name that replaced theirs is there, and the block where that is.
    pub(crate) departing: BTreeMap<u32, u64>,
    /// The blocks in which inodes got names since the last commit, inode first.
    pub(crate) named_in: BTreeSet<(u32, u64)>,
    /// Blocks of names of which the first has to be on the disk before the second.
    pub(crate) order: BTreeSet<(u64, u64)>,
    /// Blocks to be free after the next commit, first and count.
    pub(crate) freed_blocks: Vec<(u64, u32)>,
    /// Inodes to be free after the next commit, and whether they are directories.
    pub(crate) freed_inodes: Vec<(u32, bool)>,
    /// Nameless inodes that are still in use.
    pub(crate) nameless: BTreeSet<u32>,
    /// The list of orphans as it is on the disk, head first.
    pub(crate) orphans: Vec<u32>,
    /// Those of them that are done with, and whether they are dead: others were cut off and live on.
    pub(crate) finished: BTreeMap<u32, bool>,
    /// Where the names of large directories are.
    pub(crate) indices: Indices,
    /// The directory where e2fsck puts what has no name.
    pub(crate) lost_and_found: Option<u32>,
    /// The group that got the latest top directory.
    pub(crate) directory_group: u32,
    /// Blocks that have agreed with their checksums.
    pub(crate) verified: BTreeSet<u64>,
}

impl Meta {
    /// What the superblock says, checked, and the descriptors.
    pub(crate) fn open(
        blocks: Blocks,
        superblock: superblock::Raw,
        measures: Measures,
    ) -> core::result::Result<Meta, (Damage, Error)> {
        let mut meta = Meta {
            blocks,
            measures,
            superblock,
            groups: Vec::new(),
            free_blocks: 0,
            counts_changed: false,
            read_only: true,
            untouched: false,
            on_error: None,
            damaged: false,
            unclean: false,
            newborn: BTreeMap::new(),
            departing: BTreeMap::new(),
            named_in: BTreeSet::new(),
            order: BTreeSet::new(),
            freed_blocks: Vec::new(),
            freed_inodes: Vec::new(),
            nameless: BTreeSet::new(),
            orphans: Vec::new(),
            finished: BTreeMap::new(),
            indices: Indices::default(),
            lost_and_found: None,
            directory_group: 0,
            verified: BTreeSet::new(),
        };
        let count = measures.groups as usize;
        meta.groups
            .try_reserve_exact(count)
            .map_err(|_| ("memory", Error::OutOfMemory))?;
        for number in 0..measures.groups {
            let mut bytes = vec![0; measures.descriptor_size];
            let (block, offset) = meta.descriptor_place(number);
            meta.blocks
                .read(block, offset, &mut bytes)
                .map_err(|error| ("reading the descriptors", error))?;
            if let Some(seed) = measures.checksum_seed
                && !checksum::descriptor_agrees(seed, number, &bytes)
            {
                return Err(("the checksum of a descriptor", Error::NeedsCleaning));
            }
            let (raw, _) = group::Raw::read_from_prefix(&bytes)
                .map_err(|_| ("a descriptor", Error::NeedsCleaning))?;
            raw.check(&measures, number)
                .map_err(|damage| (damage, Error::NeedsCleaning))?;
            meta.free_blocks += u64::from(raw.free_blocks.get());
            meta.groups.push(raw);
        }
        Ok(meta)
    }

    fn descriptor_place(&self, number: u32) -> (u64, usize) {
        let at = number as usize * self.measures.descriptor_size;
        let size = self.measures.block_size;
        (
            self.measures.descriptor_block() + (at / size) as u64,
            at % size,
        )
    }

    /// Puts the superblock and the descriptors into their blocks.
    pub(crate) fn store_counts(&mut self) -> Result<()> {
        if !core::mem::take(&mut self.counts_changed) {
            return Ok(());
        }
        self.superblock.free_blocks = U32::new(self.free_blocks() as u32);
        self.superblock.free_inodes = U32::new(self.free_inodes() as u32);
        self.superblock.write_time = U32::new(vfs::now().seconds as u32);
        let size = self.measures.block_size as u64;
        let (block, offset) = (
            superblock::OFFSET / size,
            (superblock::OFFSET % size) as usize,
        );
        let bytes = self.blocks.edit(block, Class::Plain)?;
        bytes[offset..offset + superblock::SIZE].copy_from_slice(self.superblock.as_bytes());
        for number in 0..self.measures.groups {
            let (block, offset) = self.descriptor_place(number);
            let raw = self.groups[number as usize];
            let mut present = [0; group::SIZE];
            self.blocks.read(block, offset, &mut present)?;
            if present != raw.as_bytes() {
                let bytes = self.blocks.edit(block, Class::Plain)?;
                bytes[offset..offset + group::SIZE].copy_from_slice(raw.as_bytes());
            }
        }
        Ok(())
    }

    /// Free blocks in all.
    #[inline]
    pub(crate) fn free_blocks(&self) -> u64 {
        self.free_blocks
    }

    /// Free inodes in all.
    pub(crate) fn free_inodes(&self) -> u64 {
        self.groups
            .iter()
            .map(|group| u64::from(group.free_inodes.get()))
            .sum()
    }

    /// The block that an inode lies in, and where in it.
    pub(crate) fn inode_place(&self, number: u32) -> Result<(u64, usize)> {
        let (group, index) = self
            .measures
            .locate_inode(number)
            .ok_or(Error::NeedsCleaning)?;
        let table = u64::from(self.groups[group as usize].inode_table.get());
        let at = index as usize * self.measures.inode_size;
        let size = self.measures.block_size;
        Ok((table + (at / size) as u64, at % size))
    }

    /// Reads an inode.
    pub(crate) fn read_inode(&mut self, number: u32) -> Result<Record> {
        let (block, offset) = self.inode_place(number)?;
        let mut bytes = vec![0; self.measures.inode_size];
        self.blocks.read(block, offset, &mut bytes)?;
        let mut record = Record::read(&bytes).ok_or(Error::NeedsCleaning)?;
        if let Some(seed) = self.measures.checksum_seed {
            let seed = checksum::inode_seed(seed, number, record.generation);
            if !checksum::inode_agrees(seed, &bytes) {
                return Err(self.damage("the checksum of an inode", number.into()));
            }
            record.checksum_seed = seed;
        }
        Ok(record)
    }

    /// Puts an inode into its block; `new` if nothing of what lay there counts.
    pub(crate) fn write_inode(&mut self, number: u32, record: &Record, new: bool) -> Result<()> {
        let (block, offset) = self.inode_place(number)?;
        let size = self.measures.inode_size;
        let bytes = self.blocks.edit(block, Class::Plain)?;
        let place = bytes
            .get_mut(offset..offset + size)
            .ok_or(Error::NeedsCleaning)?;
        record.write(place, new);
        Ok(())
    }

    /// Something on the disk makes no sense: says so, notes it, and gives the error for whoever asked.
    pub(crate) fn damage(&mut self, what: Damage, number: u64) -> Error {
        let device = self.blocks.device().clone();
        let name = device.name();
        if self.damaged {
            log::debug!("ext2 {name}: {what} ({number})");
            return Error::NeedsCleaning;
        }
        log::error!("ext2 {name}: {what} ({number}); e2fsck has to look at it");
        self.damaged = true;
        if !self.read_only && !self.untouched {
            let state = self.superblock.state.get() | superblock::STATE_ERROR;
            self.superblock.state = U16::new(state);
            self.counts_changed = true;
            if self.on_error.unwrap_or(self.superblock.on_error()) == OnError::ReadOnly {
                log::error!("ext2 {name}: nothing is written any more");
                if self.write_superblock().is_err() {
                    log::error!("ext2 {name}: not even a note of it");
                }
                self.read_only = true;
            }
        }
        Error::NeedsCleaning
    }

    /// Brings the superblock alone to the disk.
    pub(crate) fn write_superblock(&mut self) -> Result<()> {
        self.store_counts()?;
        let block = superblock::OFFSET / self.measures.block_size as u64;
        self.blocks.write(&[block], &|_, _| false)
    }

    /// [`Error::ReadOnlyFileSystem`] where nothing may be changed.
    pub(crate) fn check_writable(&self) -> Result<()> {
        if self.read_only {
            Err(Error::ReadOnlyFileSystem)
        } else {
            Ok(())
        }
    }
}
