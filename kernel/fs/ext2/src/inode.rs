//! A live inode: one [`Node`] a number, however many names lead to it.

use alloc::collections::BTreeSet;
use alloc::sync::{Arc, Weak};
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Deref;
use core::sync::atomic::{AtomicU64, Ordering};

use base::sync::SpinLock;
use base::{Error, Result};
use device::block::SECTOR;
use fs_disk::{ATTRIBUTES, Live, own};
use object::{DirectoryEntry, FileKind, FileStatus, SpaceChange, Timestamp};
use vfs::{
    ACCESS_LIST, AccessList, AttributeChange, DEFAULT_LIST, Extent, FileMarks, Inode, Name,
    NewInode, Ownership, RenameFlags, SetExtended,
};

use crate::extended::KeptLists;
use crate::format::inode::{FLAG_APPEND, FLAG_IMMUTABLE, Record};
use crate::meta::Meta;
use crate::volume::Volume;

/// A file, directory, link or node on the disk.
pub(crate) struct Node {
    live: Live<Volume>,
    record: SpinLock<Record>,
    /// Blocks that the file has got and that were never written: what lies there is another's.
    pub(crate) unwritten: SpinLock<BTreeSet<u64>>,
    /// Blocks that surely are there: the latest range, first and end.
    pub(crate) mapped: SpinLock<(u64, u64)>,
    /// The block of a directory in which there was room lately.
    pub(crate) roomy: AtomicU64,
    /// Its access control lists, as far as somebody asked for them.
    pub(crate) lists: SpinLock<KeptLists>,
}

/// Whether the record's fifteen numbers are a map.
pub(crate) fn has_map(record: &Record) -> bool {
    match record.kind() {
        Some(FileKind::Regular | FileKind::Directory) => true,
        Some(FileKind::SymbolicLink) => !is_fast(record),
        _ => false,
    }
}

/// Whether a link's body lies in the inode.
pub(crate) fn is_fast(record: &Record) -> bool {
    record.size < 60
}

impl Node {
    pub(crate) fn new(
        volume: Arc<Volume>,
        number: u32,
        kind: FileKind,
        record: Record,
    ) -> Arc<Node> {
        Arc::new_cyclic(|me: &Weak<Node>| Node {
            live: Live::new(volume, me, number, kind, record.size),
            record: SpinLock::new(ATTRIBUTES, record),
            unwritten: SpinLock::new(ATTRIBUTES, BTreeSet::new()),
            mapped: SpinLock::new(ATTRIBUTES, (0, 0)),
            roomy: AtomicU64::new(0),
            lists: SpinLock::new(ATTRIBUTES, KeptLists::default()),
        })
    }

    /// Everything that its record says; a file's length is its cache's.
    pub(crate) fn record(&self) -> Record {
        let mut record = *self.record.lock();
        if let Some(cache) = &self.cache {
            record.size = cache.size();
        }
        record
    }

    /// Changes the record, which has to reach the disk some day.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        let result = change(&mut self.record.lock());
        self.essential.store(true, Ordering::Relaxed);
        self.note_change();
        result
    }

    /// Takes over what an operation made of a copy of the record: map, sectors, length, flags.
    pub(crate) fn adopt(&self, changed: &Record) {
        self.change(|record| {
            record.map = changed.map;
            record.sectors = changed.sectors;
            record.size = changed.size;
            record.flags = changed.flags;
        });
    }

    /// Notes that the bytes or names changed now.
    pub(crate) fn note_modification(&self) {
        let now = vfs::now();
        {
            let mut record = self.record.lock();
            let now = record.kept(now);
            record.modification_time = now;
            record.change_time = now;
        }
        self.note_change();
    }

    /// How many names it has.
    pub(crate) fn links(&self) -> u16 {
        self.record.lock().links
    }

    /// It changes its own contents, if the flags on the disk let it.
    pub(crate) fn check_changeable(&self, appends: bool) -> Result<()> {
        let flags = self.record.lock().flags;
        if flags & FLAG_IMMUTABLE != 0 || (flags & FLAG_APPEND != 0 && !appends) {
            return Err(Error::NotPermitted);
        }
        Ok(())
    }

    fn body(&self, meta: &mut Meta) -> Result<Vec<u8>> {
        let record = self.record();
        let length = record.size as usize;
        if is_fast(&record) {
            return Ok(record.map_bytes()[..length].into());
        }
        if length >= meta.measures.block_size {
            return Err(meta.damage("a link's length", self.number.into()));
        }
        let run = meta.find_blocks(&record, 0, 1)?;
        let mut bytes = vec![0; length];
        match run.at {
            Some(block) => meta.blocks.read(block, 0, &mut bytes)?,
            None => return Err(meta.damage("a link without a body", self.number.into())),
        }
        Ok(bytes)
    }
}

impl Deref for Node {
    type Target = Live<Volume>;

    #[inline]
    fn deref(&self) -> &Live<Volume> {
        &self.live
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let record = self.record();
        self.bury(record.links == 0);
        self.volume.dropped(self.number, record);
    }
}

impl Inode for Node {
    fs_disk::inode_bytes!();
    fs_disk::inode_names!();

    fn put_before_names(&self) -> Result<()> {
        self.write_before_names()
    }

    fn status(&self) -> Result<FileStatus> {
        let record = self.record();
        let (device_major, device_minor) = match self.kind {
            FileKind::CharacterDevice | FileKind::BlockDevice => record.device(),
            _ => (0, 0),
        };
        Ok(FileStatus {
            kind: self.kind,
            mode: u32::from(record.mode) & 0o7777,
            uid: record.uid,
            gid: record.gid,
            size: record.size,
            inode: self.number.into(),
            device: self.volume.device_number(),
            device_major,
            device_minor,
            links: record.links.into(),
            blocks: record.sectors.into(),
            block_size: self.volume.block_size as u32,
            access_time: record.access_time,
            modification_time: record.modification_time,
            change_time: record.change_time,
            birth_time: record.birth_time,
        })
    }

    fn ownership(&self) -> Result<Ownership> {
        let record = self.record.lock();
        Ok(Ownership {
            mode: u32::from(record.mode) & 0o7777,
            uid: record.uid,
            gid: record.gid,
        })
    }

    fn times(&self) -> Result<(Timestamp, Timestamp, Timestamp)> {
        let record = self.record.lock();
        Ok((
            record.access_time,
            record.modification_time,
            record.change_time,
        ))
    }

    fn marks(&self) -> Result<FileMarks> {
        Ok(FileMarks::from_bits_truncate(self.record.lock().flags))
    }

    fn set_marks(&self, marks: FileMarks) -> Result<()> {
        if self.volume.is_read_only() {
            return Err(Error::ReadOnlyFileSystem);
        }
        let now = vfs::now();
        self.change(|record| {
            record.flags = record.flags & !FileMarks::all().bits() | marks.bits();
            record.change_time = record.kept(now);
        });
        Ok(())
    }

    fn set_attributes(&self, change: &AttributeChange) -> Result<()> {
        if self.volume.is_read_only() {
            return Err(Error::ReadOnlyFileSystem);
        }
        let owner = change.mode.is_some() || change.uid.is_some() || change.gid.is_some();
        if owner {
            self.check_changeable(false)?;
            self.essential.store(true, Ordering::Relaxed);
        }
        {
            let mut record = self.record.lock();
            if let Some(mode) = change.mode {
                record.mode = record.mode & !0o7777 | (mode & 0o7777) as u16;
            }
            record.uid = change.uid.unwrap_or(record.uid);
            record.gid = change.gid.unwrap_or(record.gid);
            let access = change.access_time.unwrap_or(record.access_time);
            record.access_time = record.kept(access);
            let modification = change.modification_time.unwrap_or(record.modification_time);
            record.modification_time = record.kept(modification);
            let changed = change.change_time.unwrap_or(record.change_time);
            record.change_time = record.kept(changed);
        }
        self.note_change();
        Ok(())
    }

    fn extended_attribute(&self, name: &[u8]) -> Result<Vec<u8>> {
        self.attribute(name)
    }

    fn set_extended_attribute(&self, name: &[u8], value: &[u8], how: SetExtended) -> Result<()> {
        self.volume
            .patiently(|| self.change_attribute(name, Some(value), how))
    }

    fn remove_extended_attribute(&self, name: &[u8]) -> Result<()> {
        self.change_attribute(name, None, SetExtended::empty())
    }

    fn list_extended_attributes(&self, visit: &mut dyn FnMut(&[u8])) -> Result<()> {
        self.list_attributes(visit)
    }

    fn access_list(&self) -> Result<Option<AccessList>> {
        self.kept_list(ACCESS_LIST)
    }

    fn default_list(&self) -> Result<Option<AccessList>> {
        self.kept_list(DEFAULT_LIST)
    }

    fn lookup(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        Ok(self.find(name)?)
    }

    fn create_unnamed(&self, owner: Ownership) -> Result<Arc<dyn Inode>> {
        Ok(self.volume.patiently(|| self.make_nameless(owner))?)
    }

    fn link(&self, name: Name<'_>, target: &Arc<dyn Inode>) -> Result<()> {
        let target = own(target, &self.volume)?;
        self.volume.patiently(|| self.enter(name, &target))
    }

    fn read_link(&self) -> Result<Vec<u8>> {
        if self.kind != FileKind::SymbolicLink {
            return Err(Error::InvalidArgument);
        }
        self.body(&mut self.volume.meta())
    }

    fn check_space(&self, change: SpaceChange) -> Result<()> {
        match change {
            SpaceChange::Punch => Ok(()),
            // Room for bytes that were not written takes extents.
            SpaceChange::Allocate { .. } => Err(Error::Unsupported),
        }
    }

    fn change_space(&self, offset: u64, length: u64, change: SpaceChange) -> Result<()> {
        self.check_space(change)?;
        let _alone = self.writer.lock();
        self.punch(offset, length)
    }

    fn direct_alignment(&self) -> Option<u32> {
        self.cache.as_ref().map(|_| SECTOR as u32)
    }

    fn largest_offset(&self) -> u64 {
        match self.kind {
            FileKind::Regular => self.volume.largest_file,
            _ => i64::MAX as u64,
        }
    }

    fn next_extent(&self, offset: u64, data: bool) -> Result<u64> {
        self.seek_extent(offset, data)
    }

    fn find_extent(&self, offset: u64, end: u64) -> Result<Option<Extent>> {
        self.place_of(offset, end)
    }
}
