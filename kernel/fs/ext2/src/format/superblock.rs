//! The superblock: 1024 bytes at offset 1024, the file system's measures and state.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Damage, checksum};

/// Where the superblock begins on the device, in bytes.
pub const OFFSET: u64 = 1024;
/// How long it is, in bytes.
pub const SIZE: usize = 1024;
/// What [`Raw::magic`] has to be.
pub const MAGIC: u16 = 0xef53;

/// The state bit of a file system that was unmounted in order.
pub const STATE_VALID: u16 = 1;
/// The state bit of one that something wrong was found in.
pub const STATE_ERROR: u16 = 2;

/// Compatible: there is a journal (ext3). Of no use to ext2, but no hindrance while it is empty.
pub const COMPATIBLE_JOURNAL: u32 = 0x4;
/// Compatible: there may be extended attributes.
pub const COMPATIBLE_ATTRIBUTES: u32 = 0x8;
/// Incompatible: entries carry the kind of what they name.
pub const INCOMPATIBLE_FILE_TYPE: u32 = 0x2;
/// Compatible: there is room for more descriptors behind each copy of them.
pub const COMPATIBLE_RESIZE: u32 = 0x10;
/// Read-only compatible: backups of the superblock only in some groups.
pub const READ_ONLY_SPARSE: u32 = 0x1;
/// Read-only compatible: there are files over 2 GiB.
pub const READ_ONLY_LARGE_FILE: u32 = 0x2;
/// Read-only compatible: there may be inodes with more fields than fit 128 bytes.
pub const READ_ONLY_EXTRA_SIZE: u32 = 0x40;

/// Incompatible: the journal has to be replayed first.
pub const INCOMPATIBLE_RECOVER: u32 = 0x4;
/// Incompatible, ext4: files may have trees of extents.
pub const INCOMPATIBLE_EXTENTS: u32 = 0x40;
/// Incompatible, ext4: numbers of blocks have more than 32 bits, and descriptors are longer.
pub const INCOMPATIBLE_64_BIT: u32 = 0x80;
/// Incompatible, ext4: a group's bitmaps and inodes may lie in another group.
pub const INCOMPATIBLE_FLEXIBLE: u32 = 0x200;
/// Incompatible, ext4: the seed of all checksums is in the superblock.
pub const INCOMPATIBLE_SEED: u32 = 0x2000;
/// Incompatible, ext4: directories may be very large.
pub const INCOMPATIBLE_LARGE_DIRECTORY: u32 = 0x4000;
/// Read-only compatible, ext4: records have checksums.
pub const READ_ONLY_CHECKSUMS: u32 = 0x400;

const KNOWN_INCOMPATIBLE: u32 = INCOMPATIBLE_FILE_TYPE;
/// Those that ext4 adds and that can be read here.
const KNOWN_EXTENDED: u32 = INCOMPATIBLE_EXTENTS
    | INCOMPATIBLE_64_BIT
    | INCOMPATIBLE_FLEXIBLE
    | INCOMPATIBLE_SEED
    | INCOMPATIBLE_LARGE_DIRECTORY;
const KNOWN_READ_ONLY: u32 = READ_ONLY_SPARSE | READ_ONLY_LARGE_FILE | READ_ONLY_EXTRA_SIZE;

/// The record as it lies on the disk.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[allow(missing_docs, reason = "the names are the format's own")]
pub struct Raw {
    pub inodes_count: U32,
    pub blocks_count: U32,
    pub reserved_blocks: U32,
    pub free_blocks: U32,
    pub free_inodes: U32,
    pub first_data_block: U32,
    pub log_block_size: U32,
    pub log_fragment_size: U32,
    pub blocks_per_group: U32,
    pub fragments_per_group: U32,
    pub inodes_per_group: U32,
    pub mount_time: U32,
    pub write_time: U32,
    pub mount_count: U16,
    pub maximum_mount_count: U16,
    pub magic: U16,
    pub state: U16,
    pub errors: U16,
    pub minor_revision: U16,
    pub last_check: U32,
    pub check_interval: U32,
    pub creator: U32,
    pub revision: U32,
    pub reserved_uid: U16,
    pub reserved_gid: U16,
    pub first_inode: U32,
    pub inode_size: U16,
    pub group_number: U16,
    pub compatible: U32,
    pub incompatible: U32,
    pub read_only: U32,
    pub uuid: [u8; 16],
    pub volume_name: [u8; 16],
    pub last_mounted: [u8; 64],
    pub algorithm_bitmap: U32,
    pub preallocate_blocks: u8,
    pub preallocate_directory: u8,
    pub reserved_descriptors: U16,
    pub journal_uuid: [u8; 16],
    pub journal_inode: U32,
    pub journal_device: U32,
    pub last_orphan: U32,
    pub hash_seed: [u8; 16],
    pub hash_version: u8,
    pub journal_backup: u8,
    pub descriptor_size: U16,
    pub default_mount_options: U32,
    pub first_meta_group: U32,
    pub made_time: U32,
    pub journal_blocks: [u8; 68],
    pub high_counts: [U32; 3],
    pub minimum_extra: U16,
    pub wanted_extra: U16,
    pub rest: [u8; 232],
    pub overhead: U32,
    pub later: [u8; 36],
    pub checksum_seed: U32,
    pub more: [u8; 396],
}

/// What to do when something wrong is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// Note it and go on.
    Continue,
    /// Write no more.
    ReadOnly,
}

/// The measures of a file system, checked: what the rest of the crate calculates with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measures {
    /// Bytes of a block: 1024, 2048 or 4096.
    pub block_size: usize,
    /// Blocks in all.
    pub blocks: u64,
    /// The first block of group 0.
    pub first_block: u64,
    /// Blocks of each group but the last.
    pub blocks_per_group: u32,
    /// Inodes of each group.
    pub inodes_per_group: u32,
    /// Inodes in all.
    pub inodes: u32,
    /// Bytes of an inode's record.
    pub inode_size: usize,
    /// The first inode that is no special one.
    pub first_inode: u32,
    /// How many groups there are.
    pub groups: u32,
    /// How many bytes behind the first 128 new inodes use.
    pub extra_size: u16,
    /// Entries carry the kind of what they name.
    pub file_type: bool,
    /// It has features of ext4, which are read and not written.
    pub extended: bool,
    /// Bytes of a group's descriptor.
    pub descriptor_size: usize,
    /// What all checksums begin with, if records have any.
    pub checksum_seed: Option<u32>,
    /// Blocks that no file can ever have: the file system's own records, and what precedes them.
    pub overhead: u64,
}

/// As what a file system is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// ext2: what has features of ext4 that change the format is refused.
    Ext2,
    /// ext4: they are read.
    Ext4,
}

/// Why a file system is not mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no ext2 at all.
    NotExt2,
    /// A field makes no sense.
    Damaged(Damage),
    /// Features that are not known, as bits.
    Features(u32),
    /// Its journal has to be replayed before anything can be trusted.
    Journal,
    /// More blocks than 32 bits can count.
    TooLarge,
    /// The disk is smaller than the file system.
    Truncated,
    /// Blocks of this many bytes.
    BlockSize(u64),
}

impl Raw {
    /// The record in its 1024 bytes.
    pub fn read(bytes: &[u8]) -> Option<Raw> {
        Raw::read_from_prefix(bytes).ok().map(|(raw, _)| raw)
    }

    /// The read-only compatible features that are not known: it may be read only.
    pub fn unknown_read_only(&self) -> u32 {
        self.features(self.read_only) & !KNOWN_READ_ONLY
    }

    fn features(&self, of: U32) -> u32 {
        if self.revision.get() == 0 {
            0
        } else {
            of.get()
        }
    }

    /// What to do when something wrong is found. A kernel that stops helps nobody, so `panic` counts as read-only.
    pub fn on_error(&self) -> OnError {
        match self.errors.get() {
            2 | 3 => OnError::ReadOnly,
            _ => OnError::Continue,
        }
    }

    /// What all checksums begin with, if there are any.
    fn checksum_seed(&self) -> Option<u32> {
        if self.features(self.read_only) & READ_ONLY_CHECKSUMS == 0 {
            return None;
        }
        let noted = self.features(self.incompatible) & INCOMPATIBLE_SEED != 0;
        Some(if noted {
            self.checksum_seed.get()
        } else {
            checksum::seed(&self.uuid)
        })
    }

    /// Checks everything that is calculated with; `device` is the disk's size in bytes. A journal that waits to be
    /// replayed is a refusal unless `as_it_is`.
    pub fn measures(
        &self,
        device: u64,
        family: Family,
        as_it_is: bool,
    ) -> Result<Measures, Refusal> {
        use Refusal::Damaged;
        if self.magic.get() != MAGIC {
            return Err(Refusal::NotExt2);
        }
        if self.revision.get() > 1 {
            return Err(Damaged("unknown revision"));
        }
        let incompatible = self.features(self.incompatible);
        let known = match family {
            Family::Ext2 => KNOWN_INCOMPATIBLE,
            Family::Ext4 => KNOWN_INCOMPATIBLE | KNOWN_EXTENDED | INCOMPATIBLE_RECOVER,
        };
        if incompatible & !known != 0 {
            return Err(Refusal::Features(incompatible & !known));
        }
        if incompatible & INCOMPATIBLE_RECOVER != 0 && !as_it_is {
            return Err(Refusal::Journal);
        }
        let checksum_seed = self.checksum_seed();
        if checksum_seed.is_some() && !checksum::superblock_agrees(self.as_bytes()) {
            return Err(Damaged("checksum of the superblock"));
        }
        let wide = incompatible & INCOMPATIBLE_64_BIT != 0;
        let descriptor_size = if wide {
            usize::from(self.descriptor_size.get())
        } else {
            super::group::SIZE
        };
        if !descriptor_size.is_power_of_two()
            || !(super::group::SIZE..=1024).contains(&descriptor_size)
        {
            return Err(Damaged("size of a descriptor"));
        }
        if wide && self.high_counts[0].get() != 0 {
            return Err(Refusal::TooLarge);
        }
        let shift = self.log_block_size.get();
        if shift > 6 {
            return Err(Damaged("block size"));
        }
        let block_size = 1024_usize << shift;
        if block_size > 4096 {
            return Err(Refusal::BlockSize(block_size as u64));
        }
        let dynamic = self.revision.get() == 1;
        let inode_size = if dynamic {
            usize::from(self.inode_size.get())
        } else {
            128
        };
        if !inode_size.is_power_of_two() || !(128..=block_size).contains(&inode_size) {
            return Err(Damaged("inode size"));
        }
        let first_inode = if dynamic { self.first_inode.get() } else { 11 };
        let bits = block_size as u32 * 8;
        let blocks_per_group = self.blocks_per_group.get();
        if blocks_per_group < 8 || blocks_per_group > bits || !blocks_per_group.is_multiple_of(8) {
            return Err(Damaged("blocks per group"));
        }
        let inodes_per_group = self.inodes_per_group.get();
        if inodes_per_group == 0 || inodes_per_group > bits {
            return Err(Damaged("inodes per group"));
        }
        let first_block = u64::from(self.first_data_block.get());
        if first_block != u64::from(block_size == 1024) {
            return Err(Damaged("first data block"));
        }
        let blocks = u64::from(self.blocks_count.get());
        if blocks <= first_block {
            return Err(Damaged("blocks"));
        }
        if blocks * block_size as u64 > device {
            return Err(Refusal::Truncated);
        }
        let groups = (blocks - first_block).div_ceil(u64::from(blocks_per_group)) as u32;
        let inodes = self.inodes_count.get();
        if groups.checked_mul(inodes_per_group) != Some(inodes) {
            return Err(Damaged("inodes"));
        }
        if first_inode < 11 || first_inode > inodes {
            return Err(Damaged("first inode"));
        }
        let room = inode_size - 128;
        let wanted = usize::from(self.wanted_extra.get()).max(32);
        let extra = if wanted.is_multiple_of(4) {
            wanted.min(room)
        } else {
            32.min(room)
        };
        let mut measures = Measures {
            block_size,
            blocks,
            first_block,
            blocks_per_group,
            inodes_per_group,
            inodes,
            inode_size,
            first_inode,
            groups,
            extra_size: extra as u16,
            file_type: incompatible & INCOMPATIBLE_FILE_TYPE != 0,
            extended: incompatible & !KNOWN_INCOMPATIBLE != 0 || checksum_seed.is_some(),
            descriptor_size,
            checksum_seed,
            overhead: 0,
        };
        // mke2fs writes down what it came to; Linux believes it if it can be.
        measures.overhead = match u64::from(self.overhead.get()) {
            0 => self.own_blocks(&measures),
            written if written < blocks => written,
            _ => self.own_blocks(&measures),
        };
        Ok(measures)
    }

    /// How many blocks the file system takes for itself: before group 0, in each group two bitmaps and a
    /// table of inodes, and the superblock with the descriptors and the room for more of them wherever
    /// there is a copy.
    fn own_blocks(&self, measures: &Measures) -> u64 {
        let sparse = self.read_only.get() & READ_ONLY_SPARSE != 0;
        let power = |group: u32, base: u32| {
            let mut left = group;
            while left.is_multiple_of(base) {
                left /= base;
            }
            left == 1
        };
        let copies = (0..measures.groups).filter(|&group| {
            !sparse || group <= 1 || [3, 5, 7].into_iter().any(|base| power(group, base))
        });
        let descriptors = u64::from(measures.groups) * measures.descriptor_size as u64;
        let more = match self.compatible.get() & COMPATIBLE_RESIZE {
            0 => 0,
            _ => u64::from(self.reserved_descriptors.get()),
        };
        let copy = 1 + descriptors.div_ceil(measures.block_size as u64) + more;
        measures.first_block
            + u64::from(measures.groups) * (measures.table_blocks() + 2)
            + copies.count() as u64 * copy
    }
}

impl Measures {
    /// The block that the table of group descriptors begins in.
    pub fn descriptor_block(&self) -> u64 {
        self.first_block + 1
    }

    /// The first block of a group.
    pub fn group_start(&self, group: u32) -> u64 {
        self.first_block + u64::from(group) * u64::from(self.blocks_per_group)
    }

    /// How many blocks a group has.
    pub fn group_blocks(&self, group: u32) -> u32 {
        let left = self.blocks.saturating_sub(self.group_start(group));
        left.min(u64::from(self.blocks_per_group)) as u32
    }

    /// The group of a block and its place in it; [`None`] where no block can be.
    pub fn locate_block(&self, block: u64) -> Option<(u32, u32)> {
        if block < self.first_block || block >= self.blocks {
            return None;
        }
        let index = block - self.first_block;
        let per_group = u64::from(self.blocks_per_group);
        Some(((index / per_group) as u32, (index % per_group) as u32))
    }

    /// The group of an inode and its place in it; [`None`] for numbers that no inode has.
    pub fn locate_inode(&self, number: u32) -> Option<(u32, u32)> {
        let index = number.checked_sub(1)?;
        (number <= self.inodes)
            .then_some((index / self.inodes_per_group, index % self.inodes_per_group))
    }

    /// Blocks of a group's table of inodes.
    pub fn table_blocks(&self) -> u64 {
        (u64::from(self.inodes_per_group) * self.inode_size as u64).div_ceil(self.block_size as u64)
    }

    /// Sectors of 512 bytes in a block.
    pub fn sectors(&self) -> u64 {
        (self.block_size / 512) as u64
    }

    /// How many block numbers fit a block.
    pub fn pointers(&self) -> u64 {
        (self.block_size / 4) as u64
    }

    /// The longest that a file may be, in bytes: what its map can name, and what the count of its sectors can count.
    pub fn largest_file(&self) -> u64 {
        let pointers = self.pointers();
        let double = pointers * pointers;
        let mapped = 12 + pointers + double + double * pointers;
        let indirect = 1 + (1 + pointers) + (1 + pointers + double);
        let counted = u64::from(u32::MAX) / self.sectors();
        let blocks = if mapped + indirect <= counted {
            mapped
        } else {
            // The map's blocks are counted too: those that a file of `counted` blocks would have.
            let behind_first = counted - 12 - pointers;
            let map = match behind_first.checked_sub(double) {
                None => 2 + behind_first.div_ceil(pointers),
                Some(behind_second) => {
                    3 + pointers + behind_second.div_ceil(pointers) + behind_second.div_ceil(double)
                }
            };
            counted - map
        };
        blocks * self.block_size as u64
    }
}
