//! A mounted file system.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Deref;
use core::sync::atomic::{AtomicBool, Ordering};

use base::sync::{MutexGuard, SpinLock};
use base::{Error, Result, log};
use device::block::{BlockDevice, Operation, SECTOR, Segment, transfer};
use fs_disk::{ATTRIBUTES, Living, Shared, Volume as _};
use hal::PAGE_SIZE;
use hal::frame::Frame;
use object::FileKind;
use vfs::{FileHandle, FileSystem, FileSystemStatistics, Inode};
use zerocopy::little_endian::{U16, U32};

use crate::blocks::Blocks;
use crate::format::inode::Record;
use crate::format::superblock::{
    self, COMPATIBLE_JOURNAL, Family, OnError, READ_ONLY_LARGE_FILE, Raw, Refusal, STATE_ERROR,
    STATE_VALID,
};
use crate::inode::Node;
use crate::meta::Meta;

/// The root directory's number.
pub(crate) const ROOT: u32 = 2;

/// Linux's magic number of the type.
const EXT2_MAGIC: u64 = 0xef53;

/// How many changed blocks are kept before they are brought to the disk.
const WAITING_MAX: usize = 2048;

/// What all inodes of a file system share.
pub(crate) struct Volume {
    shared: Shared<Volume>,
    pub(crate) block_size: usize,
    pub(crate) largest_file: u64,
    /// The superblock says that there are files over 2 GiB.
    pub(crate) large_file: AtomicBool,
    /// Every inode that is in memory.
    nodes: SpinLock<Living<u32, Node>>,
}

impl Volume {
    /// The same for whoever is about to change something.
    pub(crate) fn begin(&self) -> Result<MutexGuard<'_, Meta>> {
        let mut meta = self.meta();
        if meta.read_only {
            self.stop_writing();
        }
        meta.check_writable()?;
        self.touch(&mut meta)?;
        self.reap(&mut meta);
        if meta.blocks.waiting() > WAITING_MAX {
            self.commit(&mut meta)?;
        }
        Ok(meta)
    }

    /// The inode with a number, if it is in memory.
    pub(crate) fn living(&self, number: u32) -> Option<Arc<Node>> {
        self.nodes.lock().find(&number)
    }

    /// The inode with a number.
    pub(crate) fn node(self: &Arc<Self>, meta: &mut Meta, number: u32) -> Result<Arc<Node>> {
        if let Some(node) = self.living(number) {
            return Ok(node);
        }
        if number != ROOT && number < meta.measures.first_inode {
            return Err(meta.damage("a name leads to a special inode", number.into()));
        }
        let record = meta.read_inode(number)?;
        let kind = match record.kind() {
            Some(kind) if record.links > 0 => kind,
            _ => return Err(meta.damage("a name leads to no living inode", number.into())),
        };
        if kind == FileKind::Regular && record.size > i64::MAX as u64 {
            return Err(meta.damage("the length of a file", number.into()));
        }
        Ok(self.enter(number, kind, record))
    }

    /// Makes an inode known; the caller has seen, under the same hold of the metadata, that it is not yet.
    pub(crate) fn enter(
        self: &Arc<Self>,
        number: u32,
        kind: FileKind,
        record: Record,
    ) -> Arc<Node> {
        let node = Node::new(self.clone(), number, kind, record);
        self.nodes.lock().enter(number, &node);
        node
    }

    /// The last use of an inode has ended.
    pub(crate) fn dropped(&self, number: u32, record: Record) {
        self.nodes.lock().forget(&number);
        if record.links == 0 {
            self.drop_gone((number, record));
        }
    }

    /// Who was mounted to be read and is changed after all begins to write with the superblock.
    pub(crate) fn touch(&self, meta: &mut Meta) -> Result<()> {
        match meta.untouched {
            true => self.open_for_writing(meta),
            false => Ok(()),
        }
    }

    /// Frees what nobody names and nobody uses.
    pub(crate) fn reap(&self, meta: &mut Meta) {
        for (number, record) in self.take_dropped() {
            if !meta.nameless.remove(&number) || meta.read_only {
                continue;
            }
            if let Err(error) = meta.bury(number, record) {
                log::error!("ext2: inode {number} is lost: {error}");
            }
        }
    }

    /// Puts an inode's record into its block.
    pub(crate) fn store(&self, meta: &mut Meta, node: &Node) -> Result<()> {
        node.stale.store(false, Ordering::Release);
        node.essential.store(false, Ordering::Relaxed);
        let mut record = node.record();
        if let Some(place) = meta
            .orphans
            .iter()
            .position(|number| *number == node.number)
        {
            record.deletion_time = meta.orphans.get(place + 1).copied().unwrap_or(0);
        }
        let stored = meta.write_inode(node.number, &record, false);
        if stored.is_err() {
            node.stale.store(true, Ordering::Release);
        }
        stored
    }

    /// Puts all changed records into their blocks; gives those that are in order with that.
    pub(crate) fn store_nodes(&self, meta: &mut Meta) -> Result<Vec<Arc<Node>>> {
        let changed = self.changed();
        for node in &changed {
            if node.stale.load(Ordering::Acquire) {
                self.store(meta, node)?;
            }
        }
        let nameless: Vec<u32> = meta.nameless.iter().copied().collect();
        for number in nameless {
            let node = self.nodes.lock().find(&number);
            if let Some(node) = node
                && node.stale.load(Ordering::Acquire)
            {
                self.store(meta, &node)?;
            }
        }
        Ok(changed)
    }

    /// The places where an inode got names have to be on the disk before the block is that loses one.
    pub(crate) fn order_names(&self, meta: &mut Meta, inode: u32, loses: u64) -> Result<()> {
        if meta.newborn.contains_key(&inode) {
            return Ok(());
        }
        let named = meta.named_in.range((inode, 0)..=(inode, u64::MAX));
        let gained: Vec<u64> = named.map(|(_, block)| *block).collect();
        match gained.into_iter().all(|one| meta.put_in_order(one, loses)) {
            true => Ok(()),
            false => self.commit(meta),
        }
    }

    /// The end of a mount.
    fn close(&self) -> Result<()> {
        if self.is_read_only() {
            return Ok(());
        }
        self.sync_all()?;
        let mut meta = self.meta();
        if meta.untouched {
            meta.read_only = true;
            self.stop_writing();
            return Ok(());
        }
        self.commit_whole(&mut meta)?;
        if !meta.read_only && !meta.damaged && !meta.unclean {
            let state = meta.superblock.state.get() | STATE_VALID;
            meta.superblock.state = U16::new(state);
            meta.counts_changed = true;
            self.commit(&mut meta)?;
        }
        meta.read_only = true;
        self.stop_writing();
        Ok(())
    }
}

impl Deref for Volume {
    type Target = Shared<Volume>;

    #[inline]
    fn deref(&self) -> &Shared<Volume> {
        &self.shared
    }
}

impl fs_disk::Volume for Volume {
    type Node = Node;
    type Number = u32;
    type Meta = Meta;
    type Gone = (u32, Record);

    fn commit(&self, meta: &mut Meta) -> Result<()> {
        self.write_changes(meta)
    }

    fn grain(&self) -> usize {
        self.block_size
    }

    fn has_freed(&self, meta: &Meta) -> bool {
        !meta.freed_blocks.is_empty() || !meta.freed_inodes.is_empty() || meta.last_is_finished()
    }

    /// What one commit frees is noted by the next.
    fn commit_whole(&self, meta: &mut Meta) -> Result<()> {
        for _ in 0..8 {
            self.commit(meta)?;
            if meta.blocks.waiting() == 0 && !meta.counts_changed && !self.has_dropped() {
                break;
            }
        }
        Ok(())
    }
}

impl Meta {
    /// The end of an inode without names: its blocks and itself are to be free.
    fn bury(&mut self, number: u32, record: Record) -> Result<()> {
        let directory = record.kind() == Some(FileKind::Directory);
        self.indices.forget(number);
        if self.orphans.contains(&number) {
            let next = self.read_inode(number)?.deletion_time;
            return self.empty_orphan(number, record, next);
        }
        let mut gone = record;
        let dead = Record {
            deletion_time: crate::commit::death_time(),
            ..record
        };
        self.write_inode(number, &dead, false)?;
        let freed = self.free_contents(&mut gone);
        self.freed_inodes.push((number, directory));
        freed
    }

    /// Who is in the list of orphans stays there, empty, until it is the last.
    fn empty_orphan(&mut self, number: u32, mut record: Record, next: u32) -> Result<()> {
        self.free_contents(&mut record)?;
        record.size = 0;
        record.deletion_time = next;
        self.write_inode(number, &record, false)?;
        self.finished.insert(number, true);
        Ok(())
    }

    /// What was without names when the power went: it vanishes with the next commit, the last in the list first.
    fn process_orphans(&mut self) -> Result<()> {
        let mut next = self.superblock.last_orphan.get();
        while next != 0 {
            let number = next;
            let sound = number >= self.measures.first_inode && self.is_taken(number)?;
            if !sound || self.finished.contains_key(&number) {
                self.damage("the list of orphans", number.into());
                break;
            }
            let mut record = self.read_inode(number)?;
            next = record.deletion_time;
            if record.links > 0 {
                let keep = record.size.div_ceil(self.measures.block_size as u64);
                if record.kind() == Some(FileKind::Regular) {
                    self.cut(&mut record, keep)?;
                }
                self.write_inode(number, &record, false)?;
                self.finished.insert(number, false);
            } else {
                self.empty_orphan(number, record, next)?;
            }
            self.orphans.push(number);
        }
        if self.orphans.is_empty() {
            self.superblock.last_orphan = U32::new(0);
            self.counts_changed = true;
            return Ok(());
        }
        let name = self.blocks.device().name();
        log::info!("ext2 {name}: {} orphans cleared away", self.orphans.len());
        Ok(())
    }
}

/// How a file system is mounted.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// Nothing is ever written.
    pub read_only: bool,
    /// A journal that waits to be replayed is ignored (ext4 only).
    pub as_it_is: bool,
    /// Nothing is written before something changes: the mount is read-only, and may become writable.
    pub late: bool,
    /// What to do when something wrong is found; else the superblock says it.
    pub on_error: Option<OnError>,
}

/// An ext2 file system on a block device.
pub struct Ext2 {
    volume: Arc<Volume>,
    root: Arc<Node>,
    family: Family,
}

fn read_superblock(device: &Arc<dyn BlockDevice>) -> Result<Raw> {
    let frame = Frame::allocate()?;
    let length = PAGE_SIZE.min(device.geometry().sectors as usize * SECTOR);
    let segment = Segment {
        frame: frame.clone(),
        offset: 0,
        length,
    };
    transfer(&**device, Operation::Read, 0, &[segment])?;
    let mut bytes = [0; superblock::SIZE];
    frame.read(superblock::OFFSET as usize, &mut bytes);
    Raw::read(&bytes).ok_or(Error::InvalidArgument)
}

impl Ext2 {
    /// Mounts what is on `device`. What is no ext2, makes no sense or has features that nobody here knows is
    /// [`Error::InvalidArgument`], and the log says why; features that only forbid writing make it read-only.
    pub fn mount(device: Arc<dyn BlockDevice>, read_only: bool) -> Result<Arc<Ext2>> {
        let how = How {
            read_only,
            ..How::default()
        };
        Ext2::mount_as(device, Family::Ext2, how)
    }

    /// The same as one of a family. What has features of ext4 is only ever read. `as_it_is` ignores a journal that waits
    /// to be replayed: the latest changes are then not seen, or in part.
    pub fn mount_as(device: Arc<dyn BlockDevice>, family: Family, how: How) -> Result<Arc<Ext2>> {
        let How {
            read_only,
            as_it_is,
            late,
            on_error,
        } = how;
        let name = device.name();
        let geometry = device.geometry();
        let superblock = read_superblock(&device)?;
        let bytes = geometry.sectors.saturating_mul(SECTOR as u64);
        let measures = superblock.measures(bytes, family, as_it_is && read_only).map_err(|refusal| {
            match refusal {
                Refusal::NotExt2 => log::info!("ext2 {name}: no ext2"),
                Refusal::Damaged(damage) => log::error!("ext2 {name}: damaged: {damage}"),
                Refusal::Features(bits) => {
                    log::error!("ext2 {name}: features that are not known ({bits:#x})")
                }
                Refusal::Journal => log::error!(
                    "ext2 {name}: its journal has to be replayed (e2fsck does it; noload ignores it)"
                ),
                Refusal::TooLarge => log::error!("ext2 {name}: more blocks than 32 bits count"),
                Refusal::Truncated => log::error!("ext2 {name}: larger than its disk"),
                Refusal::BlockSize(size) => log::error!("ext2 {name}: blocks of {size} bytes"),
            }
            Error::InvalidArgument
        })?;
        if geometry.block_size > measures.block_size || measures.block_size > PAGE_SIZE {
            log::error!("ext2 {name}: its blocks and the disk's do not fit");
            return Err(Error::InvalidArgument);
        }
        let unknown = superblock.unknown_read_only();
        if !read_only && measures.extended {
            log::warn!("ext2 {name}: read-only, for features of ext4 that are only read here");
        } else if unknown != 0 && !read_only {
            log::warn!("ext2 {name}: read-only, for features that are not known ({unknown:#x})");
        }
        let read_only = read_only || measures.extended || unknown != 0 || geometry.read_only;
        let blocks = Blocks::new(device.clone(), measures.block_size);
        let meta = Meta::open(blocks, superblock, measures).map_err(|(damage, error)| {
            log::error!("ext2 {name}: {damage}");
            error
        })?;
        let large = superblock.read_only.get() & READ_ONLY_LARGE_FILE != 0;
        let revised = superblock.revision.get() > 0;
        let volume = Arc::new(Volume {
            shared: Shared::new(device.clone(), meta, read_only),
            block_size: measures.block_size,
            largest_file: match revised {
                true => measures.largest_file(),
                // The first revision knows no file over 2 GiB.
                false => measures.largest_file().min(i32::MAX as u64),
            },
            large_file: AtomicBool::new(large),
            nodes: SpinLock::new(ATTRIBUTES, Living::default()),
        });
        volume.meta().on_error = on_error;
        if !read_only && late {
            let mut meta = volume.meta();
            meta.read_only = false;
            meta.untouched = true;
        } else if !read_only {
            volume.open_for_writing(&mut volume.meta())?;
        }
        let root = volume.node(&mut volume.meta(), ROOT)?;
        if root.kind != FileKind::Directory {
            return Err(volume
                .meta()
                .damage("the root is no directory", ROOT.into()));
        }
        Ok(Arc::new(Ext2 {
            volume,
            root,
            family,
        }))
    }

    pub(crate) fn volume(&self) -> &Arc<Volume> {
        &self.volume
    }

    /// Ends the mount: everything is on the disk, which is marked as left in order. Nothing can be written after it.
    pub fn unmount(&self) -> Result<()> {
        self.volume.close()
    }
}

impl Volume {
    pub(crate) fn open_for_writing(&self, meta: &mut Meta) -> Result<()> {
        let name = self.device().name();
        meta.untouched = false;
        meta.read_only = false;
        let state = meta.superblock.state.get();
        if state & STATE_ERROR != 0 || state & STATE_VALID == 0 {
            log::warn!("ext2 {name}: was not left in order; e2fsck should look at it");
        }
        if meta.superblock.compatible.get() & COMPATIBLE_JOURNAL != 0 {
            log::info!("ext2 {name}: its journal is not used");
        }
        let count = meta.superblock.mount_count.get().saturating_add(1);
        meta.superblock.mount_count = U16::new(count);
        meta.superblock.mount_time = U32::new(vfs::now().seconds as u32);
        meta.superblock.state = U16::new(state & !STATE_VALID);
        meta.counts_changed = true;
        // The disk says that it is in use before anything else changes.
        meta.write_superblock()?;
        meta.blocks.flush()?;
        if meta.superblock.last_orphan.get() != 0 {
            meta.process_orphans()?;
            self.commit(meta)?;
        }
        if state & STATE_ERROR != 0 || state & STATE_VALID == 0 {
            meta.unclean = true;
        }
        let root = meta.read_inode(ROOT)?;
        let found = meta.find_name(ROOT, &root, b"lost+found");
        meta.lost_and_found = found.ok().flatten().map(|place| place.inode);
        self.set_read_only(meta.read_only);
        Ok(())
    }
}

impl FileSystem for Ext2 {
    fs_disk::file_system!();

    fn name(&self) -> &'static str {
        match self.family {
            Family::Ext2 => "ext2",
            Family::Ext4 => "ext4",
        }
    }

    fn statistics(&self) -> FileSystemStatistics {
        let mut meta = self.volume.meta();
        self.volume.reap(&mut meta);
        let pending: u64 = meta
            .freed_blocks
            .iter()
            .map(|(_, count)| u64::from(*count))
            .sum();
        let free = meta.free_blocks() + pending;
        let leaving = meta.finished.values().filter(|dead| **dead).count();
        let measures = &meta.measures;
        FileSystemStatistics {
            magic: EXT2_MAGIC,
            block_size: measures.block_size as u64,
            blocks: measures.blocks.saturating_sub(measures.overhead),
            blocks_free: free,
            blocks_available: free.saturating_sub(u64::from(meta.superblock.reserved_blocks.get())),
            inodes: measures.inodes.into(),
            inodes_free: meta.free_inodes() + (meta.freed_inodes.len() + leaving) as u64,
            name_length: vfs::NAME_MAX as u64,
        }
    }

    fn handle(&self, inode: &Arc<dyn Inode>) -> Result<FileHandle> {
        let node = inode.as_any().downcast_ref::<Node>();
        let node = node.ok_or(Error::Unsupported)?;
        Ok(FileHandle {
            inode: node.number.into(),
            generation: node.record().generation,
        })
    }

    fn find_handle(&self, handle: FileHandle) -> Result<Arc<dyn Inode>> {
        Ok(self.volume.find_handle(handle)?)
    }

    fn directory_above(&self, directory: &Arc<dyn Inode>) -> Result<Arc<dyn Inode>> {
        Ok(self.volume.directory_above(directory)?)
    }
}

impl Drop for Ext2 {
    fn drop(&mut self) {
        self.volume.ended("ext2", self.volume.close());
    }
}
