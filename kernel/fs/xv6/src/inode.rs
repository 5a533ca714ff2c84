//! A live inode. What it says lies in its block; here are its pages, and whether it has lost its last name.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::ops::Deref;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use base::{Error, Result};
use fs_disk::{Live, own};
use object::{DirectoryEntry, FileKind, FileStatus, Timestamp};
use vfs::{AttributeChange, Inode, Name, NewInode, Ownership, RenameFlags};

use crate::device_number;
use crate::format::BLOCK;
use crate::format::entry::NAME;
use crate::format::inode::Record;
use crate::map::blocks_of;
use crate::volume::Volume;

/// A file, directory or device on the disk.
pub(crate) struct Node {
    live: Live<Volume>,
    /// It has lost its last name.
    gone: AtomicBool,
    /// How many blocks are set apart for the write under way.
    pub(crate) promised: AtomicU32,
}

impl Node {
    pub(crate) fn new(
        volume: Arc<Volume>,
        number: u32,
        kind: FileKind,
        record: &Record,
    ) -> Arc<Node> {
        Arc::new_cyclic(|me: &Weak<Node>| Node {
            live: Live::new(volume, me, number, kind, record.size.into()),
            gone: AtomicBool::new(false),
            promised: AtomicU32::new(0),
        })
    }

    /// Whether it has lost its last name.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// It has lost its last name: it ends with its last use.
    pub(crate) fn lose(&self) {
        self.gone.store(true, Ordering::Release);
        self.volume.let_go(self.number);
    }

    /// The permission bits that there are for want of any on the disk.
    fn mode(&self) -> u32 {
        match self.kind {
            FileKind::CharacterDevice => 0o644,
            // Any file may be a program.
            _ => 0o755,
        }
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
        let gone = self.is_gone();
        self.bury(gone);
        self.volume.dropped(self.number, gone);
    }
}

impl Inode for Node {
    fs_disk::inode_bytes!();
    fs_disk::inode_names!();

    fn status(&self) -> Result<FileStatus> {
        let record = self.volume.meta().read_inode(self.number)?;
        let (device_major, device_minor) = match self.kind {
            FileKind::CharacterDevice => device_number::from_disk(&record),
            _ => (0, 0),
        };
        let size = match &self.cache {
            Some(cache) => cache.size(),
            None => record.size.into(),
        };
        // A directory's own `.` is not counted on the disk.
        let own = u32::from(self.kind == FileKind::Directory && record.links > 0);
        let never = Timestamp::default();
        Ok(FileStatus {
            kind: self.kind,
            mode: self.mode(),
            uid: 0,
            gid: 0,
            size,
            inode: self.number.into(),
            device: self.volume.device_number(),
            device_major,
            device_minor,
            links: u32::from(record.links) + own,
            blocks: (blocks_of(size) * BLOCK / 512) as u64,
            block_size: BLOCK as u32,
            access_time: never,
            modification_time: never,
            change_time: never,
            birth_time: never,
        })
    }

    fn ownership(&self) -> Result<Ownership> {
        Ok(Ownership {
            mode: self.mode(),
            uid: 0,
            gid: 0,
        })
    }

    fn times(&self) -> Result<(Timestamp, Timestamp, Timestamp)> {
        Ok(Default::default())
    }

    /// The disk has neither owners nor permissions nor times: the first two cannot be made others, and the last are
    /// forgotten, as on other disks that have none.
    fn set_attributes(&self, change: &AttributeChange) -> Result<()> {
        if self.volume.is_read_only() {
            return Err(Error::ReadOnlyFileSystem);
        }
        let foreign = change.uid.is_some_and(|uid| uid != 0)
            || change.gid.is_some_and(|gid| gid != 0)
            || change.mode.is_some_and(|mode| mode != self.mode());
        match foreign {
            true => Err(Error::NotPermitted),
            false => Ok(()),
        }
    }

    fn lookup(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        Ok(self.find(name)?)
    }

    fn link(&self, name: Name<'_>, target: &Arc<dyn Inode>) -> Result<()> {
        let target = own(target, &self.volume)?;
        self.volume.patiently(|| self.enter(name, &target))
    }
}

/// What is shown of an entry.
struct Shown {
    name: [u8; NAME],
    length: usize,
    number: u32,
    kind: FileKind,
    next: usize,
}

/// How many entries are looked at under one hold of the metadata.
const PART: usize = 64;

impl Node {
    /// Shows the entries from `cookie` on, which is an index in the directory. Entries never move.
    pub(crate) fn list(
        &self,
        cookie: u64,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        if self.kind != FileKind::Directory {
            return Err(Error::NotDirectory);
        }
        let Ok(mut reached) = usize::try_from(cookie) else {
            return Ok(());
        };
        loop {
            if self.is_gone() {
                return Ok(());
            }
            // Visitors may write to user memory, so they are called without the lock.
            let mut shown: Vec<Shown> = Vec::new();
            {
                let mut meta = self.volume.meta();
                let record = meta.read_inode(self.number)?;
                meta.each_entry(&record, reached, &mut |index, entry| {
                    let name = entry.name();
                    if !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/') {
                        let mut bytes = [0; NAME];
                        bytes[..name.len()].copy_from_slice(name);
                        shown.push(Shown {
                            name: bytes,
                            length: name.len(),
                            number: entry.inode.into(),
                            kind: FileKind::Regular,
                            next: index + 1,
                        });
                    }
                    (shown.len() >= PART).then_some(())
                })?;
                for one in &mut shown {
                    if meta.measures.has_inode(one.number)
                        && let Some(kind) = meta.read_inode(one.number)?.kind()
                    {
                        one.kind = kind;
                    }
                }
            }
            for one in &shown {
                reached = one.next;
                let entry = DirectoryEntry {
                    name: &one.name[..one.length],
                    inode: one.number.into(),
                    kind: one.kind,
                    next_position: one.next as u64,
                };
                if !visit(&entry) {
                    return Ok(());
                }
            }
            if shown.len() < PART {
                return Ok(());
            }
        }
    }
}
