//! A live file: one [`Node`] an entry.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::ops::Deref;
use core::sync::atomic::{AtomicU32, Ordering};

use base::sync::SpinLock;
use base::{Error, Result};
use fs_disk::{ATTRIBUTES, Live};
use object::{DirectoryEntry, FileKind, FileStatus, Timestamp};
use vfs::{AttributeChange, Inode, Name, NewInode, Ownership, RenameFlags, Spelled};

use crate::chain::Chain;
use crate::directory::Extent;
use crate::format::entry::{READ_ONLY, Record};
use crate::format::short::Raw;
use crate::format::time;
use crate::meta::Meta;
use crate::volume::Volume;

/// The root directory's inode number, which no entry has.
pub(crate) const ROOT: u64 = 1;

/// What a program's short name ends in.
const PROGRAMS: [&[u8]; 3] = [b"EXE", b"COM", b"BAT"];

/// Nobody has counted.
pub(crate) const UNKNOWN: u32 = u32::MAX;

/// A file or directory on the disk.
pub(crate) struct Node {
    live: Live<Volume>,
    /// Its extension says that it is a program.
    executable: bool,
    pub(crate) state: SpinLock<State>,
    /// What is known of its clusters; in use only under the lock on the metadata.
    chain: SpinLock<Chain>,
    /// So many clusters surely are there.
    pub(crate) present: AtomicU32,
    /// How many directories are in this one.
    pub(crate) directories: AtomicU32,
}

/// What changes of a file.
#[derive(Clone, Copy)]
pub(crate) struct State {
    pub(crate) record: Record,
    /// Where its entry is; [`None`] for the root, and for what has no name any more.
    pub(crate) place: Option<u64>,
    /// It has lost its name.
    pub(crate) gone: bool,
}

impl Node {
    pub(crate) fn new(
        volume: Arc<Volume>,
        number: u64,
        place: Option<u64>,
        record: Record,
        raw: &Raw,
    ) -> Arc<Node> {
        let kind = match record.is_directory() {
            true => FileKind::Directory,
            false => FileKind::Regular,
        };
        let state = State {
            record,
            place,
            gone: false,
        };
        Arc::new_cyclic(|me: &Weak<Node>| Node {
            live: Live::new(volume, me, number, kind, record.size.into()),
            executable: PROGRAMS.iter().any(|extension| raw[8..] == **extension),
            state: SpinLock::new(ATTRIBUTES, state),
            chain: SpinLock::new(ATTRIBUTES, Chain::default()),
            present: AtomicU32::new(0),
            directories: AtomicU32::new(UNKNOWN),
        })
    }

    /// Everything that its entry is to say; a file's length is its cache's.
    pub(crate) fn record(&self) -> Record {
        let mut record = self.state.lock().record;
        if let Some(cache) = &self.cache {
            // A file cannot be made longer than that.
            record.size = cache.size().min(u32::MAX.into()) as u32;
        }
        record
    }

    /// Where its clusters begin; 0 for none.
    pub(crate) fn start(&self) -> u32 {
        self.state.lock().record.start
    }

    /// Works on its chain; the lock on the metadata is held.
    pub(crate) fn with_chain<T>(
        &self,
        meta: &mut Meta,
        work: impl FnOnce(&mut Meta, &mut Chain, u32) -> T,
    ) -> T {
        let mut chain = core::mem::take(&mut *self.chain.lock());
        let result = work(meta, &mut chain, self.start());
        *self.chain.lock() = chain;
        result
    }

    /// Works on its entries, as a directory; the lock on the metadata is held.
    pub(crate) fn with_entries<T>(
        &self,
        meta: &mut Meta,
        work: impl FnOnce(&mut Meta, &mut Extent<'_>) -> T,
    ) -> T {
        self.with_chain(meta, |meta, chain, start| {
            work(meta, &mut Extent { chain, start })
        })
    }

    /// Changes the record, which has to reach the disk some day.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        let result = change(&mut self.state.lock().record);
        self.essential.store(true, Ordering::Relaxed);
        self.note_change();
        result
    }

    /// Notes that the bytes or names changed now.
    pub(crate) fn note_modification(&self) {
        if self.number == ROOT {
            return;
        }
        let now = time::to_pairs(vfs::now());
        let changed = {
            let mut state = self.state.lock();
            core::mem::replace(&mut state.record.modification_time, now) != now
        };
        if changed {
            self.note_change();
        }
    }

    /// Permission bits.
    pub(crate) fn mode(&self, attributes: u8) -> u32 {
        let options = &self.volume.options;
        let directory = self.kind == FileKind::Directory;
        let mut mode = match directory {
            false if options.show_executables && !self.executable => 0o666,
            _ => 0o777,
        };
        if attributes & READ_ONLY != 0 && (!directory || options.read_only_directories) {
            mode &= !0o222;
        }
        mode & !self.mask()
    }

    /// The permission bits that it cannot have.
    pub(crate) fn mask(&self) -> u32 {
        match self.kind {
            FileKind::Directory => self.volume.options.directory_mask,
            _ => self.volume.options.file_mask,
        }
    }

    /// What chmod makes of the attributes, by Linux's rules: all bits for reading and executing have to stay, those for
    /// writing come and go together; anything else changes nothing.
    fn with_mode(&self, attributes: u8, mode: u32) -> u8 {
        let options = &self.volume.options;
        let mask = self.mask();
        let wanted = mode & 0o777 & !mask;
        let present = self.mode(attributes);
        let writable = 0o222 & !mask;
        let directory = self.kind == FileKind::Directory;
        let can_change = writable != 0 && (!directory || options.read_only_directories);
        let write = wanted & 0o222;
        let fits = write == writable || write == 0 && can_change;
        if wanted & 0o555 != present & 0o555 || !fits {
            return attributes;
        }
        match (can_change, write) {
            (false, _) => attributes,
            (true, 0) => attributes | READ_ONLY,
            (true, _) => attributes & !READ_ONLY,
        }
    }

    /// How many names it has: a directory's own, and its directories' for it.
    fn links(&self) -> Result<u32> {
        let state = *self.state.lock();
        if state.gone {
            return Ok(0);
        }
        if self.kind != FileKind::Directory {
            return Ok(1);
        }
        let known = self.directories.load(Ordering::Acquire);
        if known != UNKNOWN {
            return Ok(known.saturating_add(2));
        }
        let mut meta = self.volume.meta();
        let (_, count) = self.with_entries(&mut meta, |meta, extent| meta.count_files(extent))?;
        self.directories.store(count, Ordering::Release);
        Ok(count.saturating_add(2))
    }

    fn size(&self) -> Result<u64> {
        if let Some(cache) = &self.cache {
            return Ok(cache.size());
        }
        let mut meta = self.volume.meta();
        if let crate::format::boot::Root::Fixed(_, count) = meta.measures.root
            && self.number == ROOT
        {
            return Ok(count * meta.measures.sector_size as u64);
        }
        let most = meta.measures.clusters;
        let length = self.with_chain(&mut meta, |meta, chain, start| {
            meta.length(chain, start, most)
        })?;
        Ok(u64::from(length.unwrap_or(0)) * meta.measures.cluster_size() as u64)
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
        let state = *self.state.lock();
        self.bury(state.gone);
        self.volume.dropped(self.number, &state);
    }
}

impl Inode for Node {
    fs_disk::inode_bytes!();
    fs_disk::inode_names!();

    fn status(&self) -> Result<FileStatus> {
        let (size, links) = (self.size()?, self.links()?);
        let record = self.record();
        let cluster = self.volume.cluster_size as u64;
        Ok(FileStatus {
            kind: self.kind,
            mode: self.mode(record.attributes),
            uid: self.volume.options.uid,
            gid: self.volume.options.gid,
            size,
            inode: self.number,
            device: self.volume.device_number(),
            device_major: 0,
            device_minor: 0,
            links,
            blocks: size.div_ceil(cluster) * cluster / 512,
            block_size: cluster as u32,
            access_time: record.access_time,
            modification_time: record.modification_time,
            change_time: record.modification_time,
            birth_time: record.birth_time,
        })
    }

    fn ownership(&self) -> Result<Ownership> {
        let attributes = self.state.lock().record.attributes;
        Ok(Ownership {
            mode: self.mode(attributes),
            uid: self.volume.options.uid,
            gid: self.volume.options.gid,
        })
    }

    fn times(&self) -> Result<(Timestamp, Timestamp, Timestamp)> {
        let record = self.state.lock().record;
        let modification = record.modification_time;
        Ok((record.access_time, modification, modification))
    }

    fn set_attributes(&self, change: &AttributeChange) -> Result<()> {
        if self.volume.is_read_only() {
            return Err(Error::ReadOnlyFileSystem);
        }
        let options = &self.volume.options;
        let foreign = change.uid.is_some_and(|uid| uid != options.uid)
            || change.gid.is_some_and(|gid| gid != options.gid)
            || change.mode.is_some_and(|mode| mode & !0o777 != 0);
        if foreign {
            return match options.quiet {
                true => Ok(()),
                false => Err(Error::NotPermitted),
            };
        }
        if self.number == ROOT {
            // It has no entry that could say anything.
            return Ok(());
        }
        let changed = {
            let mut state = self.state.lock();
            let old = state.record;
            if let Some(mode) = change.mode {
                state.record.attributes = self.with_mode(old.attributes, mode);
            }
            if let Some(moment) = change.access_time {
                state.record.access_time = time::to_days(moment);
            }
            if let Some(moment) = change.modification_time {
                state.record.modification_time = time::to_pairs(moment);
            }
            state.record != old
        };
        if changed {
            self.essential.store(true, Ordering::Relaxed);
            self.note_change();
        }
        Ok(())
    }

    fn caches_absence(&self) -> bool {
        // A file that is made has a short name too.
        false
    }

    fn folds_names(&self) -> bool {
        self.kind == FileKind::Directory
    }

    fn name_key(&self, name: &[u8]) -> Arc<[u8]> {
        self.volume.name_key(name).into()
    }

    fn lookup(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        Ok(self.find(name)?.0)
    }

    fn lookup_spelled(&self, name: Name<'_>) -> Result<Spelled> {
        let (node, own) = self.find(name)?;
        let key = self.volume.name_key(name.as_bytes());
        let same = self.volume.name_key(&own) == key;
        Ok((node, (!same).then(|| own.into())))
    }
}

/// What is shown of an entry.
struct Shown {
    name: Vec<u8>,
    number: u64,
    kind: FileKind,
    next: u64,
}

/// How many entries are looked at under one hold of the metadata.
const PART: usize = 64;

impl Node {
    /// Shows the entries from `cookie` on, which is an index in the directory. Entries never move, so one that stays is
    /// found where it was.
    fn list(&self, cookie: u64, visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool) -> Result<()> {
        if self.kind != FileKind::Directory {
            return Err(Error::NotDirectory);
        }
        let Ok(mut reached) = u32::try_from(cookie) else {
            return Ok(());
        };
        loop {
            // Visitors may write to user memory, so they are called without the lock.
            let mut shown: Vec<Shown> = Vec::new();
            if self.state.lock().gone {
                return Ok(());
            }
            {
                let mut meta = self.volume.meta();
                self.with_entries(&mut meta, |meta, extent| {
                    meta.each_file(extent, reached, &mut |_, found| {
                        let sound = !found.name.is_empty()
                            && found.name.len() <= vfs::NAME_MAX
                            && !found.name.contains(&b'/')
                            && !found.name.contains(&0);
                        reached = found.index + 1;
                        if sound {
                            shown.push(Shown {
                                number: self.volume.number_at(found.place),
                                kind: match found.record.is_directory() {
                                    true => FileKind::Directory,
                                    false => FileKind::Regular,
                                },
                                name: found.name,
                                next: reached.into(),
                            });
                        }
                        Ok(shown.len() >= PART)
                    })
                })?;
            }
            for one in &shown {
                let entry = DirectoryEntry {
                    name: &one.name,
                    inode: one.number,
                    kind: one.kind,
                    next_position: one.next,
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
