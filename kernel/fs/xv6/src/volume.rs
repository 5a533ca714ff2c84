//! A mounted file system.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Deref;

use base::sync::{MutexGuard, SpinLock};
use base::{Error, Result, log};
use device::block::{BlockDevice, Records, SECTOR};
use fs_disk::{ATTRIBUTES, Living, Shared, Volume as _};
use object::FileKind;
use vfs::{FileSystem, FileSystemStatistics, Inode};

use crate::format::BLOCK;
use crate::format::entry::NAME;
use crate::format::inode::{LENGTH_MAX, Record};
use crate::format::superblock::{MAGIC, Superblock};
use crate::inode::Node;
use crate::log::{Log, read_block};
use crate::meta::Meta;

/// The root directory's number.
const ROOT: u32 = 1;

/// What all inodes of a file system share.
pub(crate) struct Volume {
    shared: Shared<Volume>,
    nodes: SpinLock<Living<u32, Node>>,
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
    type Gone = u32;

    fn commit(&self, meta: &mut Meta) -> Result<()> {
        self.reap(meta)?;
        meta.begin()
    }

    fn has_freed(&self, _meta: &Meta) -> bool {
        self.has_dropped()
    }

    fn sync_all(&self) -> Result<()> {
        if self.is_read_only() {
            return Ok(());
        }
        let written = self.changed();
        let outcome = self.write_pages_back();
        self.forget_settled(written);
        outcome.and(self.begin().map(drop))
    }
}

impl Volume {
    /// Begins an operation: the lock on everything but bytes, where something may be changed.
    pub(crate) fn begin(&self) -> Result<MutexGuard<'_, Meta>> {
        let mut meta = self.meta();
        if meta.read_only {
            self.stop_writing();
        }
        self.commit(&mut meta)?;
        Ok(meta)
    }

    /// Frees what nobody names and nobody uses.
    fn reap(&self, meta: &mut Meta) -> Result<()> {
        if meta.read_only || !self.has_dropped() {
            return Ok(());
        }
        let mut left = self.take_dropped();
        while let Some(&number) = left.last() {
            let outcome = meta.begin().and_then(|()| {
                let outcome = meta.bury(number);
                meta.end(outcome)
            });
            match outcome {
                Ok(true) => drop(left.pop()),
                Ok(false) => {}
                Err(error) => {
                    for number in left {
                        self.drop_gone(number);
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The inode with a number.
    pub(crate) fn node(self: &Arc<Self>, meta: &mut Meta, number: u32) -> Result<Arc<Node>> {
        let present = self.nodes.lock().find(&number);
        if let Some(node) = present {
            return Ok(node);
        }
        if !meta.measures.has_inode(number) {
            return Err(meta.damage("a name leads to an inode that is none", number.into()));
        }
        let record = meta.read_inode(number)?;
        let kind = match record.kind() {
            Some(kind) if record.links > 0 && u64::from(record.size) <= LENGTH_MAX => kind,
            _ => return Err(meta.damage("a name leads to no living inode", number.into())),
        };
        Ok(self.enter(number, kind, &record))
    }

    /// Makes an inode known; the caller has seen, under the same hold of the metadata, that it is not yet.
    pub(crate) fn enter(
        self: &Arc<Self>,
        number: u32,
        kind: FileKind,
        record: &Record,
    ) -> Arc<Node> {
        let node = Node::new(self.clone(), number, kind, record);
        self.nodes.lock().enter(number, &node);
        node
    }

    /// The last use of an inode has ended.
    pub(crate) fn dropped(&self, number: u32, gone: bool) {
        self.nodes.lock().forget(&number);
        if gone {
            self.drop_gone(number);
        }
    }

    /// What was without names when the power went vanishes now.
    fn open_for_writing(&self) -> Result<()> {
        let mut meta = self.meta();
        meta.read_only = false;
        meta.log_settle()?;
        for number in 1..meta.measures.inodes {
            let record = meta.read_inode(number)?;
            if !record.is_free() && record.links == 0 {
                self.drop_gone(number);
            }
        }
        self.reap(&mut meta)
    }

    /// The end of a mount.
    fn close(&self) -> Result<()> {
        if self.is_read_only() {
            return Ok(());
        }
        self.sync_all()?;
        self.meta().read_only = true;
        self.stop_writing();
        Ok(())
    }
}

impl Meta {
    fn log_settle(&mut self) -> Result<()> {
        self.log.settle(&mut self.records)
    }

    /// The end of an inode without names, or a part of it; whether all is done.
    fn bury(&mut self, number: u32) -> Result<bool> {
        let mut record = self.read_inode(number)?;
        record.size = 0;
        let all = self.cut(&mut record, 0)?;
        match all {
            true => self.return_inode(number)?,
            false => self.write_inode(number, &record)?,
        }
        Ok(all)
    }
}

/// xv6's file system on a block device.
pub struct Xv6Fs {
    volume: Arc<Volume>,
    root: Arc<Node>,
}

impl Xv6Fs {
    /// Mounts what is on `device`; an operation that its log has kept is done again. [`Error::InvalidArgument`] where no
    /// such file system lies there, or one that makes no sense; the log says why.
    pub fn mount(device: Arc<dyn BlockDevice>, read_only: bool) -> Result<Arc<Xv6Fs>> {
        let name = device.name();
        let geometry = device.geometry();
        let blocks = geometry.sectors / (BLOCK / SECTOR) as u64;
        if geometry.block_size > BLOCK || blocks < 2 {
            log::error!("xv6 {name}: its blocks and the disk's do not fit");
            return Err(Error::InvalidArgument);
        }
        let measures = Superblock::read(&read_block(&*device, 1)?, blocks).map_err(|damage| {
            log::error!("xv6 {name}: {damage}");
            Error::InvalidArgument
        })?;
        let mut records = Records::new(device.clone(), BLOCK);
        let log = Log::open(&device, &measures, &mut records)?;
        let mut meta = Meta::new(records, measures, log);
        meta.count()?;
        let read_only = read_only || geometry.read_only;
        let volume = Arc::new(Volume {
            shared: Shared::new(device.clone(), meta, read_only),
            nodes: SpinLock::new(ATTRIBUTES, Living::default()),
        });
        let root = volume.node(&mut volume.meta(), ROOT)?;
        if root.kind != FileKind::Directory {
            let mut meta = volume.meta();
            return Err(meta.damage("the root is no directory", ROOT.into()));
        }
        if !read_only {
            volume.open_for_writing()?;
        }
        Ok(Arc::new(Xv6Fs { volume, root }))
    }

    pub(crate) fn volume(&self) -> &Arc<Volume> {
        &self.volume
    }
}

impl FileSystem for Xv6Fs {
    fs_disk::file_system!();

    fn name(&self) -> &'static str {
        "xv6"
    }

    fn statistics(&self) -> FileSystemStatistics {
        let mut meta = self.volume.meta();
        // What cannot be brought to the disk now is not free yet.
        let _ = self.volume.reap(&mut meta);
        let free = meta.free.blocks.saturating_sub(meta.promised).into();
        FileSystemStatistics {
            magic: MAGIC.into(),
            block_size: BLOCK as u64,
            blocks: meta.measures.data.into(),
            blocks_free: free,
            blocks_available: free,
            inodes: u64::from(meta.measures.inodes) - 1,
            inodes_free: meta.free.inodes.into(),
            name_length: NAME as u64,
        }
    }
}

impl Drop for Xv6Fs {
    fn drop(&mut self) {
        self.volume.ended("xv6", self.volume.close());
    }
}
