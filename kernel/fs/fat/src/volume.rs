//! A mounted file system.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use base::sync::{Mutex, MutexGuard, SpinLock};
use base::{Error, Result, log, rank};
use device::block::{BlockDevice, Operation, Records, SECTOR, Segment, transfer};
use fs_disk::{ATTRIBUTES, KeepUp};
use hal::frame::Frame;
use object::FileKind;
use vfs::{FileSystem, FileSystemStatistics, Inode};

use crate::directory::Found;
use crate::format::boot::{Kind, Measures, Root, SIZE, STATE_DIRTY};
use crate::format::entry::{DIRECTORY, Record};
use crate::format::short::{self, Raw};
use crate::inode::{Node, ROOT, State};
use crate::meta::Meta;
use crate::options::Options;

/// Linux's magic number of the type.
const MSDOS_MAGIC: u64 = 0x4d44;

/// How many changed sectors are kept before they are brought to the disk.
pub(crate) const WAITING_MAX: usize = 4096;

/// How many entries that were taken out are remembered.
const LEAVING_MAX: usize = 8192;

/// What all inodes of a file system share.
pub(crate) struct Volume {
    meta: Mutex<Meta>,
    me: Weak<Volume>,
    device: Arc<dyn BlockDevice>,
    pub(crate) options: Options,
    pub(crate) cluster_size: usize,
    kind: Kind,
    read_only: AtomicBool,
    nodes: SpinLock<Nodes>,
    /// Those that differ from the disk, by inode number.
    changed: SpinLock<BTreeMap<u64, Arc<Node>>>,
    /// First clusters of files without names that nobody uses any more.
    dropped: SpinLock<Vec<u32>>,
    /// The next inode number that is no place.
    next_number: AtomicU64,
}

/// Every inode that is in memory.
#[derive(Default)]
struct Nodes {
    by_place: BTreeMap<u64, Weak<Node>>,
    /// Numbers of inodes that are not where their numbers say.
    strays: BTreeSet<u64>,
    /// Directories by their first cluster: nobody is in two places.
    directories: BTreeMap<u32, u64>,
}

impl Volume {
    /// The lock on everything but bytes.
    pub(crate) fn meta(&self) -> MutexGuard<'_, Meta> {
        self.meta.lock()
    }

    /// The same for whoever is about to change something.
    pub(crate) fn begin(&self) -> Result<MutexGuard<'_, Meta>> {
        let mut meta = self.meta.lock();
        if meta.read_only {
            self.stop_writing();
        }
        meta.check_writable()?;
        if meta.records.waiting() > WAITING_MAX || meta.leaving.len() > LEAVING_MAX {
            self.commit(&mut meta)?;
        }
        Ok(meta)
    }

    /// Whether a commit would make room.
    pub(crate) fn has_freed(&self, meta: &Meta) -> bool {
        !meta.freed.is_empty() || !meta.leaving.is_empty() || !self.dropped.lock().is_empty()
    }

    /// Does something that takes room; where there is none, once more after what was freed lately is free.
    pub(crate) fn with_room<T>(
        &self,
        meta: &mut Meta,
        mut action: impl FnMut(&mut Meta) -> Result<T>,
    ) -> Result<T> {
        match action(meta) {
            Err(Error::NoSpace) if self.has_freed(meta) => {
                self.commit(meta)?;
                action(meta)
            }
            outcome => outcome,
        }
    }

    pub(crate) fn device(&self) -> &Arc<dyn BlockDevice> {
        &self.device
    }

    pub(crate) fn device_number(&self) -> u64 {
        self.device.number().to_linux()
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only.load(Ordering::Relaxed)
    }

    /// The disk is not written to any more.
    pub(crate) fn stop_writing(&self) {
        self.read_only.store(true, Ordering::Relaxed);
    }

    /// What all spellings of a name have in common.
    pub(crate) fn name_key(&self, name: &[u8]) -> Vec<u8> {
        if self.options.long_names {
            return self.options.charset.fold(name);
        }
        match short::parse_plain(name) {
            Some(raw) => raw.to_vec(),
            None => name.to_vec(),
        }
    }

    /// The inode number of the file whose entry is at a place.
    pub(crate) fn number_at(&self, place: u64) -> u64 {
        let living = self
            .nodes
            .lock()
            .by_place
            .get(&place)
            .and_then(Weak::upgrade);
        living.map_or(place, |node| node.number)
    }

    /// The inode of an entry.
    pub(crate) fn node(&self, meta: &mut Meta, found: &Found) -> Result<Arc<Node>> {
        let present = self
            .nodes
            .lock()
            .by_place
            .get(&found.place)
            .and_then(Weak::upgrade);
        if let Some(node) = present {
            return Ok(node);
        }
        let record = &found.record;
        if record.is_directory() {
            let root = match meta.measures.root {
                Root::Chain(start) => start,
                Root::Fixed(..) => 0,
            };
            let twice = self.nodes.lock().directories.contains_key(&record.start);
            if record.start == root || twice || !meta.measures.has(record.start) {
                return Err(meta.damage("where a directory begins", found.place));
            }
        } else {
            let clusters = u64::from(record.size).div_ceil(self.cluster_size as u64);
            let begins = record.start == 0 || meta.measures.has(record.start);
            if !begins
                || clusters > meta.measures.clusters.into()
                || record.start == 0 && record.size > 0
            {
                return Err(meta.damage("the length or the beginning of a file", found.place));
            }
        }
        Ok(self.enter(found.place, *record, &found.raw))
    }

    /// Makes an inode known; the caller has seen, under the same hold of the metadata, that it is not yet.
    pub(crate) fn enter(&self, place: u64, record: Record, raw: &Raw) -> Arc<Node> {
        let me = self
            .me
            .upgrade()
            .unwrap_or_else(|| unreachable!("a volume is in use"));
        let number = {
            let mut nodes = self.nodes.lock();
            match nodes.strays.contains(&place) {
                false => place,
                true => {
                    let number = self.next_number.fetch_add(1, Ordering::Relaxed);
                    nodes.strays.insert(number);
                    number
                }
            }
        };
        let node = Node::new(me, number, Some(place), record, raw);
        let mut nodes = self.nodes.lock();
        nodes.by_place.insert(place, Arc::downgrade(&node));
        if node.kind == FileKind::Directory {
            nodes.directories.insert(record.start, number);
        }
        node
    }

    /// An inode's entry is somewhere else now, or ([`None`]) nowhere.
    pub(crate) fn moved(&self, node: &Arc<Node>, place: Option<u64>) {
        let (old, start) = {
            let mut state = node.state.lock();
            state.gone = place.is_none();
            let old = core::mem::replace(&mut state.place, place);
            (old, state.record.start)
        };
        let mut nodes = self.nodes.lock();
        if let Some(old) = old
            && nodes
                .by_place
                .get(&old)
                .is_some_and(|at| at.as_ptr() == Arc::as_ptr(node))
        {
            nodes.by_place.remove(&old);
        }
        match place {
            Some(place) => {
                nodes.by_place.insert(place, Arc::downgrade(node));
            }
            None if node.kind == FileKind::Directory => {
                nodes.directories.remove(&start);
            }
            None => {}
        }
        nodes.strays.insert(node.number);
    }

    /// A directory that had no place for a moment is known by its first cluster again.
    pub(crate) fn note_directory(&self, node: &Node) {
        let start = node.state.lock().record.start;
        self.nodes.lock().directories.insert(start, node.number);
    }

    /// Keeps an inode in memory until it is on the disk.
    pub(crate) fn keep(&self, node: Arc<Node>) {
        if node.state.lock().place.is_none() || self.is_read_only() {
            return;
        }
        let replaced = self.changed.lock().insert(node.number, node);
        drop(replaced);
    }

    /// An inode need not be kept for the disk's sake.
    pub(crate) fn let_go(&self, number: u64) {
        let gone = self.changed.lock().remove(&number);
        drop(gone);
    }

    /// The last use of an inode has ended.
    pub(crate) fn dropped(&self, number: u64, state: &State) {
        {
            let mut nodes = self.nodes.lock();
            if let Some(place) = state.place
                && nodes
                    .by_place
                    .get(&place)
                    .is_some_and(|node| node.strong_count() == 0)
            {
                nodes.by_place.remove(&place);
            }
            if nodes.directories.get(&state.record.start) == Some(&number) {
                nodes.directories.remove(&state.record.start);
            }
            nodes.strays.remove(&number);
        }
        if state.gone && state.record.start != 0 {
            self.dropped.lock().push(state.record.start);
        }
    }

    /// Files without names that nobody uses any more are to be free.
    pub(crate) fn reap(&self, meta: &mut Meta) {
        let dropped = core::mem::take(&mut *self.dropped.lock());
        meta.freed.extend(dropped);
    }

    /// All inodes that differ from the disk.
    pub(crate) fn changed(&self) -> Vec<Arc<Node>> {
        self.changed.lock().values().cloned().collect()
    }

    /// Lets those go that did not change again.
    pub(crate) fn forget_settled(&self, settled: Vec<Arc<Node>>) {
        for node in settled {
            // Twice in a row: between being told of a write and the page that it makes dirty lies a moment.
            if node.is_settled() && node.quiet.swap(true, Ordering::AcqRel) {
                self.let_go(node.number);
                if !node.is_settled() {
                    self.keep(node);
                }
            }
        }
    }

    /// Brings all data and everything else to the disk.
    pub(crate) fn sync_all(&self) -> Result<()> {
        if self.is_read_only() {
            return Ok(());
        }
        let changed = self.changed();
        let mut outcome = Ok(());
        for node in &changed {
            outcome = outcome.and(node.write_pages_back());
        }
        drop(changed);
        let mut meta = self.meta();
        outcome.and(self.commit(&mut meta))
    }

    /// The end of a mount.
    fn close(&self) -> Result<()> {
        let outcome = self.write_last();
        if self.is_read_only() {
            // What cannot reach the disk any more keeps nothing in memory.
            let left = core::mem::take(&mut *self.changed.lock());
            drop(left);
        }
        outcome
    }

    fn write_last(&self) -> Result<()> {
        if self.is_read_only() {
            return Ok(());
        }
        self.sync_all()?;
        let mut meta = self.meta();
        self.commit(&mut meta)?;
        if !meta.read_only && !meta.damaged && meta.measures.state & STATE_DIRTY == 0 {
            meta.write_state(false)?;
        }
        meta.read_only = true;
        self.stop_writing();
        Ok(())
    }

    fn open_for_writing(&self, meta: &mut Meta) -> Result<()> {
        meta.read_only = false;
        if meta.measures.state & STATE_DIRTY != 0 {
            log::warn!(
                "fat {}: was not left in order; fsck.fat should look at it",
                self.device.name()
            );
        }
        meta.read_hint()?;
        // The disk says that it is in use before anything else changes.
        meta.write_state(true)
    }
}

/// A FAT file system on a disk.
pub struct Fat {
    volume: Arc<Volume>,
    root: Arc<Node>,
}

impl Fat {
    /// Mounts what lies on a disk. [`Error::InvalidArgument`] if that is no FAT file system.
    pub fn mount(device: Arc<dyn BlockDevice>, options: Options) -> Result<Arc<Fat>> {
        let name = device.name();
        let geometry = device.geometry();
        let measures = read_boot(&device).inspect_err(|&error| {
            log::error!("fat {name}: cannot be read: {error}");
        })?;
        let measures = measures.map_err(|damage| {
            log::error!("fat {name}: {damage}");
            Error::InvalidArgument
        })?;
        if geometry.block_size > measures.sector_size {
            log::error!("fat {name}: its sectors and the disk's do not fit");
            return Err(Error::InvalidArgument);
        }
        let read_only = options.read_only || geometry.read_only;
        let records = Records::new(device.clone(), measures.sector_size);
        let meta = Meta::new(records, measures, options);
        let volume = Arc::new_cyclic(|me| Volume {
            meta: Mutex::new(rank::ALLOCATION, meta),
            me: me.clone(),
            device: device.clone(),
            options,
            cluster_size: measures.cluster_size(),
            kind: measures.kind,
            read_only: AtomicBool::new(read_only),
            nodes: SpinLock::new(ATTRIBUTES, Nodes::default()),
            changed: SpinLock::new(ATTRIBUTES, BTreeMap::new()),
            dropped: SpinLock::new(ATTRIBUTES, Vec::new()),
            next_number: AtomicU64::new(1 << 48),
        });
        let start = match measures.root {
            Root::Fixed(..) => 0,
            Root::Chain(start) if measures.has(start) => start,
            Root::Chain(start) => {
                log::error!("fat {name}: the root directory begins nowhere ({start})");
                return Err(Error::InvalidArgument);
            }
        };
        let record = Record {
            attributes: DIRECTORY,
            start,
            ..Record::default()
        };
        let root = Node::new(volume.clone(), ROOT, None, record, &[b' '; 11]);
        if !read_only {
            volume.open_for_writing(&mut volume.meta())?;
        }
        Ok(Arc::new(Fat { volume, root }))
    }

    pub(crate) fn volume(&self) -> &Arc<Volume> {
        &self.volume
    }

    /// How wide the entries of its table are.
    pub fn kind(&self) -> Kind {
        self.volume.kind
    }

    /// Ends the mount: everything is on the disk, which is marked as left in order. Nothing can be written after it.
    pub fn unmount(&self) -> Result<()> {
        self.volume.close()
    }
}

fn read_boot(
    device: &Arc<dyn BlockDevice>,
) -> Result<core::result::Result<Measures, &'static str>> {
    let geometry = device.geometry();
    let length = geometry.block_size.max(SECTOR);
    if geometry.sectors < (length / SECTOR) as u64 {
        return Ok(Err("the disk has no room for a sector"));
    }
    let frame = Frame::allocate()?;
    let segment = Segment {
        frame: frame.clone(),
        offset: 0,
        length,
    };
    transfer(&**device, Operation::Read, 0, &[segment])?;
    let mut bytes = [0; SIZE];
    frame.read(0, &mut bytes);
    Ok(Measures::read(&bytes, geometry.sectors))
}

impl FileSystem for Fat {
    fn name(&self) -> &'static str {
        match self.volume.options.long_names {
            true => "vfat",
            false => "msdos",
        }
    }

    fn source(&self) -> Vec<u8> {
        [b"/dev/", self.volume.device.name().as_bytes()].concat()
    }

    fn device(&self) -> u64 {
        self.volume.device_number()
    }

    fn root(&self) -> Arc<dyn Inode> {
        self.root.clone()
    }

    fn statistics(&self) -> FileSystemStatistics {
        let mut meta = self.volume.meta();
        if self.volume.has_freed(&meta) {
            // What cannot be brought to the disk now is not free yet.
            let _ = self.volume.commit(&mut meta);
        }
        let free = meta.free_clusters().unwrap_or(0).into();
        FileSystemStatistics {
            magic: MSDOS_MAGIC,
            block_size: meta.measures.cluster_size() as u64,
            blocks: meta.measures.clusters.into(),
            blocks_free: free,
            blocks_available: free,
            inodes: 0,
            inodes_free: 0,
            // Linux counts six bytes for a character.
            name_length: 6 * if self.volume.options.long_names {
                255
            } else {
                12
            },
        }
    }

    fn sync(&self) -> Result<()> {
        self.volume.sync_all()
    }

    fn finish(&self) -> Result<()> {
        self.volume.close()
    }

    fn is_read_only(&self) -> bool {
        self.volume.is_read_only()
    }

    fn options(&self) -> Vec<u8> {
        self.volume.options.text()
    }
}

impl KeepUp for Volume {
    fn keep_up(&self) -> Result<bool> {
        if self.is_read_only() {
            return Ok(false);
        }
        self.sync_all().map(|()| true)
    }
}

impl Drop for Fat {
    fn drop(&mut self) {
        if let Err(error) = self.volume.close() {
            log::error!(
                "fat {}: the last write-back failed: {error}",
                self.volume.device.name()
            );
            self.volume.stop_writing();
            let left = core::mem::take(&mut *self.volume.changed.lock());
            drop(left);
        }
        fs_disk::forget(self.volume.device_number());
    }
}
